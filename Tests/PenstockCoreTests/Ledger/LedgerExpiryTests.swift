internal import PenstockCore
internal import Testing

/// What has expired after the time that the log carries is looked for in parts.
@Suite struct LedgerExpiryTests {
    private func state() throws -> LedgerState {
        var state = LedgerState()
        try state.apply(Make.event(Make.id("genesis"), .genesis(Make.members, .standard), by: "ledger"), at: 1)
        for number in 1...5 {
            let grant = Make.grant("\(number)") { $0.expiresAt = number == 4 ? 20 : 100 }
            try state.apply(
                Make.event(Make.id("\(number)"), .grantIssued(grant), by: "issuer"), at: Position(number + 1))
        }
        return state
    }

    private func look(_ state: LedgerState, after time: WallTime, by now: WallTime, most: Int) -> (Bool, parts: Int) {
        var (position, parts) = (Position(0), 0)
        while true {
            parts += 1
            let part = state.hasExpiry(after: time, by: now, ofGrantsBehind: position, most: most)
            guard !part.found, let next = part.next else { return (part.found, parts) }
            position = next
        }
    }

    @Test(arguments: [1, 2, 3, 4, 5, 6]) func eachGrantIsLookedAt(most: Int) throws {
        let state = try state()
        let all = (5 + most - 1) / most
        #expect(look(state, after: 10, by: 30, most: most) == (true, parts: (4 + most - 1) / most))
        #expect(look(state, after: 19, by: 20, most: most).0)
        #expect(look(state, after: 20, by: 99, most: most) == (false, parts: all))
        #expect(look(state, after: 0, by: 19, most: most) == (false, parts: all))
    }

    @Test func tokenThatNobodyUsedExpiresToo() throws {
        var state = try state()
        let token = JoinToken(hash: Make.id("token"), role: .enforcer, expiresAt: 60)
        try state.apply(Make.event(Make.id("made"), .joinTokenMade(token)), at: 7)
        #expect(look(state, after: 20, by: 60, most: 1) == (true, parts: 1))
    }
}
