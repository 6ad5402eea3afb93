import Foundation
import PenstockCore
import PenstockNode
import PenstockProto
import PenstockWire
import SwiftProtobuf
import Testing

/// Restrictions, rates, members and budgets as a running ledger lists them, and who may ask what.
@Suite(.serialized) struct StandingListTests {
    @Test func restrictionsAreListedPageByPage() async throws {
        try await withLedger { ledger in
            let client = try ledger.client(.operator)
            let ids = try (0..<5).map { try client.restrict(.agent("a\($0)"), $0 == 3 ? .suspend : .revoke).eventID }
            let (first, next) = try client.restrictions(limit: 2)
            #expect(first.map(\.standing.restriction.selector.value) == ["a0", "a1"] && next == first[1].position)
            _ = try client.submit(
                .lifted(Lifting(eventIDs: [Digest(ids[2])!], reason: "", expired: false)))
            try client.restrict(.all, .scale(percent: 50))
            let rest = try client.restrictions(.with { $0.after = next })
            #expect(rest.rows.map(\.standing.restriction.selector.value) == ["a3", "a4", ""] && rest.next == 0)
            let throttles = try client.restrictions(.with { $0.levels = [.throttle] })
            #expect(throttles.rows.map(\.standing.restriction.selector) == [.all])
            let named = try client.restrictions(.with { ($0.eventIds, $0.origin) = ([ids[3]], "operator") })
            #expect(named.rows.map(\.standing.origin) == ["operator"])
        }
    }

    @Test func ratesAreFoundByNameAndUnit() async throws {
        try await withLedger { ledger in
            let client = try ledger.client(.operator)
            for (name, unit) in [("one", "calls"), ("two", "tokens"), ("three", "calls")] {
                let rate = Rate(name: name, unit: unit, limit: 5, periodMS: 1_000)
                _ = try client.submit(.rateCreated(NamedRate(rate, for: .agent(name))))
            }
            #expect(try client.rates(limit: 2).rows.map(\.named.rate.name) == ["one", "two"])
            #expect(try client.rates(.with { $0.unit = "calls" }).rows.map(\.named.rate.name) == ["one", "three"])
            #expect(try client.rates(.with { $0.name = "two" }).rows.map(\.named.selector) == [.agent("two")])
            let selector = try client.rates(.with { $0.selector = Selector.agent("three").proto })
            #expect(selector.rows.count == 1)
        }
    }

    @Test func incarnationIsToldToWhomItConcernsAlone() async throws {
        try await withLedger { ledger in
            let node = try ledger.client(.enforcer)
            let incarnation = Data((0..<16).map { UInt8($0) })
            _ = try node.ask(.echo(.with { ($0.incarnation, $0.nonce, $0.version) = (incarnation, 1, "test") }))
            for role in Role.allCases where role != .ledger {
                let rows = try ledger.client(role).members()
                #expect(rows.map(\.member.keys.name) == ["auditor", "enforcer", "issuer", "ledger", "operator"])
                let start = try #require(rows[1].starts.first)
                #expect(start.state == "fresh" && start.version == "test")
                #expect(start.incarnation == (role == .issuer ? Data() : incarnation), "\(role)")
            }
            let enforcers = try node.members(.with { $0.role = .enforcer })
            #expect(enforcers.map(\.member.keys.name) == ["enforcer"])
        }
    }

    @Test func budgetsAreFilteredAndPaged() async throws {
        try await withLedger { ledger in
            let (client, issuer) = (try ledger.client(.operator), try ledger.client(.issuer))
            _ = try client.submit(.budgetCreated(Budget(name: "team", unit: "usd", ceiling: 5)))
            for number in 0...Limits.rowsPerPage {
                try issuer.issue("g\(number)") { $0.budgets = [Amount(number == 7 ? "usd" : "calls", 1)] }
            }
            func names(_ query: Penstock_V1_BudgetQuery) throws -> ([String], Int) {
                var (query, names, pages) = (query, [String](), 0)
                repeat {
                    guard case .budgets(let page) = try client.ask(.budgets(query)) else { throw client.unexpected }
                    names += page.budgets.map(\.name)
                    (query.after, pages) = (page.next, pages + 1)
                    #expect(page.position > 0)
                } while query.after != 0
                return (names, pages)
            }
            let (all, pages) = try names(.init())
            #expect(all == ["team"] + (0...Limits.rowsPerPage).map { "g\($0)/\($0 == 7 ? "usd" : "calls")" })
            #expect(pages == 2)
            #expect(try names(.with { $0.named = true }).0 == ["team"])
            #expect(try names(.with { $0.unit = "usd" }).0 == ["team", "g7/usd"])
            #expect(try names(.with { $0.frozen = true }).0 == [])
        }
    }

    @Test func whatIsNotInTheLogIsForSomeRoles() async throws {
        try await withLedger { ledger in
            func mayAsk(_ kind: Request.OneOf_Kind) throws -> Set<Role> {
                Set(
                    try Role.allCases.filter { $0 != .ledger }.filter {
                        try ledger.client($0).refusal(kind) != .notPermitted
                    })
            }
            let all = Set(Role.allCases).subtracting([.ledger])
            let (audit, decisions) = (try mayAsk(.audit(.init())), try mayAsk(.decisions(.init())))
            #expect(audit == [.operator, .auditor] && decisions == [.enforcer])
            let snapshot = try mayAsk(.snapshot(.init()))
            #expect(snapshot == [.enforcer, .auditor])
            for kind: Request.OneOf_Kind in [
                .grants(.init()), .restrictions(.init()), .rates(.init()), .members(.init()), .budgets(.init()),
                .fetch(.with { $0.from = 1 }), .status(.init()), .head(.init()),
            ] {
                let roles = try mayAsk(kind)
                #expect(roles == all, "\(kind.name)")
            }
        }
    }
}
