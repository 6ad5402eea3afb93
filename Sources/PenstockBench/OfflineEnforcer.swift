internal import Foundation
internal import PenstockCore
internal import PenstockCrypto
internal import PenstockEnforcer
internal import PenstockNode
internal import PenstockSystem
internal import Synchronization

/// An enforcer without a ledger. A thread of its own renews the lease and frees the journal, as the ledger's answers
/// and shipping do elsewhere.
final class OfflineEnforcer: Sendable {
    let enforcer: Enforcer
    private let isOver = Atomic(false)
    private let keeper = Mutex<SystemThread?>(nil)

    /// - Parameter shards: as a node has them by itself, where nil.
    init(_ folder: String, shards: Int?) throws {
        let address = LedgerAddress(
            name: "ledger", requests: "", log: "", urgent: "", join: "", channelKey: "", signingKey: "")
        let identity = try Identity.makeKeys(
            in: folder + "/node", MemberFile(mesh: OfflineLog.mesh, name: "node", role: .enforcer, ledger: address)
        ).identity
        var options = EnforcerOptions(identity: identity, dataFolder: folder + "/data", journalBytes: 1 << 30)
        options.shards = shards ?? options.shards
        enforcer = try Enforcer(options)
    }

    /// From here on it is fresh, until `stop`.
    func start(_ view: View) throws {
        try enforcer.startOffline(view)
        let thread = try SystemThread(name: "keeper") { [enforcer, self] in
            var turn = 0
            while !isOver.load(ordering: .acquiring) {
                if turn.isMultiple(of: 50) { enforcer.renewLease(ledgerTime: Clocks.wall()) }
                try? enforcer.prepareJournal()
                if turn.isMultiple(of: 100) { try? enforcer.dropRecords() }
                SystemThread.sleep(milliseconds: 1)
                turn += 1
            }
        }
        keeper.withLock { $0 = thread }
        SystemThread.sleep(milliseconds: 300)
    }

    func stop() {
        isOver.store(true, ordering: .releasing)
        keeper.withLock { $0?.join() }
    }
}

extension OfflineEnforcer {
    /// What the machine gives where threads share nothing but its memory: as many enforcers as threads, one for each.
    /// Calls a second, together.
    static func separateRate<Input: Sendable>(
        _ threads: Int, shards: Int?, calls: Int, in folder: String, load: (OfflineEnforcer) throws -> Input,
        loop: @escaping @Sendable (Enforcer, Input, _ count: Int, _ thread: Int) -> Void
    ) throws -> Double {
        let hosts = try (0..<threads).map { try OfflineEnforcer("\(folder)/separate-\(threads)-\($0)", shards: shards) }
        let inputs = try hosts.map(load)
        defer { for host in hosts { host.stop() } }
        let each = calls / threads
        _ = try Parallel.run(threads) { loop(hosts[$0].enforcer, inputs[$0], each / 4, $0) }
        let started = Clocks.now()
        _ = try Parallel.run(threads) { loop(hosts[$0].enforcer, inputs[$0], each, $0) }
        return Double(each * threads) / (Double(Clocks.now() - started) / 1e9)
    }
}

/// A log in memory, of a mesh with one issuer.
struct OfflineLog {
    static let mesh = "bench"
    private(set) var view = View()
    let wall = Clocks.wall()
    private var position: Position = 0

    init(grants: Int) throws {
        let keys = NodeKeys(
            name: "issuer", role: .issuer, signing: [UInt8](repeating: 1, count: 32),
            channel: [UInt8](repeating: 1, count: 32))
        try append(.genesis([keys], Settings(maxStalenessMS: 1000, maxGraceMS: 0, clockRatePPM: 1000, marginMS: 50)))
        view.reserveCapacity(grants: grants)
    }

    mutating func append(_ kind: EventKind) throws {
        position += 1
        try view.apply(
            Event(id: SHA256.hash("\(position)"), mesh: Self.mesh, origin: "issuer", createdAt: wall, kind: kind),
            at: position)
    }
}
