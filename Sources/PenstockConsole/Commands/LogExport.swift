internal import ArgumentParser
internal import PenstockCore
internal import PenstockEvidence
internal import PenstockNode

extension LogCommand {
    struct Export: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "export",
            abstract: "Write the log to DIR as C2SP tlog-tiles, for other tools and any web server.",
            discussion: """
                DIR/checkpoint is the signed head, DIR/tile/entries/… are the entries, DIR/tile/0/… and up the hashes. \
                The root is
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
