package import PenstockCore

/// Who has grants here and for what, for doors whose callers may know it. Nothing is spent or recorded.
///
/// A subject is a grant, or what grants have in common: a run, an agent, a principal or another kind of a selector.
package protocol Directory: Sendable {
    /// The credentials of a subject's grants, in the log's order: those that are live, or where none is, the newest.
    /// Nil for more than `Limits.grantsPerSubject`.
    func credentials(of kind: Selector.Kind, _ id: String) async -> [Digest]?

    /// The first of these grants that would allow the call, budgets and rates apart; nil where none would.
    func credential(among credentials: [Digest], allowing call: Call) async -> Digest?

    /// Subjects of a kind that have a grant which would allow the call, behind a cursor. Nil for no cursor of this
    /// node.
    func subjects(_ kind: Selector.Kind, allowed call: Call, behind cursor: String, limit: Int) async -> Found?

    /// What a grant allows, as it is written; nil for none.
    func bounds(of credential: Digest) -> (actions: [String], resources: [String])?
}

/// A part of what was searched for.
package struct Found: Sendable, Hashable {
    package var ids: [String]
    /// Where the next part begins; empty at the end. A part may be empty and not be the last.
    package var next: String

    package init(_ ids: [String], next: String) { (self.ids, self.next) = (ids, next) }
}
