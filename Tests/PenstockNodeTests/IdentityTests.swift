import Foundation
import PenstockCore
import PenstockNode
import PenstockTestSupport
import Testing

/// Keys and secrets in files.
@Suite final class IdentityTests {
    private let folder = temporaryFolder()
    private let member = MemberFile(
        mesh: "mesh", name: "node", role: .enforcer,
        ledger: LedgerAddress(
            name: "ledger", requests: "tcp://127.0.0.1:1", log: "", urgent: "", join: "", channelKey: "", signingKey: ""
        ))

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    private func write(_ text: String, _ name: String, mode: Int = 0o600) throws -> String {
        let path = "\(folder)/\(name)"
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
        return path
    }

    private func mode(_ name: String) throws -> Int? {
        try FileManager.default.attributesOfItem(atPath: "\(folder)/\(name)")[.posixPermissions] as? Int
    }

    @Test func savedIdentityIsLoadedAgain() throws {
        let (made, areNew) = try Identity.makeKeys(in: folder + "/node", member)
        #expect(areNew)
        #expect(throws: NodeError.self) { try Identity.load(self.folder + "/node") }
        try made.saveMember()
        let loaded = try Identity.load(folder + "/node")
        #expect(loaded.keys == made.keys && loaded.member == member)
        #expect(try mode("node/signing.key") == 0o600 && mode("node/channel.key") == 0o600)
    }

    /// A try that was cut off between its keys and its member leaves them to the next.
    @Test func keysThatWereLeftAreTakenUp() throws {
        let first = try Identity.makeKeys(in: folder + "/node", member).identity
        let second = try Identity.makeKeys(in: folder + "/node", member)
        #expect(!second.areNew && second.identity.keys == first.keys)
        try Data("cut".utf8).write(to: URL(fileURLWithPath: folder + "/node/signing.key"))
        let third = try Identity.makeKeys(in: folder + "/node", member)
        #expect(third.areNew && third.identity.keys != first.keys)
    }

    @Test(arguments: ["signing.key", "channel.key"]) func damagedKeyIsRefused(file: String) throws {
        try Identity.makeKeys(in: folder + "/node", member).identity.saveMember()
        try Data("nonsense".utf8).write(to: URL(fileURLWithPath: "\(folder)/node/\(file)"))
        #expect(throws: NodeError.self) { try Identity.load(self.folder + "/node") }
    }

    @Test(arguments: [(0o600, true), (0o440, true), (0o640, true), (0o604, false), (0o644, false), (0o620, false)])
    func secretThatOthersReadOrWriteIsRefused(mode: Int, isRead: Bool) throws {
        let path = try write("\u{FEFF}secret\r\n", "secret", mode: mode)
        #expect((try? PrivateFile.read(path)) == (isRead ? "secret" : nil))
    }

    @Test func secretIsNeverOverwritten() throws {
        try PrivateFile.create(folder + "/new", "a")
        #expect(throws: NodeError.self) { try PrivateFile.create(self.folder + "/new", "b") }
        #expect(try PrivateFile.read(folder + "/new") == "a" && mode("new") == 0o600)
    }

    @Test func folderThatOthersWriteIsRefused() throws {
        try PrivateFile.requireOwn(folder: folder)
        try FileManager.default.setAttributes([.posixPermissions: 0o777], ofItemAtPath: folder)
        #expect(throws: NodeError.self) { try PrivateFile.requireOwn(folder: self.folder) }
    }

    @Test func replacedSecretIsSeenOnce() throws {
        let secret = try ReplaceableSecret(write("one", "token"))
        #expect(try secret.replaced() == nil && secret.text == "one")
        let next = try write("two-", "next")
        #expect(rename(next, folder + "/token") == 0)
        #expect(try secret.replaced() == "two-")
        #expect(try secret.replaced() == nil && secret.text == "two-")
        try FileManager.default.removeItem(atPath: folder + "/token")
        #expect(try secret.replaced() == nil && secret.text == "two-")
    }

    @Test func tokenIsReadAsItWasWritten() throws {
        let token = JoinTokenText(
            secret: [UInt8](repeating: 5, count: 32), mesh: "mesh", role: .operator, ledger: member.ledger)
        let read = try JoinTokenText(parsing: token.text)
        #expect(read.secret == token.secret && read.mesh == "mesh" && read.role == .operator)
        #expect(read.ledger == member.ledger && read.hash == token.hash)
        for text in ["", "pstjoin_", String(token.text.dropLast(8)), "x" + token.text] {
            #expect(throws: NodeError.self) { try JoinTokenText(parsing: text) }
        }
    }
}
