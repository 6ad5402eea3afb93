internal import Foundation
internal import PenstockCore
internal import PenstockCrypto
package import PenstockNode
internal import PenstockProto

/// Writes the log as C2SP tlog-tiles.
package struct LogExport {
    package struct Row: Encodable {
        package var folder: String
        package var entries: UInt64
        package var root: String
    }

    private let folder: String

    package init(folder: String) { self.folder = folder }

    package func run(_ client: LedgerClient) throws -> Row {
        try PrivateFile.makeFolder(folder)
        try OutputFile.check(folder + "/checkpoint")
        guard case .head(let head) = try client.ask(.head(.init())) else { throw client.unexpected }
        var tree = MerkleTree()
        var tiles = LogTiles()
        var entries: [[UInt8]] = []
        func flush() throws {
            guard !entries.isEmpty else { return }
            guard let bundle = EntryBundle.encode(entries) else {
                throw NodeError(.protocolError, "an entry before position \(tree.size) is larger than a bundle can say")
            }
            try write(
                TilePath.path("entries", index: (Int(tree.size) - 1) / TilePath.width, width: entries.count), bundle)
            entries = []
        }
        try client.readLog { position, entry in
            guard position <= head.position else { return }
            let leaf = MerkleTree.leafHash(entry)
            tree.append(leaf)
            tiles.append(leaf)
            entries.append(entry)
            if entries.count == TilePath.width { try flush() }
        }
        try flush()
        let problems = try LogVerification.checkpointProblems(head.checkpoint, tree, client.identity)
        if let problem = problems.first { throw NodeError(.protocolError, "\(problem); see 'penstock log verify'") }
        for tile in tiles.tiles { try write(tile.path, tile.hashes.flatMap(\.bytes)) }
        // Last: whoever reads a checkpoint finds the tiles that it stands for.
        try write("checkpoint", Array(head.checkpoint.utf8))
        return Row(folder: folder, entries: tree.size, root: tree.root.hex)
    }

    private func write(_ path: String, _ bytes: [UInt8]) throws {
        let url = URL(fileURLWithPath: folder).appendingPathComponent(path)
        do {
            try FileManager.default.createDirectory(
                at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        } catch {
            throw NodeError(.configuration, "cannot make the folder of \(url.path): \(printed(error))")
        }
        try OutputFile.write(bytes, to: url.path)
    }
}
