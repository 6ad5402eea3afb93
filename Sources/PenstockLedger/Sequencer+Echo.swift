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
    /// Enters an echo in the table before the log is read for it. Returns what is to be answered.
    func register(_ echo: Penstock_V1_Echo, _ incoming: Incoming) -> EchoTurn? {
        do throws(Refusal) {
            var progress = try progress(echo.incarnation, applied: echo.applied, heard: echo.heard)
            progress.version = String(echo.version.prefix(64))
            progress.viewAgeMS = echo.viewAgeMs
            try ledger.register(progress, from: incoming.sender, agrees: agrees(echo.applied, [UInt8](echo.root)), at: Clocks.now())
            routes[progress.incarnation] = incoming.route
            recorded[incoming.sender.name] = (progress.incarnation, echo.recorded, Clocks.now())
            return EchoTurn(incoming: incoming, progress: progress, nonce: echo.nonce, rates: echo.hasRates ? RateStatement(echo.rates) : nil)
        } catch {
            refuse(incoming, error)
            return nil
        }
    }

    private func progress(_ incarnation: Data, applied: Position, heard: Position) throws(Refusal) -> NodeProgress {
        guard let incarnation = Incarnation(incarnation) else { throw Refusal(.malformed, "an incarnation has 16 bytes") }
        return NodeProgress(incarnation: incarnation, applied: applied, heard: max(applied, heard))
    }

    /// Whether this log's tree has that root at that size. A node that has folded nothing agrees with every log.
    private func agrees(_ applied: Position, _ root: [UInt8]) -> Bool {
        applied == 0 || tree.root(size: applied)?.bytes == root
    }

    struct EchoTurn {
        var incoming: Incoming
        var progress: NodeProgress
        var nonce: UInt64
        var rates: RateStatement?
    }

    func answer(_ echoes: [EchoTurn]) {
        guard !echoes.isEmpty else { return }
        let head: LogHead
        do {
            head = try store.head()
        } catch {
            halt("the log cannot be read: \(error)")
            return
        }
        for echo in echoes {
            guard
                let reply = ledger.answer(
                    echo.progress, nonce: echo.nonce, rates: echo.rates, from: echo.incoming.sender, readHead: head.position, readEpoch: head.epoch,
                    at: Clocks.now())
            else { return }
            send(Reply(id: echo.incoming.id, .echo(.with {
                $0.nonce = reply.nonce
                $0.epoch = reply.epoch
                $0.head = reply.head
                $0.ledgerTimeMs = reply.ledgerTime
                $0.latestMs = reply.latest
                if let rates = reply.rates { $0.rates = rates.proto }
            })), to: echo.incoming.route)
        }
    }

    func take(_ ack: Penstock_V1_Ack, _ incoming: Incoming) {
        do throws(Refusal) {
            var progress = try progress(ack.incarnation, applied: ack.applied, heard: ack.heard)
            progress.urgent = ack.urgent
            progress.ended = ack.ended
            let over = try ledger.acknowledge(progress, from: incoming.sender, agrees: agrees(ack.applied, [UInt8](ack.root)), at: Clocks.now())
            for request in over {
                if let waiting = parked.removeValue(forKey: request.requestID) { refuse(waiting, Ledger.ended) }
            }
        } catch {
            refuse(incoming, error)
        }
    }

    // MARK: Barriers

    func wait(for position: Position, _ incoming: Incoming, milliseconds: UInt32) {
        // The request came again, over the same connection.
        guard !waiters.contains(where: { $0.incoming.route == incoming.route && $0.incoming.id == incoming.id }) else { return }
        guard waiters.count < Limits.barriers, waiters.count(where: { $0.incoming.sender.name == incoming.sender.name }) < Limits.barriersPerMember else {
            return refuse(incoming, Refusal(.busy, "too many wait for barriers; the event stands at position \(position)", retryAfterMS: 200))
        }
        guard ledger.openBarrier(position, at: Clocks.now()) else {
            return refuse(incoming, Refusal(.notFound, "no barrier is open for position \(position)"))
        }
        let deadline = Clocks.now() + Instant(milliseconds) * .nanosecondsPerMillisecond
        waiters.append(BarrierWaiter(position: position, incoming: incoming, deadline: deadline))
    }

    func stepBarriers(at now: Instant) {
        evidence.formUnion(ledger.stepBarriers(at: now))
        guard !waiters.isEmpty else { return }
        var left: [BarrierWaiter] = []
        for waiter in waiters {
            guard let barrier = ledger.barriers[waiter.position] else { continue }
            if barrier.state != .waiting {
                send(Reply(id: waiter.incoming.id, .barrier(page(describe(barrier, at: now), from: 0))), to: waiter.incoming.route)
            } else if now >= waiter.deadline {
                answerPartial(waiter, at: now)
            } else {
                left.append(waiter)
            }
        }
        waiters = left
    }

    func answerPartial(_ waiter: BarrierWaiter, at now: Instant) {
        guard let barrier = ledger.barriers[waiter.position] else { return }
        send(Reply(id: waiter.incoming.id, .barrier(page(describe(barrier, at: now), from: 0))), to: waiter.incoming.route)
    }

    /// - Parameter counts: the grants that it matches are counted, which looks at all.
    func describe(_ barrier: Barrier, counts: Bool = true, at now: Instant) -> Penstock_V1_BarrierReply {
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
            if counts, let standing = ledger.state.view.restrictions[barrier.position] {
                $0.matchedGrants = UInt64(ledger.state.view.matchedGrants(standing.restriction.selector))
            }
        }
    }
}
