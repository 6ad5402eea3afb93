internal import Synchronization

package enum PenstockVersion {
    package static let current = "0.1.0"

    /// The commit that the program was built from, with `-dirty` where its sources differ from that; "unknown" without
    /// a checkout. Only the program's own target is built again for another commit, so it tells the others here.
    package static var commit: String { stamp.withLock { $0 } }
    private static let stamp = Mutex("unknown")

    /// Before anything reads it.
    package static func setCommit(_ commit: String) { stamp.withLock { $0 = commit } }
}
