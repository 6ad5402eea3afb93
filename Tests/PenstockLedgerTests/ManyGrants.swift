import PenstockCore

extension NodeKeys {
    static let testIssuer = NodeKeys(
        name: "issuer", role: .issuer, signing: [UInt8](repeating: 1, count: 32),
        channel: [UInt8](repeating: 2, count: 32))
}

extension View {
    /// Grants `g1` and so on, all of one agent but the last, which is of the agent `last`.
    init(grants count: Int, by issuer: NodeKeys) throws {
        self.init()
        for number in 0...count {
            var kind = EventKind.genesis([issuer], .standard)
            if number > 0 {
                var grant = Grant()
                (grant.grantID, grant.runID) = ("g\(number)", "r\(number)")
                grant.agentID = number == count ? "last" : "agent"
                (grant.allowedActions, grant.resources, grant.expiresAt) = (["x"], ["tool:*"], .max)
                grant.credentialDigest = Digest(words: (UInt64(number), 1, 2, 3))
                kind = .grantIssued(grant)
            }
            let position = Position(number + 1)
            try apply(
                Event(
                    id: Digest(words: (position, 0, 0, 0)), mesh: "mesh", origin: issuer.name, createdAt: 1,
                    kind: kind),
                at: position)
        }
    }
}
