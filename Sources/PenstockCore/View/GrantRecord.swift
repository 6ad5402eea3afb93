/// A grant as a view holds it: plain integers, so that a decision copies it without touching a reference count.
/// What many grants share lies in `GrantRules`.
package struct GrantRecord: Sendable {
    /// Of the event that issued it.
    package var position: Position
    package var credential: Digest
    package var confirmation: Confirmation?
    package var notBefore: WallTime
    package var expiresAt: WallTime
    package var renewableUntil: WallTime
    package var grant: Symbol
    package var run: Symbol
    package var agent: Symbol
    package var agentClass: Symbol
    package var principal: Symbol
    package var purpose: Symbol
    package var audience: Symbol
    package var issuer: Symbol
    /// Index of the parent grant, or -1.
    package var parent: Int32
    package var rules: Int32
}
