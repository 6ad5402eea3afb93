import ArgumentParser
import PenstockCore
import PenstockEvidence
import PenstockProto
import PenstockWire
import SwiftProtobuf
import Testing

@testable import PenstockConsole

/// What `grant list` asks for, and how it prints what it gets.
@Suite struct GrantListOptionsTests {
    private func query(_ arguments: String...) throws -> Penstock_V1_GrantQuery {
        try GrantFilterOptions.parse(arguments).query
    }

    @Test func eachFlagBecomesItsFilter() throws {
        #expect(try query() == .init())
        #expect(
            try query("--agent", "a", "--state", "revoked")
                == .with { ($0.agentID, $0.states) = ("a", [.grantRevoked]) })
        #expect(try query("--subtree", "g").coveredBy == Selector.subtree("g").proto)
        #expect(try query("--covered-by", "agent-class=bots").coveredBy == Selector.agentClass("bots").proto)
        #expect(try query("--covered-by", "all").coveredBy == Selector.all.proto)
        #expect(try query("--expires-before", "1970-01-01T00:00:01Z").expiresBeforeMs == 1_000)
    }

    @Test(arguments: [
        ["--state", "dead"], ["--agent", "a*"], ["--agent", ""], ["--subtree", "g", "--covered-by", "all"],
        ["--covered-by", "node=n"],
    ])
    func whatCannotBeMeantIsRefused(arguments: [String]) {
        #expect(throws: (any Error).self) { try GrantFilterOptions.parse(arguments) }
    }

    @Test func rowIsPrintedWithWhatBecameOfIt() throws {
        var grant = Grant()
        (grant.grantID, grant.runID, grant.agentID, grant.parent) = ("g", "r", "a", "p")
        (grant.allowedActions, grant.conditions) = (["pay"], [.init(parsing: "amount < 5")!])
        (grant.budgets, grant.rates) = (
            [Amount("usd", 7)], [Rate(unit: "calls", limit: 5, periodMS: 60_000, burst: 2)]
        )
        grant.expiresAt = 1_000
        let row = Penstock_V1_GrantRow.with {
            $0.grant = .with { ($0.position, $0.issuer, $0.grant) = (9, "issuer", grant.proto) }
            ($0.state, $0.depth, $0.children) = (.grantSuspended, 1, 2)
        }
        let view = try GrantView(row)
        #expect(view.columns == ["g", "r", "a", "", "suspended", "1970-01-01T00:00:01.000Z"])
        #expect(view.conditions == ["amount < 5"] && view.rates == ["calls": "5/1m,burst=2"])
        #expect((view.depth, view.children, view.position) == (1, 2, 9) && view.parent.value == "p")
        #expect(view.credentialDigest == nil && !view.fields.contains { $0[0] == "credential" })
        #expect(throws: (any Error).self) { try GrantView(.init()) }
    }
}
