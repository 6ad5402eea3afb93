internal import Logging
package import PenstockCore
package import PenstockNode
internal import PenstockStore
internal import PenstockSystem
internal import ServiceLifecycle
internal import Synchronization

/// The ledger as a service: one thread owns its sockets, its store and its state (`Sequencer`).
package final class LedgerNode: Service, Sendable {
    private let options: LedgerOptions
    private let logger: Logger
    private let wake: WakeSignal
    private let stopping = Atomic(false)
    private let startup = Mutex<Startup>(.waiting([]))
    private let thread = Mutex<SystemThread?>(nil)

    private enum Startup {
        case waiting([CheckedContinuation<Void, any Error>])
        case done((any Error)?)
    }

    package init(_ options: LedgerOptions) throws {
        self.options = options
        logger = Logger(label: "penstock.ledger")
        wake = try WakeSignal()
    }

    /// Starts the thread, unless it was started before, and returns once the ledger serves. Throws what kept it from
    /// serving.
    package func start() async throws {
        let options = self.options
        try thread.withLock { thread in
            guard thread == nil else { return }
            thread = try SystemThread(name: "ledger") { [self] in
                do {
                    let sequencer = try Sequencer(options, wake: wake, logger: logger)
                    finishStart(nil)
                    sequencer.run { stopping.load(ordering: .acquiring) }
                    sequencer.close()
                } catch {
                    finishStart(error)
                }
            }
        }
        try await withCheckedThrowingContinuation { continuation in
            let failure: Result<Void, any Error>? = startup.withLock { state in
                switch state {
                case .waiting(let others):
                    state = .waiting(others + [continuation])
                    return nil
                case .done(let error): return error.map { .failure($0) } ?? .success(())
                }
            }
            if let failure { continuation.resume(with: failure) }
        }
    }

    package func stop() {
        stopping.store(true, ordering: .releasing)
        wake.signal()
        thread.withLock { $0 }?.join()
    }

    package func run() async throws {
        try await start()
        try? await gracefulShutdown()
        stop()
    }

    private func finishStart(_ error: (any Error)?) {
        let waiting = startup.withLock { state -> [CheckedContinuation<Void, any Error>] in
            guard case .waiting(let waiting) = state else { return [] }
            state = .done(error)
            return waiting
        }
        for continuation in waiting {
            if let error { continuation.resume(throwing: error) } else { continuation.resume() }
        }
    }

    /// Makes the log of a new mesh: its first entry names the first members and the bounds.
    package static func found(dataFolder: String, ledger: Identity, members: [NodeKeys], settings: Settings) throws {
        let store = try StoreFolder.open(dataFolder)
        guard try store.head().position == 0 else { throw LedgerError(.exists, "\(dataFolder) holds a log already") }
        let signer = EventSigner(mesh: ledger.member.mesh, name: ledger.name, key: ledger.signing)
        let genesis = signer.sign(.genesis(members, settings), at: Clocks.wall())
        let outcome = try store.append(
            [NewEvent(id: genesis.event.id, bytes: genesis.entry)], ifHead: 0, epoch: try store.head().epoch)
        guard case .appended = outcome else { throw LedgerError(.inUse, "\(dataFolder) is in use") }
        try store.close()
    }
}
