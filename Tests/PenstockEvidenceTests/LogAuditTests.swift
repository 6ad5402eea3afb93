import PenstockCore
import PenstockCrypto
import PenstockNode
import Testing

@testable import PenstockEvidence

/// A log that is derived again, entry by entry.
@Suite struct LogAuditTests {
    private static let keys = Dictionary(
        uniqueKeysWithValues: ["ledger", "operator", "issuer"].map { ($0, SigningKey.generate()) })

    private static func member(_ name: String) -> NodeKeys {
        NodeKeys(
            name: name, role: Role(name: name)!, signing: keys[name]!.publicKey.bytes,
            channel: [UInt8](repeating: UInt8(name.utf8.count), count: 32))
    }

    private func entry(_ kind: EventKind, by name: String, signedBy key: String? = nil) -> [UInt8] {
        EventSigner(mesh: "mesh", name: name, key: Self.keys[key ?? name]!).sign(kind, at: 1_000).entry
    }

    private func audit(_ entries: [UInt8]...) -> LogAudit {
        var audit = LogAudit()
        let genesis = entry(.genesis(["ledger", "operator", "issuer"].map(Self.member), .standard), by: "ledger")
        audit.take(genesis, at: 1)
        for (index, entry) in entries.enumerated() { audit.take(entry, at: Position(index + 2)) }
        audit.verifySignatures()
        return audit
    }

    private let revoke = EventKind.restricted(
        Restriction(level: .revoke, selector: .agent("a"), reason: "", expiresAt: 0))

    @Test func wholeLogHasNoProblem() {
        let audit = audit(entry(.epochOpened(1, reason: ""), by: "ledger"), entry(revoke, by: "operator"))
        #expect(audit.problems == [] && audit.tree.size == 3 && audit.state.view.restrictions.count == 1)
    }

    @Test func eachForgedEntryIsNamedByItsPosition() {
        #expect(audit(entry(revoke, by: "operator", signedBy: "issuer")).problems.first?.contains("signature") == true)
        #expect(audit(entry(revoke, by: "issuer")).problems.first?.contains("key of role issuer") == true)
        var cut = entry(revoke, by: "operator")
        cut.removeLast()
        #expect(audit(cut).problems.first?.hasPrefix("position 2: ") == true)
        let stranger = EventSigner(mesh: "mesh", name: "eve", key: .generate()).sign(revoke, at: 1).entry
        #expect(audit(stranger).problems.first?.contains("'eve' is not a member") == true)
    }

    /// More than are verified at once, of which some are wrong: each is named, in the order of the log.
    @Test func forgedEntriesOfALongLogAreToldInItsOrder() {
        var audit = LogAudit()
        audit.take(entry(.genesis(["ledger", "operator", "issuer"].map(Self.member), .standard), by: "ledger"), at: 1)
        let (good, forged) = (entry(revoke, by: "operator"), entry(revoke, by: "operator", signedBy: "issuer"))
        let (wrongRole, both) = (entry(revoke, by: "issuer"), entry(revoke, by: "issuer", signedBy: "operator"))
        for position in 2...2_500 as ClosedRange<Position> {
            switch position {
            case 7, 1_024, 1_025, 2_500: audit.take(forged, at: position)
            case 5, 1_500: audit.take(wrongRole, at: position)
            case 9: audit.take(both, at: position)
            default: audit.take(good, at: position)
            }
        }
        audit.verifySignatures()
        #expect(
            audit.problems.map { $0.prefix { $0 != ":" } }
                == [5, 7, 9, 1_024, 1_025, 1_500, 2_500].map { "position \($0)" })
        #expect(audit.problems.count { $0.contains("signature") } == 4)
        #expect(audit.tree.size == 2_500)
    }

    /// The keys are those that an origin had at the position: a member that is expelled later has signed.
    @Test func entryOfAMemberThatIsExpelledLaterIsSound() {
        let audit = audit(
            entry(revoke, by: "operator"), entry(.nodeExpelled(name: "issuer", reason: ""), by: "operator"),
            entry(.nodeExpelled(name: "operator", reason: ""), by: "operator"))
        #expect(audit.problems == [])
    }

    @Test func logWithoutGenesisIsWrong() {
        var audit = LogAudit()
        audit.take(entry(revoke, by: "operator"), at: 1)
        audit.verifySignatures()
        #expect(audit.problems.first?.contains("no genesis") == true)
    }
}
