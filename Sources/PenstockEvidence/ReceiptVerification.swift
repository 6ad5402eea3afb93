internal import Foundation
internal import PenstockCore
package import PenstockCrypto
internal import PenstockNode
internal import PenstockProto

/// What verifying a receipt came to.
package struct ReceiptVerification: Encodable, Sendable {
    package var ok: Bool
    package var state: String
    package var position: UInt64
    package var cosigned: [String]
    package var problems: [String]

    package static func run(file: String, policy policyPath: String) throws -> ReceiptVerification {
        guard let data = FileManager.default.contents(atPath: file) else {
            throw NodeError(.configuration, "cannot read \(file)")
        }
        let receipt: Receipt
        do {
            receipt = try Receipt(parsing: data, file)
        } catch {
            throw NodeError(.configuration, "\(error.message): it is no receipt as this version writes it")
        }
        guard let proofData = FileManager.default.contents(atPath: file + ".tlog-proof") else {
            throw NodeError(.configuration, "cannot read \(file).tlog-proof")
        }
        guard let policyData = FileManager.default.contents(atPath: policyPath) else {
            throw NodeError(.configuration, "cannot read \(policyPath)")
        }
        let policy: Policy
        do {
            policy = try Policy(parsing: [UInt8](policyData))
        } catch {
            throw NodeError(.configuration, "\(policyPath) line \(error.line): \(error.problem)")
        }
        guard let entry = Base64.decode(receipt.event) else {
            throw NodeError(.configuration, "\(file) holds no event")
        }
        return verify(receipt, entry: entry, proof: [UInt8](proofData), policy)
    }

    /// Believes the policy's keys and nothing else: the log's signature on the checkpoint and on the statement, the
    /// revoke's place in the tree, and a cosignature of every node that the receipt calls enforced. Each member is in
    /// the statement as it is written, or is derived here again.
    package static func verify(_ receipt: Receipt, entry: [UInt8], proof: [UInt8], _ policy: Policy)
        -> ReceiptVerification
    {
        var problems: [String] = []
        var cosigned: [String] = []
        do {
            let verified = try TlogProof(parsing: proof).verify(entry: entry, policy: policy)
            cosigned = verified.cosigners.map { $0.key.name }
            if verified.index + 1 != receipt.barrier.position {
                problems.append(
                    "the proof is of position \(verified.index + 1), the receipt says \(receipt.barrier.position)")
            }
            if verified.origin != receipt.mesh {
                problems.append("the proof is of log '\(verified.origin)', the receipt says '\(receipt.mesh)'")
            }
            let statement = ReceiptStatement.text(mesh: receipt.mesh, barrier: receipt.proto)
            let signature = Base64.decode(receipt.statementSignature) ?? []
            if !Verifier(verified.log.publicKey).verify(signature: signature, message: statement) {
                problems.append("the statement of the nodes' states is not signed by the log")
            }
        } catch {
            problems.append("the proof does not verify: \(printed(error))")
        }
        let event = try? SignedEvent(entry: entry).event
        if case .restricted? = event?.kind {
            if event?.id.hex != receipt.barrier.eventId {
                problems.append("the event is not the one that the receipt names")
            }
        } else {
            problems.append("the event is no revoke")
        }
        // The statement is lines of words: a name with white space could hide another node's line in itself.
        for node in receipt.barrier.nodes
        where node.node.utf8.contains(where: { $0 <= 0x20 }) || node.evidence.utf8.contains(where: { $0 < 0x20 }) {
            problems.append("a node's name has white space in it, or its evidence a control character")
        }
        for (node, stated) in zip(receipt.barrier.nodes, receipt.proto.nodes)
        where node.incarnation != Hex.encode(stated.incarnation) {
            problems.append("'\(node.incarnation)' is no incarnation")
        }
        if receipt.barrier.elapsedMs != Double(receipt.elapsedUs) / 1000 {
            problems.append("elapsed_ms and elapsed_us differ")
        }
        // Any other word would stand in the statement as PARTIAL or pending, and still be shown as it is here.
        if receipt.barrier.state != ReceiptStatement.name(receipt.proto.state) {
            problems.append("'\(receipt.barrier.state)' is no state of a barrier")
        }
        for (node, stated) in zip(receipt.barrier.nodes, receipt.proto.nodes)
        where node.state != ReceiptStatement.name(stated.state) {
            problems.append("'\(node.state)' is no state of a node")
        }
        for node in receipt.barrier.nodes where node.state == "enforced" && !cosigned.contains(node.node) {
            problems.append("'\(node.node)' is called enforced without a cosignature by a key of the policy")
        }
        let isComplete =
            receipt.barrier.state == "CLOSED"
            && receipt.barrier.nodes.allSatisfy { $0.state != "enforced" || cosigned.contains($0.node) }
        if receipt.complete, !isComplete {
            problems.append("it says complete, and is not")
        } else if !receipt.complete, receipt.barrier.state == "CLOSED" {
            problems.append(
                """
                it is not complete: 'penstock receipt show \(receipt.barrier.position) --receipt FILE' has the \
                rest once every node has cosigned
                """
            )
        }
        for node in receipt.barrier.nodes where node.state == "pending" && receipt.barrier.state == "CLOSED" {
            problems.append("'\(node.node)' is pending in a receipt that says CLOSED")
        }
        return ReceiptVerification(
            ok: problems.isEmpty, state: receipt.barrier.state, position: receipt.barrier.position,
            cosigned: cosigned.sorted(), problems: problems)
    }
}
