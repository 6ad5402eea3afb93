internal import PenstockCore

/// A log of record on its disk, with the true time at which each event became durable. A restored one is another
/// branch: it shares a prefix with the log that it is a copy of.
final class SimLog {
    private(set) var events: [Event] = []
    /// Stands in for the tree's root after each event.
    private(set) var roots: [Digest] = []
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

    /// Nil past its end.
    func root(at position: Position) -> Digest? {
        if position == 0 { return .zero }
        return position <= head ? roots[Int(position) - 1] : nil
    }

    func append(_ event: Event, at trueTime: Int64) {
        events.append(event)
        roots.append(Self.root(after: roots.last ?? .zero, event))
        durableAt.append(trueTime)
        positions[event.id] = head
    }

    static func root(after root: Digest, _ event: Event) -> Digest {
        Digest(words: (SimRandom.mix(root.words.0 ^ event.id.words.0) | 1, 0, 0, 0))
    }

    func isMember(_ name: String) -> Bool {
        !events.contains { if case .nodeExpelled(name, _) = $0.kind { true } else { false } }
    }

    /// Folds it anew, as a process does at its start: from a snapshot of the state after its first half. Throws where
    /// that comes to another state than the whole log does.
    func fold() throws(FoldError) -> LedgerState {
        var (whole, resumed) = (LedgerState(), LedgerState())
        for (index, event) in events.enumerated() {
            let position = Position(index) + 1
            try whole.apply(event, at: position)
            if position == head / 2 {
                resumed = try LedgerState(view: View(image: whole.view.image), image: whole.image)
            } else if position > head / 2 {
                try resumed.apply(event, at: position)
            }
        }
        guard resumed.image == whole.image, resumed.view.image == whole.view.image else {
            throw FoldError(position: head, problem: "a snapshot and the events behind it fold another state")
        }
        return resumed
    }
}
