/// Roots of the last positions applied, for checkpoints that come after their position.
struct RecentRoots: Sendable {
    private var roots: [Position: Digest] = [:]

    mutating func add(_ root: Digest, at position: Position) {
        roots[position] = root
        if position > Limits.recentRoots { roots[position - Limits.recentRoots] = nil }
    }

    func root(at position: Position) -> Digest? { roots[position] }
}
