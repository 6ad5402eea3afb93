internal import Foundation
internal import PenstockConsole
internal import PenstockCrypto
internal import PenstockNode
internal import Synchronization

/// The receipt's file, with the sample's proof and policy beside it.
enum Receipts {
    /// Whether any has verified yet, without which the laws below would say nothing.
    static var hasVerified: Bool { verified.load(ordering: .relaxed) }
    private static let verified = Atomic(false)

    static func receipt(_ bytes: [UInt8]) throws(Broken) -> Bool {
        guard var receipt = Receipt(parsing: Data(bytes)), let entry = Base64.decode(receipt.event) else { return false }
        // The best that a forger has: bytes that the ledger did sign.
        receipt.statementSignature = Sample.receipt.statementSignature
        let result = ReceiptVerification.verify(receipt, entry: entry, proof: Array(Sample.proof.text.utf8), Sample.policy)
        try law(result.ok == result.problems.isEmpty, "a receipt verifies in spite of its problems")
        guard result.ok else { return true }
        verified.store(true, ordering: .relaxed)
        // The ledger signed one statement, so a receipt that verifies must read as that one does.
        let honest = Sample.receipt.barrier
        let read = receipt.barrier.nodes.map { "\($0.node) \($0.state)" } == honest.nodes.map { "\($0.node) \($0.state)" }
        try law(read && receipt.barrier.state == honest.state && result.state == honest.state, "a receipt verifies that reads otherwise than was signed")
        try law(receipt.mesh.utf8.elementsEqual(Sample.mesh.utf8) && entry == Sample.revoke.entry, "a receipt of something else verifies")
        return true
    }
}
