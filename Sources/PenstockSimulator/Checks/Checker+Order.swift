internal import PenstockCore

/// The order of the ledger's turn: nothing of an event is told before it is durable, and what is urgent goes first.
struct TurnOrder {
    /// Restrictions that were published on the urgent lane.
    var urgent: Set<Position> = []
    /// How often each request that waits for a barrier was taken in, less the answers to it.
    var waiting: [Inbound: Int] = [:]
}

extension Checker {
    /// An event goes out on one of the lanes.
    mutating func published(_ event: Event, at position: Position, isUrgent: Bool, _ log: SimLog) -> Violation? {
        guard isDurable(event.id, at: position, log) else {
            return Violation(.log, "position \(position) is published, and not durable")
        }
        guard case .restricted = event.kind else { return nil }
        if isUrgent {
            order.urgent.insert(position)
            return nil
        }
        return order.urgent.contains(position)
            ? nil : Violation(.revocation, "position \(position) is on the log's lane before it is on the urgent one")
    }

    /// A submission is answered.
    mutating func acknowledged(_ position: Position, _ id: Digest, _ log: SimLog) -> Violation? {
        guard isDurable(id, at: position, log) else {
            return Violation(.log, "position \(position) is acknowledged, and not durable")
        }
        acknowledged.append((position, id))
        return nil
    }

    /// A node hears of a slice, which it may spend.
    func granted(_ placed: PlacedSlice, _ log: SimLog) -> Violation? {
        let isDurable =
            placed.position <= log.head && log.event(at: placed.position).kind == .sliceReserved(placed.slice)
        return isDurable
            ? nil : Violation(.ceiling, "the slice of position \(placed.position) is given out, and not durable")
    }

    private func isDurable(_ id: Digest, at position: Position, _ log: SimLog) -> Bool {
        position <= log.head && log.event(at: position).id == id
    }

    /// A request that waits for a barrier is taken in: it is answered once.
    mutating func waits(_ inbound: Inbound) { order.waiting[inbound, default: 0] += 1 }

    mutating func waited(_ inbound: Inbound) -> Violation? {
        let left = order.waiting[inbound, default: 0] - 1
        order.waiting[inbound] = left
        return left >= 0 ? nil : Violation(.evidence, "a request that waits for a barrier is answered twice")
    }

    /// A node states that it has applied every entry below the size.
    func cosigned(_ size: Position, _ process: EnforcerProcess, _ machine: Machine) -> Violation? {
        size <= process.follower.applied
            ? nil
            : Violation(
                .evidence,
                "machine \(machine.index) cosigns a log of \(size), of which it has applied \(process.follower.applied)"
            )
    }

    /// Records leave a node's journal once the ledger has them, and what they prove is noted behind them.
    func released(_ last: UInt64, _ process: EnforcerProcess, _ machine: Machine) -> Violation? {
        guard machine.disk.seen.shipped >= last else {
            return Violation(
                .evidence, "machine \(machine.index) lets records go of which it has not noted that they are shipped")
        }
        let carried = machine.disk.carried(from: process.carryFrom)
        for slice in process.enforcement.heldSlices where slice.used > 0 && carried[slice.id] != slice.used {
            return Violation(
                .ceiling, "machine \(machine.index) lets records go that alone prove what slice \(slice.id) spent")
        }
        return nil
    }
}
