/// Who joins, and who goes.
extension LedgerState {
    func checkJoin(_ keys: NodeKeys, _ hash: Digest, _ wall: WallTime) throws(Refusal) {
        guard let state = view.tokens[hash], !state.used, state.token.expiresAt > wall, state.token.role == keys.role
        else {
            throw Refusal(
                .badToken, "the join token is unknown, used, expired or for another role; ask an operator for a new one"
            )
        }
        guard MemberName.isValid(keys.name) else { throw Refusal(.invalid, "a node's name is \(MemberName.form)") }
        guard view.members[keys.name] == nil else {
            throw Refusal(.exists, "a node named '\(keys.name)' has joined before; choose another name")
        }
        let used = view.members.values.contains { $0.keys.channel == keys.channel || $0.keys.signing == keys.signing }
        guard !used, keys.signing.count == 32, keys.channel.count == 32 else {
            throw Refusal(.invalid, "a node's keys must be its own")
        }
        guard view.members.count < Limits.nodes else {
            throw Refusal(.full, "the mesh has \(Limits.nodes) nodes, its limit")
        }
    }

    func checkExpulsion(_ name: String, _ reason: String, by origin: String) throws(Refusal) {
        guard let member = view.member(name) else { throw Refusal(.notFound, "no node '\(name)' belongs to the mesh") }
        guard member.role != .ledger else { throw Refusal(.invalid, "the ledger cannot be expelled") }
        guard name != origin else { throw Refusal(.invalid, "an operator cannot expel itself") }
        try checkLength(reason)
    }

    func checkToken(_ token: JoinToken, _ wall: WallTime) throws(Refusal) {
        guard token.role != .ledger else { throw Refusal(.unavailable, "one ledger keeps a mesh") }
        guard token.expiresAt > wall, token.expiresAt - 86_400_000 <= wall else {
            throw Refusal(.invalid, "a join token lives at most a day")
        }
        guard view.tokens[token.hash] == nil else { throw Refusal(.exists, "the token exists") }
    }
}
