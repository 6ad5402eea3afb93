internal import Foundation
internal import PenstockCore
internal import PenstockCrypto
package import PenstockNode

/// The receipt policy beside a mesh's identities: `init` writes it with the log's key, and each enforcer that joins by
/// a command in that folder adds its own. One that joins elsewhere is only in what `penstock receipt policy` prints.
package struct PolicyFile {
    let path: String
    private let folder: String

    package init(_ folder: MeshFolder) { (path, self.folder) = (folder.folder("policy"), folder.path) }

    package func make(mesh: String, ledger: Identity) throws {
        try write("log \(try NoteKey(name: mesh, kind: .log, publicKey: ledger.signing.publicKey).vkey)\n\(Self.end)")
    }

    /// Adds an enforcer that has just joined. A folder without a policy, such as another machine's, stays without.
    package func admit(_ identity: Identity) throws {
        guard identity.role == .enforcer, FileManager.default.fileExists(atPath: path) else { return }
        // Another that joins at this moment adds its line before or after.
        try FolderLock.hold(folder) { try add(identity) }
    }

    private func add(_ identity: Identity) throws {
        guard let text = try? String(contentsOfFile: path, encoding: .utf8), text.hasSuffix(Self.end) else { return }
        let line =
            """
            witness \(identity.name) \
            \(try NoteKey(name: identity.name, kind: .cosigner, publicKey: identity.signing.publicKey).vkey)\n
            """
        guard !text.contains(line) else { return }
        try write(String(text.dropLast(Self.end.count)) + line + Self.end)
    }

    private static let end = "quorum none\n"

    private func write(_ text: String) throws {
        try OutputFile.write(text, to: path)
    }
}
