internal import Logging
package import PenstockCore
internal import PenstockCrypto
internal import PenstockFolder
internal import PenstockJournal
internal import PenstockNode
internal import PenstockTransport
internal import Synchronization

/// An enforcement node: decides tool calls from its own replicated view.
///
/// Decisions may be asked for from any thread; each takes one short lock. A thread of its own talks to the ledger
/// (`Link`), another one keeps journal segments ready.
public final class Enforcer: Sendable {
    package let incarnation: Incarnation
    let options: EnforcerOptions
    let logger: Logger
    private let lock: DataFolderLock
    let journal: Journal
    let core: Mutex<Core>
    let wake: WakeSignal
    let waiters = Waiters()
    let observers = CancellationObservers()
    let permits = PermitIDs()
    let stopping = Atomic(false)
    private let threads = Mutex<[NodeThread]>([])

    /// What the lock guards.
    struct Core {
        var enforcement: Enforcement
        /// Decisions by reason; index is the reason's number.
        var decided = [UInt64](repeating: 0, count: 32)
        /// Denials that could not be recorded.
        var unrecorded: UInt64 = 0
        /// The last record could not be written.
        var isUnwritable = false
        /// The network thread was signalled and has not looked yet.
        var isSignalled = false
        /// Why the ledger refused a slice last, by account.
        var refusals: [Int32: SliceRefusal] = [:]
        var echoWanted = false
    }

    struct SliceRefusal {
        var lack: Follower.Lack
        var at: Instant
    }

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
        journal = try Journal(directory: options.dataFolder + "/journal", incarnation: incarnation.bytes, options: options.journal)
        wake = try WakeSignal()
        core = Mutex(Core(enforcement: Enforcement(node: options.identity.name, incarnation: incarnation, audiences: options.audiences)))
    }

    /// Starts the threads. The node serves once `health().isReady`.
    public func start() throws {
        try journal.prepareSegments()
        let network = try NodeThread(name: "enforcer") { [self] in
            follow { try Link(self).run() }
        }
        let keeper = try NodeThread(name: "journal") { [self] in
            do {
                try journal.sealPredecessors()
            } catch {
                logger.error("what earlier runs left in the journal was not sealed", metadata: ["error": "\(error)"])
            }
            while !stopping.load(ordering: .acquiring) {
                try? journal.prepareSegments()
                Pause.milliseconds(20)
            }
        }
        threads.withLock { $0 = [network, keeper] }
    }

    /// Runs what talks to the ledger. When that ends, no news comes any more: each call that waits for some is answered, and
    /// whoever watches for calls to stop hears that nothing more is said.
    package func follow(_ body: () throws -> Void) {
        do {
            try body()
        } catch {
            core.withLock { $0.enforcement.halt("the link to the ledger failed: \(error)") }
            logger.critical("halted", metadata: ["why": "\(error)"])
        }
        waiters.resumeAll()
        observers.finish()
    }

    /// Closes every slice at the ledger, seals the journal, and ends the threads. Decisions are denied from the first moment.
    /// Blocks until then, a few seconds at most.
    public func stop() {
        core.withLock { $0.enforcement.halt("stopped") }
        stopping.store(true, ordering: .releasing)
        wake.signal()
        for thread in threads.withLock({ $0 }) { thread.join() }
        waiters.resumeAll()
        observers.finish()
        do {
            try core.withLock { core in
                core.enforcement.recordLastCounts(at: Clocks.now(), journal: Recorder(journal: journal))
                try journal.seal()
            }
        } catch {
            logger.error("the journal was not sealed", metadata: ["error": "\(error)"])
        }
    }

    /// Has the network thread look at what decisions left for it. One system call per round of work, not per decision.
    func signal(_ core: inout Core) {
        guard !core.isSignalled else { return }
        core.isSignalled = true
        wake.signal()
    }
}
