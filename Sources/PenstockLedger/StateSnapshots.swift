internal import Foundation
internal import Logging
internal import PenstockCore
internal import PenstockCrypto
internal import PenstockNode
internal import PenstockStore
internal import PenstockSystem
internal import Synchronization

/// The snapshots of the ledger's own state that lie beside its log. Written on a thread of their own, from a copy, so
/// that a large one delays no echo; the last two are kept.
package final class StateSnapshots: Sendable {
    private struct State {
        /// Oldest first, each found to agree with the log or written by this process.
        var kept: [Kept] = []
        var writer: SystemThread?
        var notBefore: Instant = .min / 2
    }

    private let folder: String
    private let mesh: String
    private let key: SigningKey
    private let store: any LedgerStore
    private let events: Position
    private let logger: Logger
    private let state = Mutex(State())

    private static let keptCount = 2
    /// What could not be written is tried again then.
    private static let retry = 60 * Nanoseconds.nanosecondsPerSecond
    private static let partial = "state.partial"

    /// - Parameter events: a snapshot is due when so many have come since the last one.
    init(_ folder: String, _ identity: Identity, _ store: any LedgerStore, events: Position, logger: Logger) {
        self.folder = folder
        mesh = identity.member.mesh
        key = identity.signing
        self.store = store
        self.events = events
        self.logger = logger
    }

    var kept: [Kept] { state.withLock { $0.kept } }

    /// Nil while none is known to agree with the log.
    var oldest: Position? { kept.isEmpty ? nil : Self.positions(in: folder).first }

    // MARK: Loading

    /// The newest one that is whole and of this very log, or nil.
    func load(_ tree: LogTree) -> LedgerState? {
        try? FileManager.default.removeItem(atPath: folder + "/" + Self.partial)
        for position in Self.positions(in: folder).reversed() {
            do {
                let (snapshot, loaded) = try read(position, tree)
                state.withLock { $0.kept = [Kept(snapshot)] }
                return loaded
            } catch {
                logger.warning(
                    "a snapshot was passed over; the log is folded from further back",
                    metadata: ["snapshot": "\(Self.name(position))", "why": "\(printed(error))"])
            }
        }
        return nil
    }

    private func read(_ position: Position, _ tree: LogTree) throws -> (StateSnapshot, LedgerState) {
        guard position <= tree.size else { throw LedgerError.unfit("the log ends before it, at position \(tree.size)") }
        let bytes = try Data(contentsOf: URL(fileURLWithPath: folder + "/" + Self.name(position)))
        let snapshot = try StateSnapshot([UInt8](bytes), mesh: mesh, key: key.publicKey)
        guard snapshot.position == position else { throw LedgerError.unfit("it is of position \(snapshot.position)") }
        guard try tree.root(size: position) == snapshot.root else { throw LedgerError.unfit("it is of another log") }
        return (snapshot, try snapshot.state())
    }

    static func name(_ position: Position) -> String { "state-\(position).snapshot" }

    /// Of the snapshots in a folder, ascending.
    static func positions(in folder: String) -> [Position] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return names.compactMap { name in
            guard name.hasPrefix("state-"), name.hasSuffix(".snapshot") else { return nil }
            return Position(name.dropFirst("state-".count).dropLast(".snapshot".count))
        }.sorted()
    }

    // MARK: Writing

    func isDue(at position: Position, _ now: Instant) -> Bool {
        state.withLock { state in
            state.writer == nil && now >= state.notBefore && position >= (state.kept.last?.position ?? 0) + events
        }
    }

    func write(_ ledger: LedgerState, root: Digest, at now: Instant) {
        state.withLock { state in
            state.notBefore = now + Self.retry
            state.writer = try? SystemThread(name: "state snapshot") { [self] in
                save(ledger, root: root)
                self.state.withLock { $0.writer = nil }
            }
        }
    }

    /// At a clean stop, where a start would fold a part of what makes one due.
    func finish(_ ledger: LedgerState?, root: Digest) {
        state.withLock { $0.writer }?.join()
        guard let ledger, ledger.view.position >= (kept.last?.position ?? 0) + max(1, events / 10) else { return }
        save(ledger, root: root)
    }

    private func save(_ ledger: LedgerState, root: Digest) {
        let snapshot = StateSnapshot(ledger, root: root, mesh: mesh, key: key)
        let bytes = snapshot.encoded
        guard store.hasRoom(forFile: bytes.count) else {
            return logger.warning("no snapshot of the ledger's state was written: the disk is short of room")
        }
        let path = folder + "/" + Self.name(snapshot.position)
        do {
            try DurableFile.write(bytes, to: path, by: folder + "/" + Self.partial)
        } catch {
            return logger.warning(
                "no snapshot of the ledger's state was written", metadata: ["why": "\(error.message)"])
        }
        let kept = state.withLock { state in
            state.kept = (state.kept + [Kept(snapshot)]).suffix(Self.keptCount)
            state.notBefore = .min / 2
            return Set(state.kept.map(\.position))
        }
        logger.info(
            "a snapshot of the ledger's state was written",
            metadata: ["position": "\(snapshot.position)", "bytes": "\(bytes.count)"])
        for position in Self.positions(in: folder) where !kept.contains(position) {
            try? FileManager.default.removeItem(atPath: folder + "/" + Self.name(position))
        }
    }
}

extension StateSnapshots {
    /// Another log is about to take the place of the one in the folder.
    package static func removeAll(in folder: String) throws {
        for position in positions(in: folder) {
            try FileManager.default.removeItem(atPath: folder + "/" + name(position))
        }
    }
}
