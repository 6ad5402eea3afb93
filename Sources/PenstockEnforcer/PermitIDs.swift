internal import PenstockCore
internal import PenstockCrypto

/// Permit ids that nobody can guess: whoever has one may end the hold, and a decision's id alone is no such right,
/// since audits and cancellations tell it.
///
/// `DECISION-TAG`, with the first 16 bytes of SHA-256(secret ‖ shard ‖ DECISION) and the shard in hexadecimal: where
/// the hold lies. The secret lives as long as the process, and so do its holds. A hash cut to half cannot be extended,
/// so it needs no HMAC around it.
struct PermitIDs: Sendable {
    private let secret = SecureRandom.bytes(32)

    func id(_ decisionID: String, in shard: Int) -> String {
        "\(decisionID)-\(Hex.encode(tag(decisionID, UInt8(shard))))"
    }

    /// Nil for what `id` did not make.
    func decision(_ permitID: String) -> (id: String, shard: Int)? {
        guard let dash = permitID.lastIndex(of: "-") else { return nil }
        let decisionID = String(permitID[..<dash])
        let given = String(permitID[permitID.index(after: dash)...])
        guard let shard = Hex.decode(given)?.last else { return nil }
        let tag = Array(Hex.encode(tag(decisionID, shard)).utf8)
        return ConstantTime.equal(Array(given.utf8), tag) ? (decisionID, Int(shard)) : nil
    }

    private func tag(_ decisionID: String, _ shard: UInt8) -> [UInt8] {
        Array(SHA256.hash(secret + [shard] + Array(decisionID.utf8)).bytes.prefix(16)) + [shard]
    }
}
