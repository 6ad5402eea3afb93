internal import Foundation
package import PenstockCore
internal import PenstockCrypto
package import PenstockNode
internal import PenstockProto
internal import PenstockSystem
internal import SwiftProtobuf

/// A receipt and its proof as they are written.
package struct ReceiptFiles {
    package var receipt: Receipt
    package var proof: String

    /// Asks until every enforcing node has cosigned or the time is over; once in any case.
    package init(_ client: LedgerClient, position: Position, completeBy deadline: Instant) throws {
        var reply: Penstock_V1_ReceiptReply
        while true {
            let left = max(0, deadline - Clocks.now()) / .nanosecondsPerMillisecond
            guard
                case .receipt(let answer) = try client.ask(
                    .receipt(.with { $0.position = position }), timeoutMS: Int(left) + 1000)
            else { throw client.unexpected }
            reply = answer
            while reply.barrier.nextNode != 0 {
                let from = reply.barrier.nextNode
                let query = Penstock_V1_ReceiptRequest.with { ($0.position, $0.fromNode) = (position, from) }
                guard case .receipt(var page) = try client.ask(.receipt(query), timeoutMS: Int(left) + 1000) else {
                    throw client.unexpected
                }
                page.barrier.nodes = reply.barrier.nodes + page.barrier.nodes
                reply = page
            }
            if reply.complete || Clocks.now() >= deadline { break }
            SystemThread.sleep(milliseconds: 20)
        }
        receipt = Receipt(
            mesh: client.identity.member.mesh, barrier: BarrierView(reply.barrier), event: Base64.encode(reply.event),
            statementSignature: Base64.encode(reply.statementSignature), elapsedUs: reply.barrier.elapsedUs,
            complete: reply.complete)
        let hashes = try reply.proof.map { bytes in
            guard let digest = Digest([UInt8](bytes)) else { throw client.unexpected }
            return digest
        }
        proof = TlogProof(index: position - 1, hashes: hashes, note: try SignedNote(parsing: reply.checkpoint)).text
    }

    package func write(to path: String) throws {
        try OutputFile.write(try StrictJSON.text(receipt, pretty: true) + "\n", to: path)
        try OutputFile.write(proof, to: path + ".tlog-proof")
    }

    /// Before what the receipt is about is done.
    package static func check(_ path: String) throws(NodeError) {
        try OutputFile.check(path)
        try OutputFile.check(path + ".tlog-proof")
    }
}
