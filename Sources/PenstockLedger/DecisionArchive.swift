internal import Logging
internal import PenstockCore
internal import PenstockCrypto
internal import PenstockStore
internal import PenstockSystem
internal import Synchronization

/// Makes shipped decisions durable on a thread of its own, so that their bulk delays no revoke and no echo.
final class DecisionArchive: Sendable {
    struct Saved: Sendable {
        var incoming: Sequencer.Incoming
        var batch: DecisionBatch
        /// The signed event that seals it.
        var event: [UInt8]
        /// The last decision that is kept from the batch's first on.
        var through: Result<UInt64, StoreError>
    }

    private let store: any LedgerStore
    private let queue: RequestQueue<Saved>
    /// Old decisions are being moved to the archive.
    private let isMoving = Atomic(false)
    private let isEnding = Atomic(false)
    private let logger: Logger

    /// Batches of one node that may wait at once; each has at most a page's bytes.
    private static let mostWaiting = 8

    init(_ store: any LedgerStore, wake: WakeSignal, logger: Logger) {
        self.store = store
        self.logger = logger
        queue = RequestQueue("decisions", mostWaiting: Self.mostWaiting, wake: wake)
    }

    /// Whether there was room. What became of it is told by `takeSaved`, after a wake.
    func save(
        _ incoming: Sequencer.Incoming, incarnation: Incarnation, first: UInt64, count: UInt32, bytes: [UInt8],
        event: [UInt8]
    ) -> Bool {
        queue.add(for: incoming.sender.name) { [store] in
            let batch = DecisionBatch(
                incarnation: incarnation, firstSequence: first, count: count, digest: SHA256.hash(bytes))
            let through = Result { () throws(StoreError) -> UInt64 in
                let kept = try store.saveDecisionBatch(
                    DecisionBatchRow(
                        node: incoming.sender.name, incarnation: incarnation.description, firstSequence: first,
                        count: Int(count),
                        digest: batch.digest, bytes: bytes))
                return first + UInt64(kept) - 1
            }
            return Saved(incoming: incoming, batch: batch, event: event, through: through)
        }
    }

    func takeSaved() -> [Saved] { queue.take() }

    /// Moves decisions that are not to be kept to the archive, a few at a time, between those that come.
    func move(_ kept: KeptInStore, now: WallTime) {
        if !isMoving.exchange(true, ordering: .acquiringAndReleasing) { step(kept, now) }
    }

    private func step(_ kept: KeptInStore, _ now: WallTime) {
        queue.add { [self] in
            do throws(StoreError) {
                if !isEnding.load(ordering: .relaxed), try store.archiveDecisions(kept, now: now) {
                    return step(kept, now)
                }
            } catch {
                logger.error("decisions were not moved to the archive", metadata: ["error": "\(error)"])
            }
            isMoving.store(false, ordering: .releasing)
        }
    }

    /// Waits for what was begun.
    func finish() {
        isEnding.store(true, ordering: .relaxed)
        queue.finish()
    }
}
