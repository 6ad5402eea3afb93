package import PenstockCore

/// What a ledger signs for a snapshot, so that a start need not verify every event again.
package enum SnapshotSignature {
    package static func message(position: Position, epoch: UInt64, digest: Digest) -> [UInt8] {
        var message = Array("penstock snapshot v1\n".utf8)
        for word in [position, epoch] {
            for shift in stride(from: 56, through: 0, by: -8) {
                message.append(UInt8(truncatingIfNeeded: word >> UInt64(shift)))
            }
        }
        return message + digest.bytes
    }

    /// First line of the statement below.
    package static let stateFormat = "penstock state v1"

    /// What a ledger signs for a snapshot of its own state, and writes before it. No other use of its key begins so.
    ///
    /// - Parameter root: of the tree over the log up to the position.
    package static func statement(ofState digest: Digest, mesh: String, position: Position, root: Digest) -> String {
        """
        \(stateFormat)
        \(mesh)
        \(position)
        \(root.hex)
        \(digest.hex)

        """
    }
}
