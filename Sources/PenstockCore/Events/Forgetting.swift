/// What is over for so long that nothing can come of it any more. It names each thing, so that every fold forgets the
/// same, whenever it folds. The log keeps the events.
package struct Forgetting: Hashable, Sendable {
    /// Of the events that issued the grants; children before their parents.
    package var grants: [Position]
    /// Join tokens, by their hashes.
    package var tokens: [Digest]

    package init(grants: [Position] = [], tokens: [Digest] = []) {
        self.grants = grants
        self.tokens = tokens
    }

    package var isEmpty: Bool { grants.isEmpty && tokens.isEmpty }
}
