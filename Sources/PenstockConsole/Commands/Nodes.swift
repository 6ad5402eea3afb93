internal import ArgumentParser
internal import Foundation
internal import PenstockCore
internal import PenstockCrypto
internal import PenstockEvidence
internal import PenstockNode
internal import PenstockProto
internal import PenstockSystem
internal import PenstockWire
internal import SwiftProtobuf

struct NodeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "node", abstract: "Members of the mesh.",
        subcommands: [Token.self, Join.self, List.self, Expel.self])

    struct Token: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "token",
            abstract: "Make a one-time join token, good for 10 minutes. Keep it secret until it is used.")
        @OptionGroup var mesh: MeshOptions
        @Option(help: "enforcer, issuer, operator or auditor.") var role: String

        func run() throws {
            guard let role = Role(name: role), role != .ledger else {
                throw ValidationError("--role is enforcer, issuer, operator or auditor")
            }
            try Failure.run(mesh.output) {
                let client = try mesh.client(.operator)
                let token = JoinTokenText(
                    secret: SecureRandom.bytes(32), mesh: client.identity.member.mesh, role: role,
                    ledger: client.identity.member.ledger)
                let expiresAt = Clocks.wall() + 600_000
                let submitted = try client.submit(
                    .joinTokenMade(JoinToken(hash: token.hash, role: role, expiresAt: expiresAt))
                ).0
                Changes.add(
                    """
                    a join token that nobody has is made at position \(submitted.position); it ends by itself at \
                    \(Times.text(expiresAt))
                    """
                )
                struct Row: Encodable {
                    var token: String
                    var role: String
                    var expiresAt: String
                }
                if mesh.output == .table {
                    try Output.write(token.text + "\n")
                } else {
                    try Output.print(
                        Row(token: token.text, role: role.name, expiresAt: Times.text(expiresAt)), mesh.output
                    ) { [] }
                }
            }
        }
    }

    struct Join: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "join", abstract: "Join a mesh with the token on standard input; makes the keys in DIR/NAME/.")
        @OptionGroup var mesh: MeshOptions
        @Option(help: "Name of the new member: 1 to 64 of a-z 0-9 . - _") var name: String

        func run() throws {
            try Failure.run(mesh.output) {
                // The name becomes a folder's before the ledger has a word in it.
                guard MemberName.isValid(name) else {
                    throw NodeError(.configuration, "a node's name is \(MemberName.form)")
                }
                let token = try JoinTokenText(parsing: PrivateFile.readStandardInput())
                let folder = try mesh.folder
                try PrivateFile.makeFolder(folder.path)
                let identity = try JoinClient.join(token, name: name, folder: folder.folder(name)) {
                    try PolicyFile(folder).admit($0)
                }
                Changes.add("'\(name)' has joined mesh '\(token.mesh)', its keys are in \(identity.folder)")
                struct Row: Encodable {
                    var node: String
                    var mesh: String
                    var role: String
                    var folder: String
                }
                if mesh.output == .table {
                    Output.message(
                        """
                        '\(name)' joined mesh '\(token.mesh)' as \(identity.role.name); its keys are in \
                        \(identity.folder)
                        """
                    )
                } else {
                    try Output.print(
                        Row(node: name, mesh: token.mesh, role: identity.role.name, folder: identity.folder),
                        mesh.output
                    ) { [] }
                }
            }
        }
    }

    struct Expel: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "expel", abstract: "Expel a member: its connections are cut and its key is refused for ever.")
        @OptionGroup var mesh: MeshOptions
        @Argument(help: "The member's name.") var node: String
        @Option(help: "Why; kept in the log.") var reason = ""
        @OptionGroup var confirmation: ConfirmationOptions

        func run() throws {
            try Failure.run(mesh.output) {
                struct Row: Encodable {
                    var node: String
                    var position: UInt64?
                    var dryRun: Bool?
                }
                let client = try mesh.client(.operator)
                if confirmation.dryRun {
                    guard !node.isEmpty, let known = try NodeView.read(client, .with { $0.name = node }).first else {
                        throw NodeError(.notFound, "no member is called '\(node)'")
                    }
                    guard mesh.output == .table else {
                        return try Output.print(Row(node: node, dryRun: true), mesh.output) { [] }
                    }
                    let what =
                        known.state == "expelled"
                        ? "'\(node)' is expelled already"
                        : "would expel '\(node)': its connections are cut, its key is refused for ever"
                    return Output.message(what)
                }
                try confirmation.confirm("Expel '\(node)' for ever? Type its name:", node, otherwise: "not expelled")
                let submitted = try client.change(.nodeExpelled(name: node, reason: reason))
                try Output.print(Row(node: node, position: submitted.position), mesh.output) {
                    [["expelled '\(node)' at position \(submitted.position)"]]
                }
            }
        }
    }
}
