internal import PenstockCore

/// A log of record on its disk, with the true time at which each event became durable. A restored one is another
/// branch: it shares a prefix with the log that it is a copy of.
final class SimLog {
    private(set) var events: [Event] = []
    /// Stands in for the tree's root after each event.
    private(set) var roots: [UInt64] = []
    private(set) var durableAt: [Int64] = []
    private(set) var positions: [Digest: Position] = [:]
    /// The newest epoch that was opened on it.
    var epoch: UInt64 = 0

    init() {}

    /// As a backup of the first events has it.
    init(copyOf log: SimLog, count: Int) {
        for index in 0..<count { append(log.events[index], at: log.durableAt[index]) }
        for case .epochOpened(let opened, _) in events.map(\.kind) { epoch = max(epoch, opened) }
    }

    var head: Position { Position(events.count) }

    func event(at position: Position) -> Event { events[Int(position) - 1] }

    /// 0 for the empty log; nil past its end.
    func root(at position: Position) -> UInt64? {
        if position == 0 { return 0 }
        return position <= head ? roots[Int(position) - 1] : nil
    }

    func append(_ event: Event, at trueTime: Int64) {
        events.append(event)
        roots.append(Self.root(after: roots.last ?? 0, event))
        durableAt.append(trueTime)
        positions[event.id] = head
    }

    static func root(after root: UInt64, _ event: Event) -> UInt64 { SimRandom.mix(root ^ event.id.bytes.prefix(8).reduce(0) { $0 << 8 | UInt64($1) }) | 1 }

    func isMember(_ name: String) -> Bool {
        !events.contains { if case .nodeExpelled(name, _) = $0.kind { true } else { false } }
    }

    /// Folds it anew, as a process does at its start.
    func fold() throws(FoldError) -> LedgerState {
        var state = LedgerState()
        for (index, event) in events.enumerated() { try state.apply(event, at: Position(index) + 1) }
        return state
    }
}
