import Foundation
import PenstockCore
import PenstockNode
import PenstockTestSupport
import Testing

@testable import PenstockEnforcer

/// By its code, whoever starts a node knows what to mend.
@Suite final class EnforcerErrorTests {
    private let folder = temporaryFolder()

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    private func code(_ body: () throws -> Void) -> String? {
        do {
            try body()
            return nil
        } catch {
            return (error as? any CodedError)?.codeName
        }
    }

    @Test func damagedFileOfWhatWasSeenIsCorrupt() throws {
        let path = folder + "/seen.json"
        try Seen(SeenLog()).save(folder)
        let whole = try String(contentsOfFile: path, encoding: .utf8)
        for text in ["{", whole.replacingOccurrences(of: "\"position\":0", with: "\"position\":1")] {
            #expect(text != whole)
            try Data(text.utf8).write(to: URL(fileURLWithPath: path))
            #expect(code { _ = try Seen.load(folder) } == "corrupt")
        }
    }

    @Test func identityThatDoesNotFitIsOne() throws {
        let ledger = LedgerAddress(
            name: "ledger", requests: "", log: "", urgent: "", join: "", channelKey: "",
            signingKey: String(repeating: "0", count: 64))
        for role in [Role.issuer, .enforcer] {
            let place = folder + "/" + role.name
            let identity = try Identity.makeKeys(
                in: place, MemberFile(mesh: "mesh", name: "node", role: role, ledger: ledger)
            ).identity
            try identity.saveMember()
            #expect(
                code {
                    let options = try EnforcerOptions(identityFolder: place, dataFolder: place + "/data")
                    _ = try Link(try Enforcer(options))
                } == "identity", "\(role)")
        }
    }
}
