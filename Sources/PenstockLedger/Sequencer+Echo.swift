internal import Foundation
internal import PenstockCore
internal import PenstockCrypto
internal import PenstockNode
internal import PenstockProto
internal import PenstockStore
internal import PenstockTransport
internal import PenstockWire
internal import SwiftProtobuf

extension Sequencer {
    /// Enters an echo in the table before the log is read for it. Returns whether it gets an answer.
    func register(_ echo: Penstock_V1_Echo, _ incoming: Incoming) -> Bool {
        do throws(Refusal) {
            if let halted { throw Refusal(.halted, "the ledger has stopped: \(halted)") }
            guard incoming.sender.role == .enforcer else { throw Refusal(.notPermitted, "only an enforcer holds a lease") }
            guard let incarnation = Incarnation(echo.incarnation) else { throw Refusal(.malformed, "an incarnation has 16 bytes") }
            guard !state.retired.contains(incarnation) else { throw Refusal(.retired, "a successor has closed this incarnation's slices; restart the node") }
            try checkPrefix(echo.applied, root: [UInt8](echo.root), incoming)
            let now = Clocks.now()
            guard presence.echoed(incarnation, node: incoming.sender.name, at: now) else { throw Refusal(.notPermitted, "the incarnation is another node's") }
            presence.described(incarnation, version: String(echo.version.prefix(64)), viewAgeMS: echo.viewAgeMs)
            _ = presence.acked(incarnation, node: incoming.sender.name, applied: echo.applied, urgent: [], ended: false, at: now)
            return true
        } catch {
            refuse(incoming, error)
            return false
        }
    }

    /// A view that is ahead of this log, or folded from other events, proves that one of the two is not the other's prefix.
    private func checkPrefix(_ applied: Position, root: [UInt8], _ incoming: Incoming) throws(Refusal) {
        if applied > 0, let here = tree.root(size: applied), here.bytes == root { return }
        let detail = applied > tree.size ? "it is at position \(applied), this log ends at \(tree.size)" : "its root at position \(applied) differs"
        halt("node '\(incoming.sender.name)' has folded another log: \(detail). If this log was restored from a backup, restore the newest one")
        throw Refusal(.diverged, "this ledger's log is not the one that the node has folded: \(detail)")
    }

    func answer(_ echoes: [(Incoming, Penstock_V1_Echo)]) {
        guard !echoes.isEmpty else { return }
        let head: Position
        let epoch: UInt64
        do {
            let read = try store.head()
            (head, epoch) = (read.position, read.epoch)
        } catch {
            halt("the log cannot be read: \(error)")
            return
        }
        guard head == state.view.position, epoch == state.epoch else {
            halt("the log of record is at \(head) in epoch \(epoch), this process at \(state.view.position) in \(state.epoch)")
            return
        }
        let wall = Clocks.wall()
        for (incoming, echo) in echoes {
            guard let incarnation = Incarnation(echo.incarnation) else { continue }
            presence.echoed(incarnation, node: incoming.sender.name, at: Clocks.now())
            send(Reply(id: incoming.id, .echo(.with {
                $0.nonce = echo.nonce
                $0.epoch = epoch
                $0.head = head
                $0.ledgerTimeMs = wall
            })), to: incoming.route)
        }
    }

    func take(_ ack: Penstock_V1_Ack, _ incoming: Incoming) {
        do throws(Refusal) {
            guard incoming.sender.role == .enforcer else { throw Refusal(.notPermitted, "only an enforcer acknowledges") }
            guard let incarnation = Incarnation(ack.incarnation) else { throw Refusal(.malformed, "an incarnation has 16 bytes") }
            guard ack.urgent.count <= Limits.submissionsPerTurn else { throw Refusal(.malformed, "too many positions in one acknowledgement") }
            try checkPrefix(ack.applied, root: [UInt8](ack.root), incoming)
            let now = Clocks.now()
            guard presence.acked(incarnation, node: incoming.sender.name, applied: ack.applied, urgent: ack.urgent.filter { barriers[$0] != nil }, ended: ack.ended, at: now) else {
                throw Refusal(.notPermitted, "the incarnation is unknown or another node's")
            }
        } catch {
            refuse(incoming, error)
        }
    }

    // MARK: Barriers

    func wait(for position: Position, _ incoming: Incoming, milliseconds: UInt32) {
        guard barriers[position] != nil, waiters.count < Limits.barriers else {
            refuse(incoming, Refusal(.notFound, "no barrier is open for position \(position)"))
            return
        }
        // The request came again, over the same connection.
        guard !waiters.contains(where: { $0.route == incoming.route && $0.requestID == incoming.id }) else { return }
        let deadline = Clocks.now() + Instant(milliseconds) * .nanosecondsPerMillisecond
        waiters.append(BarrierWaiter(position: position, route: incoming.route, requestID: incoming.id, deadline: deadline))
    }

    func stepBarriers(at now: Instant) {
        for position in barriers.keys where barriers[position]!.state == .waiting {
            if barriers[position]!.step(presence, at: now) { evidence.append(position) }
        }
        guard !waiters.isEmpty else { return }
        var left: [BarrierWaiter] = []
        for waiter in waiters {
            guard let barrier = barriers[waiter.position] else { continue }
            if barrier.state != .waiting {
                send(Reply(id: waiter.requestID, .barrier(describe(barrier, at: now))), to: waiter.route)
            } else if now >= waiter.deadline {
                answerPartial(waiter, at: now)
            } else {
                left.append(waiter)
            }
        }
        waiters = left
    }

    func answerPartial(_ waiter: BarrierWaiter, at now: Instant) {
        guard let barrier = barriers[waiter.position] else { return }
        send(Reply(id: waiter.requestID, .barrier(describe(barrier, at: now))), to: waiter.route)
    }

    func describe(_ barrier: Barrier, at now: Instant) -> Penstock_V1_BarrierReply {
        .with {
            $0.position = barrier.position
            $0.eventID = Data(barrier.eventID.bytes)
            switch barrier.state {
            case .waiting: $0.state = .partial
            case .closed: $0.state = .closed
            case .lifted: $0.state = .lifted
            }
            let end = barrier.state == .waiting ? now : barrier.settledAt
            $0.elapsedUs = (end - barrier.openedAt) / 1000
            $0.boundMs = barrier.bound / .nanosecondsPerMillisecond
            $0.nodes = barrier.nodes.map { node in
                .with {
                    $0.node = node.node
                    $0.incarnation = node.incarnation == .unknown ? Data() : Data(node.incarnation.bytes)
                    $0.afterMs = ((node.state == .pending ? now : node.settledAt) - barrier.openedAt) / .nanosecondsPerMillisecond
                    $0.appliedPosition = node.applied
                    switch node.state {
                    case .enforced:
                        $0.state = .enforced
                        $0.evidence = "acknowledged"
                    case .fenced:
                        $0.state = .fenced
                        $0.evidence = node.incarnation == .unknown ? "no lease given before this ledger started can be live" : "no lease given to it can be live"
                    case .pending:
                        $0.state = .pending
                        $0.fencedInMs = max(0, node.fencedAt - now) / .nanosecondsPerMillisecond
                    }
                    $0.cosigned = cosigned[barrier.position]?.contains(node.node) ?? false
                }
            }
            if let standing = state.view.restrictions[barrier.position] {
                $0.matchedGrants = UInt64(state.view.matchedGrants(standing.restriction.selector))
            }
        }
    }
}
