import PenstockCore
import PenstockProto
import SwiftProtobuf
import Testing

@testable import PenstockEvidence

/// Texts by which people name decisions and places among them.
@Suite struct AuditTextTests {
    @Test(arguments: [("a7.3", false), ("b0.0", true), ("a9223372036854775807.18446744073709551615", false)])
    func cursorReadsAsItIsWritten(text: String, isBefore: Bool) throws {
        let cursor = try #require(AuditCursor(text))
        #expect(cursor.isBefore == isBefore && "\(cursor)" == text)
    }

    @Test(arguments: ["", "a", "7.3", "c7.3", "a7", "a7.3.1", "a-1.3", "a7.-3", "a9223372036854775808.0"])
    func whatIsNoCursorIsRefused(text: String) { #expect(AuditCursor(text) == nil) }

    @Test func decisionIsNamedByItsRunAndNumber() throws {
        let run = String(repeating: "0a", count: 16)
        let id = try #require(DecisionID("\(run)-12"))
        #expect(id.incarnation.description == run && id.sequence == 12)
        for text in ["\(run)-0", "\(run)", "\(run)--1", "\(run)-1-1", "0a-1", "\(run)-x"] {
            #expect(DecisionID(text) == nil, "\(text)")
        }
    }

    @Test func shortfallIsWhatANodeHasRecordedAndNotShipped() {
        func shortfall(_ shipped: UInt64, _ recorded: UInt64, _ ago: Int64) -> String? {
            NodeCoverage(
                .with { ($0.node, $0.shipped, $0.recorded, $0.saidMsAgo) = ("n", shipped, recorded, ago) }
            ).shortfall
        }
        #expect(shortfall(5, 5, 0) == nil)
        #expect(shortfall(5, 9, -1) == nil, "it has said nothing since the ledger started")
        #expect(shortfall(5, 9, 0)?.contains("4 more") == true)
        #expect(shortfall(5, 9, 60_000)?.contains("60 s ago") == true)
    }
}
