internal import PenstockCore
internal import Synchronization

/// The credentials of subjects that were asked about, as far as the log was read for them: only what is newer is looked
/// for again. Grants that have gone for good are dropped by whoever finds them so.
final class SubjectIndex: Sendable {
    struct Subject: Hashable, Sendable {
        var kind: Selector.Kind
        var id: ByteText
    }

    struct Entry: Sendable {
        /// Of the last grant that was looked at.
        var through: Position = 0
        /// In the log's order.
        var credentials: [Digest] = []
    }

    private let entries = Mutex<[Subject: Entry]>([:])

    subscript(_ subject: Subject) -> Entry { entries.withLock { $0[subject] } ?? Entry() }

    /// Of two that read at once, the one that read further is kept.
    func keep(_ entry: Entry, of subject: Subject) {
        entries.withLock { entries in
            if let other = entries[subject], other.through > entry.through { return }
            if entries[subject] == nil, entries.count >= Limits.subjectsRemembered {
                entries.removeAll(keepingCapacity: true)
            }
            entries[subject] = entry
        }
    }
}
