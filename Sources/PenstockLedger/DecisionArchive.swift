internal import Dispatch
internal import PenstockCore
internal import PenstockCrypto
internal import PenstockStore
internal import PenstockTransport
internal import Synchronization

/// Makes shipped decisions durable on a thread of its own, so that their bulk delays no revoke and no echo.
final class DecisionArchive: Sendable {
    struct Saved {
        var incoming: Sequencer.Incoming
        var batch: DecisionBatch
        /// The signed event that seals it.
        var event: [UInt8]
        /// The last decision that is kept from the batch's first on.
        var through: Result<UInt64, StoreError>
    }

    private struct State {
        /// Batches under way, by node.
        var waiting: [String: Int] = [:]
        var saved: [Saved] = []
    }

    private let store: SQLiteStore
    private let wake: WakeSignal
    private let queue = DispatchQueue(label: "penstock.decisions")
    private let state = Mutex(State())

    /// Batches of one node that may wait at once; each has at most a page's bytes.
    private static let mostWaiting = 8

    init(_ store: SQLiteStore, wake: WakeSignal) {
        self.store = store
        self.wake = wake
    }

    /// Whether there was room. What became of it is told by `takeSaved`, after a wake.
    func save(_ incoming: Sequencer.Incoming, incarnation: Incarnation, first: UInt64, count: UInt32, bytes: [UInt8], event: [UInt8]) -> Bool {
        let hasRoom = state.withLock { state in
            guard state.waiting[incoming.sender.name] ?? 0 < Self.mostWaiting else { return false }
            state.waiting[incoming.sender.name, default: 0] += 1
            return true
        }
        guard hasRoom else { return false }
        queue.async { [self] in
            let batch = DecisionBatch(incarnation: incarnation, firstSequence: first, count: count, digest: SHA256.hash(bytes))
            let through = Result { () throws(StoreError) -> UInt64 in
                let kept = try store.saveDecisionBatch(DecisionBatchRow(
                    node: incoming.sender.name, incarnation: incarnation.description, firstSequence: first, count: Int(count),
                    digest: batch.digest, bytes: bytes))
                return first + UInt64(kept) - 1
            }
            state.withLock { state in
                let left = (state.waiting[incoming.sender.name] ?? 1) - 1
                state.waiting[incoming.sender.name] = left == 0 ? nil : left
                state.saved.append(Saved(incoming: incoming, batch: batch, event: event, through: through))
            }
            wake.signal()
        }
        return true
    }

    func takeSaved() -> [Saved] {
        state.withLock { state in
            defer { state.saved = [] }
            return state.saved
        }
    }

    /// Waits for what was begun.
    func finish() { queue.sync {} }
}
