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

struct ReceiptCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "receipt", abstract: "Proof that a revoke was enforced.",
        subcommands: [Show.self, Verify.self, PolicyText.self])

    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "show",
            abstract: "The receipt of the revoke at POSITION, complete once every enforcing node has cosigned.")
        @OptionGroup var mesh: MeshOptions
        @Argument(help: "The revoke's position.") var position: UInt64
        @Option(help: "Write it to FILE, its proof to FILE.tlog-proof.") var receipt: String?

        func run() throws {
            try Failure.run(mesh.output) {
                try receipt.map(ReceiptFiles.check)
                let files = try ReceiptFiles(
                    mesh.client(.operator, .auditor), position: position,
                    completeBy: Clocks.now() + .nanosecondsPerSecond)
                if let receipt {
                    try files.write(to: receipt)
                    Changes.add("the receipt is in \(receipt)")
                }
                try Output.print(files.receipt, mesh.output) {
                    files.receipt.barrier.table + [
                        ["complete: \(files.receipt.complete ? "yes" : "no, some nodes have not cosigned")"]
                    ]
                }
            }
        }
    }

    struct Verify: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "verify", abstract: "Verify FILE and FILE.tlog-proof offline, with the policy's keys only.",
            discussion:
                """
                Exit status: 0 it verifies and says CLOSED; 1 it does not verify; 5 it verifies and says PARTIAL; \
                6 it verifies and says LIFTED.
                """
        )
        @Argument(help: "The receipt.") var file: String
        @Option(help: "Policy file: the log's and the nodes' keys.") var policy: String
        @OptionGroup var formats: FormatOptions

        func run() throws {
            let output = formats.chosen
            try Failure.run(output) {
                let result = try ReceiptVerification.run(file: file, policy: policy)
                try Output.print(result, output) {
                    [
                        [
                            result.ok
                                ? """
                                receipt verified: \(result.state) at position \
                                \(result.position)\(Barriers.meaning(result.state))
                                """
                                : "RECEIPT DOES NOT VERIFY"
                        ]
                    ]
                        + result.cosigned.map { ["cosigned by \($0)"] } + result.problems.map { [$0] }
                }
                if !result.ok { throw Exit.local }
                if let exit = Barriers.exit(result.state) { throw exit }
            }
        }
    }

    struct PolicyText: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "policy",
            abstract: "Print the policy file of the mesh as it is now: the log's key and every enforcer's.",
            discussion: "Keep it where receipts are verified; it is what they are verified against.")
        @OptionGroup var mesh: MeshOptions

        func run() throws {
            try Failure.run(mesh.output) {
                let client = try mesh.client(.operator, .auditor, .issuer)
                let mesh = client.identity.member.mesh
                let members = try client.members().map { try View.Member($0.member).keys }
                guard let ledger = members.first(where: { $0.role == .ledger }), let key = PublicKey(ledger.signing)
                else { throw NodeError(.protocolError, "the log names no ledger") }
                let log = try NoteKey(name: mesh, kind: .log, publicKey: key)
                struct Row: Encodable {
                    struct Witness: Encodable {
                        var name: String
                        var key: String
                    }
                    var mesh: String
                    var log: String
                    var witnesses: [Witness]
                    var quorum: String
                }
                let witnesses = try members.filter { $0.role == .enforcer }.map { member in
                    guard let key = PublicKey(member.signing) else {
                        throw NodeError(.protocolError, "the key of \(member.name) is damaged")
                    }
                    return Row.Witness(
                        name: member.name,
                        key: try NoteKey(name: member.name, kind: .cosigner, publicKey: key).vkey)
                }
                try Output.print(Row(mesh: mesh, log: log.vkey, witnesses: witnesses, quorum: "none"), self.mesh.output)
                {
                    [["log \(log.vkey)"]] + witnesses.map { ["witness \($0.name) \($0.key)"] } + [["quorum none"]]
                }
            }
        }
    }
}
