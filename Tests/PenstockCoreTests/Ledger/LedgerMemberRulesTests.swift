internal import PenstockCore
internal import Testing

/// Who may join and who may be expelled.
@Suite struct LedgerMemberRulesTests {
    private let token = JoinToken(hash: Make.id("token"), role: .enforcer, expiresAt: Make.wall + 1000)

    private func join(_ name: String = "n3", _ role: Role = .enforcer, token: Digest = Make.id("token")) -> EventKind {
        .nodeAdmitted(Make.node(name, role), tokenHash: token)
    }

    @Test func tokenAdmitsOneNodeOfItsRole() throws {
        var ledger = try Ledger()
        #expect(ledger.refusal(join(), by: "ledger") == .badToken)
        #expect(ledger.refusal(.joinTokenMade(token)) == nil)
        try ledger.add(.joinTokenMade(token))
        #expect(ledger.refusal(join("n3", .operator), by: "ledger") == .badToken)
        #expect(ledger.refusal(join(), by: "ledger") == nil)
        try ledger.add(join(), by: "ledger")
        #expect(ledger.refusal(join("n4"), by: "ledger") == .badToken)
    }

    @Test func tokenRunsOut() throws {
        var ledger = try Ledger()
        try ledger.add(.joinTokenMade(token))
        ledger.wall = token.expiresAt - 1
        #expect(ledger.refusal(join(), by: "ledger") == nil)
        ledger.wall = token.expiresAt
        #expect(ledger.refusal(join(), by: "ledger") == .badToken)
    }

    @Test(arguments: ["", ".hidden", "Upper", "a b", "a/b", "é", String(repeating: "x", count: 65)]) func nameIsPlain(
        name: String
    ) throws {
        var ledger = try Ledger()
        try ledger.add(.joinTokenMade(token))
        #expect(ledger.refusal(join(name), by: "ledger") == .invalid)
    }

    @Test func nameAndKeysAreUsedOnce() throws {
        var ledger = try Ledger()
        try ledger.add(.joinTokenMade(token))
        try ledger.add(.nodeExpelled(name: "n1", reason: ""))
        #expect(ledger.refusal(join("n1"), by: "ledger") == .exists)
        for change in [
            { $0.signing = $1.signing }, { $0.channel = $1.channel }, { keys, _ in keys.signing.removeLast() },
        ]
            as [(inout NodeKeys, NodeKeys) -> Void]
        {
            var keys = Make.node("n3", .enforcer)
            change(&keys, Make.node("n1", .enforcer))
            #expect(ledger.refusal(.nodeAdmitted(keys, tokenHash: token.hash), by: "ledger") == .invalid)
        }
    }

    @Test func membersAreBounded() throws {
        let room = Limits.nodes - Make.members.count
        var ledger = try Ledger(extra: (0..<room - 1).map { Make.node("m\($0)", .auditor) })
        try ledger.add(.joinTokenMade(token))
        #expect(ledger.refusal(join(), by: "ledger") == nil)
        ledger = try Ledger(extra: (0..<room).map { Make.node("m\($0)", .auditor) })
        try ledger.add(.joinTokenMade(token))
        #expect(ledger.refusal(join(), by: "ledger") == .full)
    }

    @Test func tokenIsNewLivesADayAtMostAndIsForNoLedger() throws {
        var ledger = try Ledger()
        func made(_ change: (inout JoinToken) -> Void) -> EventKind {
            var token = token
            change(&token)
            return .joinTokenMade(token)
        }
        #expect(ledger.refusal(made { $0.role = .ledger }) == .unavailable)
        #expect(ledger.refusal(made { $0.expiresAt = Make.wall }) == .invalid)
        #expect(ledger.refusal(made { $0.expiresAt = Make.wall + 86_400_001 }) == .invalid)
        #expect(ledger.refusal(made { $0.expiresAt = Make.wall + 86_400_000 }) == nil)
        try ledger.add(.joinTokenMade(token))
        #expect(ledger.refusal(.joinTokenMade(token)) == .exists)
    }

    @Test func expulsionIsOfAnotherMemberButTheLedger() throws {
        var ledger = try Ledger()
        #expect(ledger.refusal(.nodeExpelled(name: "n1", reason: "")) == nil)
        #expect(ledger.refusal(.nodeExpelled(name: "none", reason: "")) == .notFound)
        #expect(ledger.refusal(.nodeExpelled(name: "ledger", reason: "")) == .invalid)
        #expect(ledger.refusal(.nodeExpelled(name: "op", reason: "")) == .invalid)
        #expect(ledger.refusal(.nodeExpelled(name: "n1", reason: String(repeating: "x", count: 1025))) == .invalid)
        try ledger.add(.nodeExpelled(name: "n1", reason: ""))
        #expect(ledger.refusal(.nodeExpelled(name: "n1", reason: "")) == .notFound)
    }
}
