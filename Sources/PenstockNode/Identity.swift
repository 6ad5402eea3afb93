internal import Foundation
package import PenstockCore
package import PenstockCrypto
package import PenstockTransport

/// A member's name, keys and way to the ledger, as they lie in its folder:
/// `signing.key`, `channel.key` (both 0600) and `member.json`.
package struct Identity: Sendable {
    package var folder: String
    package var member: MemberFile
    package var signing: SigningKey
    package var channel: CurveKeyPair

    package var name: String { member.name }
    package var role: Role { member.role }

    package var keys: NodeKeys {
        NodeKeys(name: name, role: role, signing: signing.publicKey.bytes, channel: channel.publicKey)
    }

    private static let keyFiles = ["signing.key", "channel.key"]

    /// Makes keys in a folder, or takes those up that a try before this one left there. It is an identity once
    /// `saveMember` has written who has them.
    package static func makeKeys(in folder: String, _ member: MemberFile) throws(NodeError) -> (
        identity: Identity, areNew: Bool
    ) {
        try PrivateFile.makeFolder(folder)
        if let left = try keys(leftIn: folder, member) { return (left, false) }
        let identity = Identity(folder: folder, member: member, signing: .generate(), channel: .generate())
        identity.removeKeys()
        try PrivateFile.create(folder + "/signing.key", identity.signing.encodeFile())
        try PrivateFile.create(folder + "/channel.key", identity.channel.secretText + "\n")
        return (identity, true)
    }

    /// Nil where one is missing, or was cut off while it was written: no ledger can know such keys.
    private static func keys(leftIn folder: String, _ member: MemberFile) throws(NodeError) -> Identity? {
        guard keyFiles.allSatisfy({ FileManager.default.fileExists(atPath: "\(folder)/\($0)") }) else { return nil }
        let texts = (try PrivateFile.read(folder + "/signing.key"), try PrivateFile.read(folder + "/channel.key"))
        guard let signing = try? SigningKey.decodeFile(texts.0), let channel = try? CurveKeyPair(secretText: texts.1)
        else { return nil }
        return Identity(folder: folder, member: member, signing: signing, channel: channel)
    }

    /// For keys that no ledger knows, which are worth nothing.
    package func removeKeys() {
        for file in Self.keyFiles { try? FileManager.default.removeItem(atPath: "\(folder)/\(file)") }
    }

    package func saveMember() throws(NodeError) {
        do {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
            try encoder.encode(member).write(to: URL(fileURLWithPath: folder + "/member.json"), options: .atomic)
        } catch {
            throw NodeError(.identity, "cannot write \(folder)/member.json: \(printed(error))")
        }
    }

    package static func load(_ folder: String) throws(NodeError) -> Identity {
        let path = folder + "/member.json"
        guard let data = FileManager.default.contents(atPath: path) else {
            throw NodeError(
                .identity,
                "\(folder) holds no identity: \(path) is missing; make one with 'penstock init' or 'penstock node join'"
            )
        }
        try PrivateFile.requireOwn(folder: folder)
        let member: MemberFile
        do {
            member = try StrictJSON.decode(MemberFile.self, from: data, path)
        } catch {
            throw NodeError(.identity, "\(error.message); restore this file or join again")
        }
        let signingText = try PrivateFile.read(folder + "/signing.key")
        let channelText = try PrivateFile.read(folder + "/channel.key")
        do {
            return Identity(
                folder: folder, member: member, signing: try SigningKey.decodeFile(signingText),
                channel: try CurveKeyPair(secretText: channelText))
        } catch {
            throw NodeError(.identity, "a key in \(folder) is damaged: \(printed(error)); restore it or join again")
        }
    }
}
