internal import Foundation
internal import PenstockCore
internal import PenstockNode
internal import PenstockProto
internal import PenstockTransport
internal import PenstockWire

extension Sequencer {
    struct Incoming: Sendable {
        var route: RoutingID
        var sender: NodeKeys
        var id: UInt64
    }

    /// A request that waits for its turn, as it came: decoded it would take many times the memory.
    struct Work: Sendable {
        var incoming: Incoming
        var payload: [UInt8]
    }

    /// Reads what has come and queues each request behind its sender's own. Returns whether anything had come.
    ///
    /// Bounded by number and time: what is left stays in its connection's queue, of which libzmq takes one message each
    /// in rotation, so that a loud member's messages delay another's by one each.
    func receive() -> Bool {
        var count = 0
        let until = Clocks.now() + Self.readingTime
        while count < Limits.messagesPerTurn, let message = requests.receive() {
            count += 1
            enqueue(message)
            if count % 16 == 0, Clocks.now() > until { break }
        }
        isBehind = requests.hasWaiting
        return count > 0
    }

    private static var readingTime: Nanoseconds { 4 * .nanosecondsPerMillisecond }

    private func enqueue(_ message: InboundMessage) {
        guard let route = message.route, let name = message.userID, let sender = ledger.state.view.member(name) else {
            return count("refused_strangers")
        }
        let request: Request
        do {
            request = try Request(bytes: message.payload)
        } catch {
            count("refused_\(error.code.rawValue)")
            send(Reply(id: 0, .refused(Refusal(error).proto)), to: route)
            return
        }
        let incoming = Incoming(route: route, sender: sender, id: request.id)
        let kind = request.kind!
        count("received_\(kind.name)")
        let lane = Self.lane(of: kind, from: sender)
        let cost = Self.cost(of: kind) + TurnCost.bytes(message.payload.count)
        guard !shares.offer(Work(incoming: incoming, payload: message.payload), of: name, in: lane, cost: cost) else { return }
        count("busy_\(lane.name)_\(name)")
        overShare[name] = Clocks.now()
        refuse(incoming, Refusal(.busy, "too much of '\(name)' waits at the ledger already", retryAfterMS: lane.retryAfterMS))
    }

    static func lane(of kind: Request.OneOf_Kind, from sender: NodeKeys) -> Lane {
        switch kind {
        case .submit(let submit):
            switch sender.role {
            case .enforcer: .spend
            case .operator: isUrgent(submit) ? .restriction : .submission
            case .issuer, .auditor, .ledger: .submission
            }
        case .reserve: .spend
        case .echo, .ack: .lease
        case .decisions: .decisions
        case .cosign: .submission
        case .fetch, .snapshot, .receipt, .status, .audit, .head, .budgets, .proof, .barrier: .query
        }
    }

    /// Whether it is what an operator stops agents and nodes with, or lets them go on.
    private static func isUrgent(_ submit: Penstock_V1_Submit) -> Bool {
        switch (try? SignedEvent(entry: [UInt8](submit.event)))?.event.kind {
        case .restricted, .lifted, .nodeExpelled: true
        default: false
        }
    }

    private static func cost(of kind: Request.OneOf_Kind) -> Int64 {
        switch kind {
        case .submit, .cosign: TurnCost.event
        case .reserve: TurnCost.reserve
        case .echo, .ack: TurnCost.lease
        case .decisions: TurnCost.decisions
        case .head, .proof: TurnCost.proof
        case .fetch, .snapshot, .receipt, .status, .budgets, .barrier: TurnCost.page
        case .audit: 4 * TurnCost.page
        }
    }

    /// One turn over what waits, lane by lane, each member its share: writes first, in one commit; then echoes, from a
    /// read of the log that begins after they came; then the rest.
    func handle() {
        var batch = Batch()
        var echoes: [EchoTurn] = []
        for lane in [Lane.restriction, .lease, .spend, .submission] {
            for work in takeUp(lane) {
                switch Self.kind(of: work) {
                case .submit(let submit): take(submit, work.incoming, &batch)
                case .reserve(let reserve): take(reserve, work.incoming, &batch)
                case .echo(let echo): if let turn = register(echo, work.incoming) { echoes.append(turn) }
                case .ack(let ack): take(ack, work.incoming)
                case let kind: answer(kind, work.incoming)
                }
            }
        }
        try? sayEpoch(&batch)
        serveWaiting(&batch)
        warn(&batch)
        _ = commit(&batch)
        recall(at: Clocks.now())
        answer(echoes)
        // Whoever waits for a revoke hears of it before anybody's questions are answered.
        stepBarriers(at: Clocks.now())
        for lane in [Lane.decisions, .query] {
            for work in takeUp(lane) { answer(Self.kind(of: work), work.incoming) }
            if let fence = ledger.nextFence, fence <= Clocks.now() { stepBarriers(at: Clocks.now()) }
        }
    }

    private static func kind(of work: Work) -> Request.OneOf_Kind {
        guard let kind = (try? Request(bytes: work.payload))?.kind else { preconditionFailure("a request that was queued was decoded before") }
        return kind
    }

    /// This turn's share of a lane, without what members asked who were expelled since.
    private func takeUp(_ lane: Lane) -> [Work] {
        shares.take(lane, at: Clocks.now()).filter { work in
            let isMember = ledger.state.view.member(work.incoming.sender.name) == work.incoming.sender
            if !isMember { count("refused_strangers") }
            return isMember
        }
    }

    func refuse(_ incoming: Incoming, _ refusal: Refusal) {
        count("refused_\(refusal.code.rawValue)")
        send(Reply(id: incoming.id, .refused(refusal.proto)), to: incoming.route)
    }
}
