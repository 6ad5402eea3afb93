internal import ArgumentParser
internal import PenstockCore
internal import PenstockNode
internal import PenstockProto

struct GrantCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "grant", abstract: "Authority for agent runs.",
        subcommands: [Issue.self, Show.self, List.self, Renew.self])

    struct Renew: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "renew", abstract: "Extend a grant's expiry, as far as it was issued renewable.")
        @OptionGroup var mesh: MeshOptions
        @Argument(help: "The grant's id.") var id: String
        @Option(help: "New lifetime from now.") var ttl = DurationText(milliseconds: 900_000)

        func run() throws {
            try Failure.run(mesh.output) {
                let expiresAt = try ttl.fromNow("--ttl")
                let submitted = try mesh.client(.issuer).change(.grantRenewed(grantID: id, expiresAt: expiresAt))
                struct Row: Encodable {
                    var grantId: String
                    var position: UInt64
                    var expiresAt: String
                }
                let row = Row(grantId: id, position: submitted.position, expiresAt: Times.text(expiresAt))
                try Output.print(row, mesh.output) { [["grant \(id) expires \(row.expiresAt)"]] }
            }
        }
    }
}
