internal import Logging
package import PenstockCore
internal import PenstockCrypto
internal import PenstockJournal
internal import PenstockNode
internal import PenstockSystem
internal import Synchronization

/// An enforcement node: decides tool calls from its own replicated view.
///
/// Decisions may be asked for from any thread; each takes its grant's shard for a moment (`ShardedState`), and
/// decisions of other shards run beside it. A thread of its own talks to the ledger (`Link`), another one keeps journal
/// segments ready.
public final class Enforcer: Sendable {
    package let incarnation: Incarnation
    let options: EnforcerOptions
    let logger: Logger
    private let lock: DataFolderLock
    let journal: Journal
    /// What decisions read and change. Nothing that waits, and nothing of callers, runs under its locks.
    let state: ShardedState<Enforcement>
    package let shards: Shards
    let wake: WakeSignal
    let waiters = Waiters()
    let observers = CancellationObservers()
    let permits = PermitIDs()
    let subjects = SubjectIndex()
    let stopping = Atomic(false)
    /// The network thread was signalled and has not looked yet.
    let isSignalled = Atomic(false)
    /// A call waits for news that the view is fresh.
    let isEchoWanted = Atomic(false)
    private let threads = Mutex<[SystemThread]>([])

    /// Opens the journal and reads what earlier incarnations left in it. Nothing is decided before `start`.
    ///
    /// Throws when the folder is another process's, or the journal in it is damaged.
    public init(_ options: EnforcerOptions) throws {
        self.options = options
        logger = Logger(label: "penstock.enforcer")
        incarnation = Incarnation(SecureRandom.bytes(Incarnation.byteCount))!
        try PrivateFile.makeFolder(options.dataFolder)
        try PrivateFile.requireOwn(folder: options.dataFolder)
        lock = try DataFolderLock(directory: options.dataFolder)
        journal = try Journal(
            directory: options.dataFolder + "/journal", incarnation: incarnation.bytes, options: options.journal)
        wake = try WakeSignal()
        let enforcement = Enforcement(
            node: options.identity.name, incarnation: incarnation, audiences: options.audiences,
            shards: options.shards)
        shards = enforcement.shards
        state = ShardedState(enforcement, count: options.shards)
    }

    /// Starts the threads. The node serves once `health().isReady`.
    public func start() throws {
        try journal.prepareSegments()
        let network = try SystemThread(name: "enforcer") { [self] in
            follow { try Link(self).run() }
        }
        let keeper = try SystemThread(name: "journal") { [self] in
            do {
                try journal.sealPredecessors()
            } catch {
                logger.error("what earlier runs left in the journal was not sealed", metadata: ["error": "\(error)"])
            }
            while !stopping.load(ordering: .acquiring) {
                try? journal.prepareSegments()
                SystemThread.sleep(milliseconds: 20)
            }
        }
        threads.withLock { $0 = [network, keeper] }
    }

    /// Runs what talks to the ledger. When that ends, no news comes any more: each call that waits for some is
    /// answered, and whoever watches for calls to stop hears that nothing more is said.
    package func follow(_ body: () throws -> Void) {
        do {
            try body()
        } catch {
            state.withAll { $0.halt("the link to the ledger failed: \(error)") }
            logger.critical("halted", metadata: ["why": "\(error)"])
        }
        waiters.wakeAll()
        observers.finish()
    }

    /// Closes every slice at the ledger, seals the journal, and ends the threads. Decisions are denied from the first
    /// moment. Blocks until then, a few seconds at most.
    public func stop() {
        state.withAll { $0.halt("stopped") }
        waiters.wakeAll()
        stopping.store(true, ordering: .releasing)
        wake.signal()
        for thread in threads.withLock({ $0 }) { thread.join() }
        waiters.wakeAll()
        observers.finish()
        do {
            try state.withAll { enforcement in
                enforcement.recordLastCounts(at: Clocks.now(), journal: Recorder(journal))
                try journal.seal()
            }
        } catch {
            logger.error("the journal was not sealed", metadata: ["error": "\(error)"])
        }
    }

    /// Has the network thread look at what decisions left for it. One system call per round of work, not per decision.
    @inline(__always)
    func signal() {
        guard !isSignalled.load(ordering: .relaxed) else { return }
        if !isSignalled.exchange(true, ordering: .acquiringAndReleasing) { wake.signal() }
    }
}
