internal import ArgumentParser
internal import Foundation
internal import PenstockCore
internal import PenstockCrypto
internal import PenstockNode
internal import PenstockProto

extension LogCommand {
    struct Export: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Write the log to DIR as C2SP tlog-tiles, for other tools and any web server.",
            discussion: """
                DIR/checkpoint is the signed head, DIR/tile/entries/… are the entries, DIR/tile/0/… and up the hashes. The root is
                derived again from the entries first. A later export into the same DIR brings it up to date.
                """)
        @OptionGroup var mesh: MeshOptions
        @Argument(help: "The folder.", completion: .directory) var folder: String

        func run() throws {
            try Failure.run(mesh.output) {
                let row = try LogExport(folder: folder).run(mesh.client(.auditor, .operator, .issuer, .enforcer))
                Changes.add("the log is in \(folder)")
                try Output.print(row, mesh.output) { [["\(row.entries) entries, root \(row.root), in \(row.folder)"]] }
            }
        }
    }
}

struct LogExport {
    struct Row: Encodable {
        var folder: String
        var entries: UInt64
        var root: String
    }

    let folder: String

    func run(_ client: LedgerClient) throws -> Row {
        try PrivateFile.makeFolder(folder)
        try OutputFile.check(folder + "/checkpoint")
        guard case .head(let head) = try client.ask(.head(.init())) else { throw client.unexpected }
        var tree = MerkleTree()
        var tiles = LogTiles()
        var bundle: [UInt8] = []
        var bundled = 0
        func flush() throws {
            guard bundled > 0 else { return }
            try write(LogTiles.path("entries", index: (Int(tree.size) - 1) / LogTiles.width, width: bundled), bundle)
            (bundle, bundled) = ([], 0)
        }
        try client.readLog { position, entry in
            guard position <= head.position else { return }
            guard let count = UInt16(exactly: entry.count) else { throw NodeError(.protocolError, "position \(position) is larger than a bundle can say") }
            let leaf = MerkleTree.leafHash(entry)
            tree.append(leaf)
            tiles.append(leaf)
            bundle += [UInt8(count >> 8), UInt8(truncatingIfNeeded: count)] + entry
            bundled += 1
            if bundled == LogTiles.width { try flush() }
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
            try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        } catch {
            throw NodeError(.configuration, "cannot make the folder of \(url.path): \(printed(error))")
        }
        try OutputFile.write(bytes, to: url.path)
    }
}
