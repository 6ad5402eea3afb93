internal import Glibc
internal import Synchronization

/// The segments of one journal: those in use, in order, and those ready to be used next.
///
/// Safe from any thread. Its lock is held for moments only; files are made, synced and deleted outside of it.
final class SegmentPool: Sendable {
    let directory: String
    let options: JournalOptions
    private let bootID: [UInt8]
    private let incarnation: [UInt8]
    private let state: Mutex<State>
    /// Held while a segment is made, so that two threads do not make the same one.
    private let making = Mutex<Void>(())
    /// As many as are in use, to be read without the lock.
    private let used: Atomic<Int>

    private struct State {
        /// Earlier incarnations' first. Never empty again once there is one: the newest tells the next sequence number.
        var inUse: [Segment]
        var ready: [Segment] = []
        var nextIndex: UInt64
        /// The newest segment whose header is known to be on disk.
        var syncedIndex: UInt64
        var isSealed = false
        var cursor = Cursor()
    }

    /// Where the last read ended, so that reading on does not start at the segment's beginning.
    struct Cursor {
        var sequence: UInt64 = 0
        var index: UInt64 = 0
        var offset = 0
    }

    init(directory: String, options: JournalOptions, bootID: [UInt8], incarnation: [UInt8], previous: [Segment]) {
        self.directory = directory
        self.options = options
        self.bootID = bootID
        self.incarnation = incarnation
        let newest = previous.last?.index ?? 0
        used = Atomic(previous.count)
        state = Mutex(State(inUse: previous, nextIndex: newest + 1, syncedIndex: newest))
    }

    /// The next ready segment, taken into use; nil when none is ready or the journal is sealed. No system call.
    func take(firstSequence: UInt64) -> Segment? {
        state.withLock { state in
            guard !state.isSealed, !state.ready.isEmpty else { return nil }
            let segment = state.ready.removeFirst()
            segment.activate(firstSequence: firstSequence)
            state.inUse.append(segment)
            used.store(state.inUse.count, ordering: .relaxed)
            return segment
        }
    }

    /// Makes segments until enough are ready or the folder holds as many as it may.
    func prepare() throws(JournalError) {
        try syncNewestHeader()
        try making.withLock { _ throws(JournalError) in
            while let index = nextToMake() {
                let segment = try Segment.create(
                    index: index, in: directory, options: options, bootID: bootID, incarnation: incarnation)
                let isLate = state.withLock { state in
                    if state.isSealed { return true }
                    state.ready.append(segment)
                    state.nextIndex += 1
                    return false
                }
                if isLate { unlink(segment.path) }
            }
        }
    }

    @inline(__always)
    var usedCount: Int { used.load(ordering: .relaxed) }

    var hasReady: Bool { state.withLock { !$0.isSealed && !$0.ready.isEmpty } }

    var wantsSegments: Bool { nextToMake() != nil }

    private func nextToMake() -> UInt64? {
        state.withLock { state in
            let hasRoom = state.inUse.count + state.ready.count < options.maxSegments
            return !state.isSealed && state.ready.count < options.readySegments && hasRoom ? state.nextIndex : nil
        }
    }

    /// After this, power loss cannot make the newest segment look as if it had never been in use.
    func syncNewestHeader() throws(JournalError) {
        let newest = state.withLock { state in
            state.inUse.last.flatMap { $0.index > state.syncedIndex ? $0 : nil }
        }
        guard let newest else { return }
        try newest.syncHeader()
        state.withLock { $0.syncedIndex = max($0.syncedIndex, newest.index) }
    }

    /// Deletes the segments whose records are all at or below `sequence`, oldest first, but never the newest.
    func release(through sequence: UInt64) throws(JournalError) {
        try syncNewestHeader()
        while let oldest = oldest(endingAtOrBelow: sequence) {
            guard unlink(oldest.path) == 0 || errno == ENOENT else { throw .system("unlink", oldest.path) }
            state.withLock { state in
                if state.inUse.first === oldest { state.inUse.removeFirst() }
                used.store(state.inUse.count, ordering: .relaxed)
            }
        }
    }

    func canRelease(through sequence: UInt64) -> Bool { oldest(endingAtOrBelow: sequence) != nil }

    private func oldest(endingAtOrBelow sequence: UInt64) -> Segment? {
        state.withLock { state in
            guard state.inUse.count > 1 else { return nil }
            let last = state.inUse[0].found?.lastSequence ?? state.inUse[1].firstSequence - 1
            return last <= sequence ? state.inUse[0] : nil
        }
    }

    /// No segment is handed out after this, and the ready ones are deleted.
    func close() -> [Segment] {
        let (inUse, ready) = state.withLock { state in
            state.isSealed = true
            defer { state.ready = [] }
            return (state.inUse, state.ready)
        }
        for segment in ready.reversed() { unlink(segment.path) }
        return inUse
    }

    /// The segments in use, held for as long as the caller looks at them, and where the last read ended.
    func snapshot() -> (segments: [Segment], cursor: Cursor) {
        state.withLock { ($0.inUse, $0.cursor) }
    }

    func remember(_ cursor: Cursor) {
        state.withLock { $0.cursor = cursor }
    }
}
