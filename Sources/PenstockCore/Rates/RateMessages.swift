/// Orders the answers of all ledger processes to one incarnation: an older one changes nothing once a newer was seen.
package struct RateStamp: Hashable, Sendable, Comparable {
    /// The ledger process's.
    package var epoch: UInt64
    package var number: UInt64

    package init(epoch: UInt64, number: UInt64) {
        self.epoch = epoch
        self.number = number
    }

    package static let none = RateStamp(epoch: 0, number: 0)

    package static func < (a: RateStamp, b: RateStamp) -> Bool { (a.epoch, a.number) < (b.epoch, b.number) }
}

/// What one incarnation says of every rate that it uses; it travels with an echo. What it does not name, it does not
/// hold.
package struct RateStatement: Hashable, Sendable {
    /// Grows from statement to statement: an older one says nothing once a newer was heard.
    package var sequence: UInt64
    /// The newest answer that it has followed: it will follow none that is older.
    package var seen: RateStamp
    package var lines: [Line]

    package struct Line: Hashable, Sendable {
        /// Names this use of the rate in answers. When a node has dropped a use, its number never comes again.
        package var id: UInt64
        package var key: RateKey
        /// The parts that it uses now.
        package var held: Int64
        /// All that calls have asked for, admitted or not, since this use began. It wraps around.
        package var asked: UInt64
        /// The largest amount asked for since the last statement.
        package var largest: Int64
        /// Some of it was refused.
        package var refused: Bool
        /// Grains that have left it with parts, all in all, in the epoch of `seen`. It wraps around; a debt lowers it.
        package var returned: UInt64

        package init(
            id: UInt64, key: RateKey, held: Int64, asked: UInt64, largest: Int64, refused: Bool, returned: UInt64
        ) {
            self.id = id
            self.key = key
            self.held = held
            self.asked = asked
            self.largest = largest
            self.refused = refused
            self.returned = returned
        }
    }

    package init(sequence: UInt64, seen: RateStamp, lines: [Line]) {
        self.sequence = sequence
        self.seen = seen
        self.lines = lines
    }
}

/// The answer, which travels with the echo's reply. What it does not name, the node may not use.
package struct RateReply: Hashable, Sendable {
    package var stamp: RateStamp
    /// The sequence of the statement.
    package var answers: UInt64
    package var lines: [Line]

    package struct Line: Hashable, Sendable {
        package var id: UInt64
        /// The parts that it may use from here on.
        package var share: Int64
        /// Grains that have been given with parts, all in all, by this ledger process. It wraps around.
        package var granted: UInt64

        package init(id: UInt64, share: Int64, granted: UInt64) {
            self.id = id
            self.share = share
            self.granted = granted
        }
    }

    package init(stamp: RateStamp, answers: UInt64, lines: [Line]) {
        self.stamp = stamp
        self.answers = answers
        self.lines = lines
    }
}
