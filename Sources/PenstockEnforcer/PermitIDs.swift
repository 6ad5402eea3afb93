internal import PenstockCore
internal import PenstockCrypto

/// Permit ids that nobody can guess: whoever has one may end the hold, and a decision's id alone is no such right, since
/// audits and cancellations tell it.
///
/// `DECISION-TAG`, with the first 16 bytes of SHA-256(secret ‖ DECISION) in hexadecimal. The secret lives as long as
/// the process, and so do its holds. A hash cut to half cannot be extended, so it needs no HMAC around it.
struct PermitIDs: Sendable {
    private let secret = SecureRandom.bytes(32)

    func id(_ decisionID: String) -> String { "\(decisionID)-\(Hex.encode(tag(decisionID)))" }

    /// Nil for what `id` did not make.
    func decisionID(_ permitID: String) -> String? {
        guard let dash = permitID.lastIndex(of: "-") else { return nil }
        let decisionID = String(permitID[..<dash])
        let given = Array(permitID[permitID.index(after: dash)...].utf8)
        return ConstantTime.equal(given, Array(Hex.encode(tag(decisionID)).utf8)) ? decisionID : nil
    }

    private func tag(_ decisionID: String) -> [UInt8] { Array(SHA256.hash(secret + Array(decisionID.utf8)).bytes.prefix(16)) }
}
