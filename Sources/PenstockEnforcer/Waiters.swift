internal import PenstockCore
internal import Synchronization

/// Calls that wait for news, no more than `Limits` says. Whoever brings some wakes those that wait for it; each looks
/// for itself.
///
/// A call takes its ticket while it has its shard, and news come while nobody has one: none falls between the look and
/// the wait. As leases end and windows pass by time alone, each looks again after a moment whatever comes.
final class Waiters: Sendable {
    struct Ticket: Sendable {
        fileprivate var id: UInt64
        fileprivate var topic: NodeNews
    }

    private struct Waiting {
        var credential: Digest
        var until: Instant
        /// Nil until its task has come to wait.
        var continuation: CheckedContinuation<Void, Never>?
    }

    private typealias Woken = (key: UInt64, value: Waiting)
    private struct State {
        var waiting: [NodeNews: [UInt64: Waiting]] = [:]
        /// How many wait under each credential.
        var counts: [Digest: Int] = [:]
        var lastID: UInt64 = 0
        /// Nothing is due before.
        var firstDue: Instant = .max
    }

    private let bounds: (all: Int, ofCredential: Int)
    private let state = Mutex(State())
    /// To be read without the lock.
    private let waitingCount = Atomic(0)
    /// How long a call waits without looking again.
    private static let patience: Nanoseconds = 250 * .nanosecondsPerMillisecond

    init(bound: Int = Limits.callsWaiting, ofCredential: Int = Limits.callsWaitingPerGrant) {
        bounds = (bound, ofCredential)
    }

    /// How many wait.
    var count: Int { waitingCount.load(ordering: .relaxed) }

    /// Nil where too many wait, in all or under this credential: then nobody waits.
    ///
    /// - Parameter deadline: when it is woken at the latest.
    func ticket(for topic: NodeNews, of credential: Digest, until deadline: Instant, at now: Instant) -> Ticket? {
        let until = min(deadline, now + Self.patience)
        return state.withLock { state in
            let ofCredential = state.counts[credential, default: 0]
            guard count < bounds.all, ofCredential < bounds.ofCredential else { return nil }
            state.lastID += 1
            state.waiting[topic, default: [:]][state.lastID] = Waiting(credential: credential, until: until)
            state.counts[credential] = ofCredential + 1
            state.firstDue = min(state.firstDue, until)
            waitingCount.add(1, ordering: .relaxed)
            return Ticket(id: state.lastID, topic: topic)
        }
    }

    /// Returns once the ticket was woken, or the task is cancelled: its caller has gone.
    func wait(_ ticket: Ticket) async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = state.withLock { state in
                    guard state.waiting[ticket.topic]?[ticket.id] != nil, !Task.isCancelled else { return true }
                    state.waiting[ticket.topic]?[ticket.id]?.continuation = continuation
                    return false
                }
                if isOver {
                    drop(ticket)
                    continuation.resume()
                }
            }
        } onCancel: {
            drop(ticket)
        }
    }

    private func drop(_ ticket: Ticket) {
        let waiting = state.withLock { state -> Waiting? in
            guard let waiting = state.waiting[ticket.topic]?.removeValue(forKey: ticket.id) else { return nil }
            if state.waiting[ticket.topic]?.isEmpty == true { state.waiting[ticket.topic] = nil }
            forget([waiting], &state)
            return waiting
        }
        waiting?.continuation?.resume()
    }

    func wake(_ topics: some Sequence<NodeNews>) {
        wake { state in topics.flatMap { state.waiting.removeValue(forKey: $0) ?? [:] } }
    }

    func wakeAll() {
        wake { state in
            defer { (state.waiting, state.firstDue) = ([:], .max) }
            return state.waiting.values.flatMap { $0 }
        }
    }

    /// Those that have waited long enough.
    func wakeDue(at now: Instant) {
        wake { state in
            guard state.firstDue <= now else { return [] }
            var (woken, firstDue) = ([Woken](), Instant.max)
            for (topic, waiting) in state.waiting {
                let left = waiting.filter { $0.value.until > now }
                for waiting in left.values { firstDue = min(firstDue, waiting.until) }
                guard left.count < waiting.count else { continue }
                woken += waiting.filter { $0.value.until <= now }
                state.waiting[topic] = left.isEmpty ? nil : left
            }
            state.firstDue = firstDue
            return woken
        }
    }

    /// The oldest first.
    private func wake(_ take: (inout State) -> [Woken]) {
        guard count > 0 else { return }
        let woken = state.withLock { state in
            let woken = take(&state)
            forget(woken.map(\.value), &state)
            return woken
        }
        for (_, waiting) in woken.sorted(by: { $0.key < $1.key }) { waiting.continuation?.resume() }
    }

    private func forget(_ waiting: [Waiting], _ state: inout State) {
        for waiting in waiting {
            let left = state.counts[waiting.credential, default: 1] - 1
            state.counts[waiting.credential] = left > 0 ? left : nil
        }
        waitingCount.subtract(waiting.count, ordering: .relaxed)
    }
}
