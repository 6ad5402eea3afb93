/// How full a journal is, in bytes.
package struct JournalRoom: Sendable, Equatable {
    package var used: Int
    package var bound: Int

    package init(used: Int, bound: Int) { (self.used, self.bound) = (used, bound) }

    /// Whether denials and their counts may be recorded: the rest is kept for calls of known grants.
    package var takesDenials: Bool { used < bound - bound / Limits.journalPartForCalls }

    /// Whether each grant may record its share only.
    @inline(__always)
    package var isCrowded: Bool { used > bound / 2 }

    /// What one grant may record while it is crowded. As room runs out, shares shrink: whoever comes later has one
    /// too.
    package var share: Int { (bound - used) / Limits.journalShare }
}

/// What each grant has recorded since the journal became crowded, so that none takes all the room. Costs nothing while
/// it is not.
package struct JournalShares: Sendable {
    /// By the grant's index in the view.
    private var written: ContiguousArray<(episode: UInt32, bytes: UInt32)> = []
    /// Counts the times that the journal became crowded.
    private var episode: UInt32 = 0
    private var isCrowded = false

    package init() {}

    /// The journal has room for everybody.
    @inline(__always)
    package mutating func relax() {
        if isCrowded { isCrowded = false }
    }

    /// Whether a grant may record so many bytes more in a crowded journal; if so, they are counted.
    package mutating func takes(_ bytes: Int, grant: Int32, _ room: JournalRoom) -> Bool {
        guard Int(had(grant)) + bytes <= room.share else { return false }
        add(bytes, grant: grant)
        return true
    }

    /// What is recorded in any case counts as well.
    package mutating func add(_ bytes: Int, grant: Int32) {
        written[Int(grant)] = (episode, UInt32(clamping: Int(had(grant)) + bytes))
    }

    private mutating func had(_ grant: Int32) -> UInt32 {
        if !isCrowded {
            isCrowded = true
            episode &+= 1
        }
        while written.count <= Int(grant) { written.append((0, 0)) }
        return written[Int(grant)].episode == episode ? written[Int(grant)].bytes : 0
    }

    /// Its index goes to another grant.
    mutating func forget(grant: Int32) {
        if Int(grant) < written.count { written[Int(grant)] = (0, 0) }
    }

    /// Grants have other indices from here on.
    package mutating func forget() { self = JournalShares() }
}
