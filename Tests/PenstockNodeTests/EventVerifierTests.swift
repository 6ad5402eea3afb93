import Foundation
import PenstockCore
import PenstockNode
import PenstockTestSupport
import Testing

@Suite struct EventVerifierTests {
    private func identity(_ name: String, _ role: Role, in folder: String) throws -> Identity {
        let ledger = LedgerAddress(
            name: "ledger", requests: "", log: "", urgent: "", join: "", channelKey: "", signingKey: "")
        return try Identity.makeKeys(
            in: folder + "/" + name, MemberFile(mesh: "mesh", name: name, role: role, ledger: ledger)
        ).identity
    }

    /// As many as one core verifies, one more, and parts for many cores.
    @Test(arguments: [0, 1, 8, 9, 500]) func manyAreToldApartInTheirOrder(count: Int) throws {
        let folder = temporaryFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let members = [try identity("a", .issuer, in: folder), try identity("b", .operator, in: folder)]
        var damaged = members[0].keys
        damaged.signing = [UInt8](repeating: 0, count: 32)
        var (signed, expected): ([(event: SignedEvent, keys: NodeKeys)], [Bool]) = ([], [])
        for number in 0..<count {
            let member = members[number % 2]
            let event = EventSigner(mesh: "mesh", name: member.name, key: member.signing).sign(
                .epochOpened(UInt64(number), reason: ""), at: 1)
            let keys =
                switch number % 7 {
                case 3: members[(number + 1) % 2].keys
                case 5: damaged
                default: member.keys
                }
            signed.append((event, keys))
            expected.append(keys == member.keys)
        }
        var verifier = EventVerifier()
        #expect(verifier.verify(signed) == expected)
        for (one, isSigned) in zip(signed, expected) { #expect(verifier.verify(one.event, by: one.keys) == isSigned) }
    }
}
