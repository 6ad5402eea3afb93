internal import Foundation
internal import PenstockCrypto
internal import PenstockEvidence
internal import PenstockNode
internal import Synchronization

/// The receipt's file, with the sample's proof and policy beside it.
enum Receipts {
    /// Whether any has verified yet, without which the laws below would say nothing.
    static var hasVerified: Bool { verified.load(ordering: .relaxed) }
    private static let verified = Atomic(false)

    static func receipt(_ bytes: [UInt8]) throws(Broken) -> Bool {
        guard var receipt = try? Receipt(parsing: Data(bytes)), let entry = Base64.decode(receipt.event) else {
            return false
        }
        // The best that a forger has: bytes that the ledger did sign.
        receipt.statementSignature = Sample.receipt.statementSignature
        let proof = Array(Sample.proof.text.utf8)
        let result = ReceiptVerification.verify(receipt, entry: entry, proof: proof, Sample.policy)
        try law(result.ok == result.problems.isEmpty, "a receipt verifies in spite of its problems")
        guard result.ok else { return true }
        verified.store(true, ordering: .relaxed)
        // The ledger signed one statement, so a receipt that verifies must read as that one does.
        let honest = Sample.receipt.barrier
        let read =
            receipt.barrier.nodes.map { "\($0.node) \($0.state)" } == honest.nodes.map { "\($0.node) \($0.state)" }
        try law(
            read && receipt.barrier.state == honest.state && result.state == honest.state,
            "a receipt verifies that reads otherwise than was signed")
        try law(
            receipt.mesh.utf8.elementsEqual(Sample.mesh.utf8) && entry == Sample.revoke.entry,
            "a receipt of something else verifies")
        for hidden in hidings(receipt) {
            try law(
                !ReceiptVerification.verify(hidden, entry: entry, proof: proof, Sample.policy).ok,
                "a receipt verifies in which a node is hidden")
        }
        return true
    }

    /// Receipts whose statement has the same bytes, with one node's line moved into the next one's name.
    private static func hidings(_ receipt: Receipt) -> [Receipt] {
        let lines = String(decoding: Sample.statement, as: UTF8.self).split(separator: "\n").suffix(
            receipt.barrier.nodes.count
        ).map(String.init)
        return lines.indices.dropLast().map { index in
            var hidden = receipt
            hidden.barrier.nodes.remove(at: index)
            hidden.barrier.nodes[index].node = lines[index] + "\n" + hidden.barrier.nodes[index].node
            return hidden
        }
    }
}
