import Foundation
import PenstockCore
import PenstockNode
import PenstockProto
import PenstockSystem
import PenstockTransport
import PenstockWire
import SwiftProtobuf
import Testing

@testable import PenstockLedger

/// Questions whose answers are long: a revoke waits for no more than a part of one.
@Suite(.serialized) struct BoundedReadTests {
    private let incarnation = Incarnation(high: 5, low: 6)

    /// Slices of one unit each, of several grants in turn.
    private func reserve(_ count: Int, of grants: [String], _ node: LedgerClient) throws {
        for number in 0..<count {
            // However slow this machine is, it has a lease.
            _ = try node.ask(
                .echo(.with { ($0.incarnation, $0.nonce) = (Data(incarnation.bytes), UInt64(number + 1)) }))
            let request = SliceRequest(
                incarnation: incarnation, requestID: Incarnation(high: 9, low: UInt64(number + 1)),
                grantID: grants[number % grants.count], parts: [.init(unit: "calls", need: 1, want: 1)])
            guard case .reserved(let reserved) = try node.ask(.reserve(request.proto)), reserved.granted.count == 1
            else { throw node.unexpected }
        }
    }

    @Test(.timeLimit(.minutes(5))) func budgetOfManySlicesIsToldPageByPage() async throws {
        try await withLedger { ledger in
            let (client, issuer) = (try ledger.client(.operator), try ledger.client(.issuer))
            _ = try client.submit(.budgetCreated(Budget(name: "team", unit: "calls", ceiling: 1 << 30)))
            for id in ["g", "h"] {
                try issuer.issue(id) { ($0.budgets, $0.draws) = ([Amount("calls", 1 << 20)], ["team"]) }
            }
            let count = Limits.rowsPerPage + 100
            try reserve(count, of: ["g", "h"], try ledger.client(.enforcer))
            try client.restrict(.grant("h"))
            func pages(_ query: Penstock_V1_BudgetQuery) throws -> [Penstock_V1_BudgetReply] {
                var (query, pages) = (query, [Penstock_V1_BudgetReply]())
                repeat {
                    guard case .budgets(let page) = try client.ask(.budgets(query)) else { throw client.unexpected }
                    pages.append(page)
                    query.afterSlice = page.nextSlice
                } while query.afterSlice != 0
                return pages
            }
            let team = try pages(.with { $0.name = "team" })
            #expect(team.map { $0.budgets.map(\.slices.count) } == [[Limits.rowsPerPage], [100]])
            // Half of what each page shows is of the grant that is revoked.
            #expect(team.map { $0.budgets.map(\.exposure) } == [[Int64(Limits.rowsPerPage / 2)], [50]])
            #expect(team.allSatisfy { $0.budgets[0].out == Int64(count) })
            let slices = team.flatMap { $0.budgets[0].slices.map(\.slice) }
            #expect(slices == slices.sorted() && Set(slices).count == count)
            let own = try pages(.with { $0.name = "h" })
            #expect(own.map { $0.budgets.map(\.slices.count) } == [[count / 2]])
            let held = try pages(.with { $0.node = "enforcer" })
            #expect(held.map { $0.budgets.map(\.slices.count) } == [[Limits.rowsPerPage], [100]])
            #expect(held[1].afterSlice == held[0].nextSlice)
        }
    }

    /// Of many grants, so many are looked at in one turn, also where only the last one is meant.
    @Test func grantsOfAnAuditAreLookedForInParts() throws {
        let count = 2 * Limits.grantsPerPart + 10
        let view = try View(grants: count, by: .testIssuer)
        func lookup(_ texts: [Selector.Kind: String]) -> (turns: Int, found: [Position]) {
            var filter = View.GrantFilter()
            filter.texts = texts
            let incoming = Sequencer.Incoming(route: RoutingID([1]), sender: .testIssuer, id: 1)
            var lookup = GrantLookup(query: .init(), incoming: incoming, filter: filter)
            var turns = 1
            while !lookup.goOn(view) {
                turns += 1
                #expect(lookup.after == Position(1 + (turns - 1) * Limits.grantsPerPart))
            }
            return (turns, lookup.found)
        }
        let last = lookup([.agent: "last"])
        #expect(last.turns == 3 && last.found == [Position(count + 1)])
        #expect(lookup([.agent: "agent"]).found == (2...UInt64(count)).map { $0 })
        // What nobody has, and what has an index, takes one.
        let (nobody, named) = (lookup([.agent: "nobody"]), lookup([.grant: "g5000", .agent: "agent"]))
        #expect(nobody.turns == 1 && nobody.found == [])
        #expect(named.turns == 1 && named.found == [5_001])
    }

    /// Whoever signs wrongly is refused, whatever others submit at the same time.
    @Test(.timeLimit(.minutes(5))) func signaturesThatComeTogetherAreToldApart() async throws {
        try await withLedger { ledger in
            let forger = try ledger.client(.operator).identity.signing
            try await withThrowingTaskGroup(of: (isForged: Bool, refusal: Refusal.Code?).self) { group in
                for number in 0..<40 {
                    let isForged = number % 5 == 3
                    group.addTask {
                        let client = try ledger.client(.issuer)
                        var grant = Grant()
                        (grant.grantID, grant.runID, grant.agentID) = ("g\(number)", "r\(number)", "agent")
                        (grant.allowedActions, grant.resources) = (["x"], ["tool:*"])
                        grant.expiresAt = Clocks.wall() + 3_600_000
                        grant.credentialDigest = Digest(words: (UInt64(number), 1, 1, 1))
                        let signer =
                            isForged ? EventSigner(mesh: "test", name: "issuer", key: forger) : client.signer
                        let event = signer.sign(.grantIssued(grant), at: Clocks.wall())
                        return (isForged, try client.refusal(.submit(.with { $0.event = Data(event.entry) })))
                    }
                }
                for try await (isForged, refusal) in group { #expect(refusal == (isForged ? .badSignature : nil)) }
            }
        }
    }
}
