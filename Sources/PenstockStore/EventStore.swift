package import PenstockCore

/// The log of record: one gapless total order of events, each appended by the one sequencer whose epoch is open.
///
/// Vocabulary: the *head* is the last position and the epoch that may extend it; an *epoch* is one sequencer's turn.
///
/// Laws, checked for every implementation by one conformance suite:
/// - positions run 1, 2, 3 … without gaps, and what was read at a position never changes;
/// - an append is all or nothing, and durable (against power loss too) when it returns;
/// - only the holder of the newest epoch appends, and only onto the head it names;
/// - an id is in the log at most once.
///
/// A store is used from one thread, the sequencer's.
package protocol EventStore: AnyObject {
    /// A real read of the log of record, never a remembered value: a sequencer that was fenced learns it here.
    func head() throws(StoreError) -> LogHead

    /// Appends `events` behind `ifHead` in the order given. Checked in this order: fenced, conflict, size, duplicate.
    ///
    /// Throws `.tooLarge` and `.duplicate` without appending any of them; `.full` likewise. After `.io` it is not
    /// known whether the events were stored: reopen, then ask `position(of:)`.
    func append(_ events: [NewEvent], ifHead: Position, epoch: UInt64) throws(StoreError) -> AppendOutcome

    /// Opens a newer epoch, which fences every older sequencer. `.fenced` unless `epoch` is above the head's.
    func openEpoch(_ epoch: UInt64, ifHead: LogHead) throws(StoreError) -> AppendOutcome

    /// The events from position `from` (at least 1) on, in order: at most `maxCount`, and at most `maxBytes` of event
    /// bytes, but always one if there is one. Empty behind the head. Throws `.corrupt` where one is missing or changed.
    func read(from: Position, maxCount: Int, maxBytes: Int) throws(StoreError) -> [StoredEvent]

    /// Where the event with this id is, or nil: what makes submitting an event again harmless.
    func position(of id: Digest) throws(StoreError) -> Position?
}

/// What an append or the opening of an epoch came to. The head is the one that holds afterwards.
package enum AppendOutcome: Equatable, Sendable {
    /// Stored and durable.
    case appended(LogHead)
    /// Nothing stored: the head is not the one named. Read on from there and try again.
    case conflict(LogHead)
    /// Nothing stored: another epoch is open. This sequencer must stop.
    case fenced(LogHead)
}

/// The end of the log: position 0 and epoch 0 when it is empty.
package struct LogHead: Sendable, Equatable {
    package var position: Position
    package var epoch: UInt64

    package init(position: Position, epoch: UInt64) {
        self.position = position
        self.epoch = epoch
    }
}

/// An event on its way into the log: its id, and at most `StoreLimits.eventBytes` of signed bytes.
package struct NewEvent: Sendable, Equatable {
    package var id: Digest
    package var bytes: [UInt8]

    package init(id: Digest, bytes: [UInt8]) {
        self.id = id
        self.bytes = bytes
    }
}

/// An event in the log.
package struct StoredEvent: Sendable, Equatable {
    package var position: Position
    package var id: Digest
    package var bytes: [UInt8]

    package init(position: Position, id: Digest, bytes: [UInt8]) {
        self.position = position
        self.id = id
        self.bytes = bytes
    }
}
