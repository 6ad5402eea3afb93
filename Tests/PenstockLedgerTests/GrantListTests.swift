import Foundation
import PenstockCore
import PenstockNode
import PenstockProto
import PenstockWire
import SwiftProtobuf
import Testing

/// Grants as a running ledger lists them.
@Suite(.serialized) struct GrantListTests {
    @Test func listIsWholeWhileGrantsAreIssued() async throws {
        try await withLedger { ledger in
            let (issuer, auditor) = (try ledger.client(.issuer), try ledger.client(.auditor))
            for number in 0..<10 { try issuer.issue("g\(number)") }
            var (ids, query) = ([String](), Penstock_V1_GrantQuery.with { $0.limit = 3 })
            var positions: [Position] = []
            repeat {
                let page = try auditor.page(query)
                #expect(page.rows.count <= 3 && page.next == 0 || page.next == page.rows.last?.grant.position)
                ids += page.rows.map(\.grant.grant.grantID)
                positions.append(page.position)
                if ids.count < 10 { try issuer.issue("late\(ids.count)") }
                query.after = page.next
            } while query.after != 0
            #expect(ids == (0..<10).map { "g\($0)" } + ["late3", "late6", "late9"])
            #expect(positions == positions.sorted() && positions.first! < positions.last!)
        }
    }

    @Test func pageIsBoundedInRowsAndBytes() async throws {
        try await withLedger { ledger in
            let (issuer, auditor) = (try ledger.client(.issuer), try ledger.client(.auditor))
            for number in 0..<20 {
                try issuer.issue("big\(number)") {
                    $0.resources = (0..<64).map { "file:\($0)/" + String(repeating: "x", count: 240) }
                    $0.allowedActions = (0..<64).map { "a\($0)" + String(repeating: "y", count: 240) }
                }
            }
            let first = try auditor.page(.init())
            #expect(first.rows.count < 20 && first.next == first.rows.last?.grant.position)
            #expect(first.count == UInt64(first.rows.count))
            #expect(encode(first).count < Limits.pageBytes + 2 * Limits.eventBytes)
            for number in 0..<(Limits.rowsPerPage + 1) { try issuer.issue("g\(number)") }
            let rest = try auditor.page(.with { ($0.after, $0.limit) = (first.next, 5_000) })
            #expect(rest.rows.count <= Limits.rowsPerPage && rest.next != 0)
            var all = 0
            #expect(try auditor.grants(.init()) { all += $0.count } == 0)
            #expect(all == 20 + Limits.rowsPerPage + 1)
            #expect(try auditor.count(.init()) == all)
            var few: [String] = []
            let cursor = try auditor.grants(.init(), limit: 2) { few += $0.map(\.grant.grant.grantID) }
            #expect(few == ["big0", "big1"] && cursor != 0)
        }
    }

    @Test(arguments: Role.allCases.filter { $0 != .ledger })
    func everyRoleReadsWhatTheLogSaysButNoDigest(role: Role) async throws {
        try await withLedger { ledger in
            let position = try ledger.client(.issuer).issue("g") {
                ($0.principalID, $0.policyVersion, $0.promptHash, $0.delegate) = ("ann", "7", [1, 2], 1)
                $0.approvalActions = ["pay"]
            }
            try ledger.client(.issuer).issue("child") {
                ($0.parent, $0.runID, $0.toolVersion, $0.expiresAt) = ("g", "", "t", 0)
            }
            try ledger.client(.operator).restrict(.grant("child"), .suspend)
            let page = try ledger.client(role).page(.init())
            #expect(page.rows.map(\.grant.grant.grantID) == ["g", "child"] && page.next == 0)
            #expect(page.rows.allSatisfy { $0.grant.grant.credentialDigest.isEmpty })
            #expect(page.rows.map(\.state) == [.grantLive, .grantSuspended])
            #expect(page.rows.map(\.depth) == [0, 1] && page.rows.map(\.children) == [1, 0])
            #expect(page.rows[0].grant.position == position && page.rows[0].grant.issuer == "issuer")
            let (root, child) = (page.rows[0].grant.grant, page.rows[1].grant.grant)
            #expect(root.policyVersion == "7" && root.promptHash == Data([1, 2]) && root.approvalActions == ["pay"])
            #expect(child.principalID == "ann" && child.toolVersion == "t" && child.parent == "g")
        }
    }

    @Test func questionThatNobodyCanMeanIsRefused() async throws {
        try await withLedger { ledger in
            let client = try ledger.client(.operator)
            #expect(try client.refusal(.grants(.with { $0.states = [.UNRECOGNIZED(9)] })) == .malformed)
            #expect(try client.refusal(.grants(.with { $0.coveredBy = .init() })) == .malformed)
            #expect(try client.refusal(.restrictions(.with { $0.eventIds = [Data([1])] })) == .malformed)
            #expect(
                try client.refusal(
                    .restrictions(.with { $0.eventIds = .init(repeating: Data(count: 32), count: 1_001) }))
                    == .malformed)
            #expect(try client.refusal(.members(.with { $0.role = .UNRECOGNIZED(77) })) == .malformed)
            #expect(try client.page(.with { $0.after = .max }).rows.isEmpty)
        }
    }
}
