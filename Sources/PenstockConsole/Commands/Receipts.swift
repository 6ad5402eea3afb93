internal import ArgumentParser
internal import Foundation
internal import PenstockCore
internal import PenstockCrypto
internal import PenstockNode
internal import PenstockProto
internal import PenstockWire
internal import SwiftProtobuf

struct ReceiptCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "receipt", abstract: "Proof that a revoke was enforced.", subcommands: [Show.self, Verify.self, PolicyText.self])

    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "The receipt of the revoke at POSITION, complete once every enforcing node has cosigned.")
        @OptionGroup var mesh: MeshOptions
        @Argument(help: "The revoke's position.") var position: UInt64
        @Option(help: "Write it to FILE, its proof to FILE.tlog-proof.") var receipt: String?

        func run() throws {
            try Failure.run(mesh.output) {
                try receipt.map(ReceiptFiles.check)
                let files = try ReceiptFiles(mesh.client(.operator, .auditor), position: position, completeBy: Clocks.now() + .nanosecondsPerSecond)
                if let receipt {
                    try files.write(to: receipt)
                    Changes.add("the receipt is in \(receipt)")
                }
                try Output.print(files.receipt, mesh.output) { files.receipt.barrier.table + [["complete: \(files.receipt.complete ? "yes" : "no, some nodes have not cosigned")"]] }
            }
        }
    }

    struct Verify: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Verify FILE and FILE.tlog-proof offline, with the policy's keys only.",
            discussion: "Exit status: 0 it verifies and says CLOSED; 1 it does not verify; 5 it verifies and says PARTIAL; 6 it verifies and says LIFTED.")
        @Argument(help: "The receipt.") var file: String
        @Option(help: "Policy file: the log's and the nodes' keys.") var policy: String
        @OptionGroup var formats: FormatOptions

        func run() throws {
            let output = formats.chosen
            try Failure.run(output) {
                let result = try ReceiptVerification.run(file: file, policy: policy)
                try Output.print(result, output) {
                    [[result.ok ? "receipt verified: \(result.state) at position \(result.position)\(Barriers.meaning(result.state))" : "RECEIPT DOES NOT VERIFY"]]
                        + result.cosigned.map { ["cosigned by \($0)"] } + result.problems.map { [$0] }
                }
                if !result.ok { throw Exit.local }
                if let exit = Barriers.exit(result.state) { throw exit }
            }
        }
    }

    struct PolicyText: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "policy", abstract: "Print the policy file of the mesh as it is now: the log's key and every enforcer's.",
            discussion: "Keep it where receipts are verified; it is what they are verified against.")
        @OptionGroup var mesh: MeshOptions

        func run() throws {
            try Failure.run(mesh.output) {
                let client = try mesh.client(.operator, .auditor, .issuer)
                let view = try client.fold().view
                guard let ledger = view.members.values.first(where: { $0.keys.role == .ledger }), let key = PublicKey(ledger.keys.signing) else { throw NodeError(.protocolError, "the log names no ledger") }
                let log = try NoteKey(name: view.mesh, kind: .log, publicKey: key)
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
                let witnesses = try view.members.values.filter { $0.keys.role == .enforcer }.sorted { $0.keys.name < $1.keys.name }.map { member in
                    guard let key = PublicKey(member.keys.signing) else { throw NodeError(.protocolError, "the key of \(member.keys.name) is damaged") }
                    return Row.Witness(name: member.keys.name, key: try NoteKey(name: member.keys.name, kind: .cosigner, publicKey: key).vkey)
                }
                try Output.print(Row(mesh: view.mesh, log: log.vkey, witnesses: witnesses, quorum: "none"), mesh.output) {
                    [["log \(log.vkey)"]] + witnesses.map { ["witness \($0.name) \($0.key)"] } + [["quorum none"]]
                }
            }
        }
    }
}

/// A receipt and its proof as they are written.
struct ReceiptFiles {
    var receipt: Receipt
    var proof: String

    /// Asks until every enforcing node has cosigned or the time is over; once in any case.
    init(_ client: LedgerClient, position: Position, completeBy deadline: Instant) throws {
        var reply: Penstock_V1_ReceiptReply
        while true {
            let left = max(0, deadline - Clocks.now()) / .nanosecondsPerMillisecond
            guard case .receipt(let answer) = try client.ask(.receipt(.with { $0.position = position }), timeoutMS: Int(left) + 1000) else { throw client.unexpected }
            reply = answer
            while reply.barrier.nextNode != 0 {
                let from = reply.barrier.nextNode
                let query = Penstock_V1_ReceiptRequest.with { ($0.position, $0.fromNode) = (position, from) }
                guard case .receipt(var page) = try client.ask(.receipt(query), timeoutMS: Int(left) + 1000) else { throw client.unexpected }
                page.barrier.nodes = reply.barrier.nodes + page.barrier.nodes
                reply = page
            }
            if reply.complete || Clocks.now() >= deadline { break }
            Thread.sleep(forTimeInterval: 0.02)
        }
        receipt = Receipt(
            mesh: client.identity.member.mesh, barrier: BarrierView(reply.barrier), event: Base64.encode(reply.event),
            statementSignature: Base64.encode(reply.statementSignature), elapsedUs: reply.barrier.elapsedUs, complete: reply.complete)
        let hashes = try reply.proof.map { bytes in
            guard let digest = Digest([UInt8](bytes)) else { throw client.unexpected }
            return digest
        }
        proof = TlogProof(index: position - 1, hashes: hashes, note: try SignedNote(parsing: reply.checkpoint)).text
    }

    func write(to path: String) throws {
        try OutputFile.write(try Output.json(receipt, pretty: true) + "\n", to: path)
        try OutputFile.write(proof, to: path + ".tlog-proof")
    }

    /// Before what the receipt is about is done.
    static func check(_ path: String) throws(NodeError) {
        try OutputFile.check(path)
        try OutputFile.check(path + ".tlog-proof")
    }
}
