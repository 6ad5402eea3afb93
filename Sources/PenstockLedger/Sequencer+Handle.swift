internal import Foundation
internal import PenstockCore
internal import PenstockProto
internal import PenstockSystem
internal import PenstockTransport
internal import PenstockWire

extension Sequencer {
    typealias Incoming = Caller<RoutingID>

    /// A request that waits for its turn, as it came: decoded it would take many times the memory.
    struct Work: Sendable {
        var incoming: Incoming
        var payload: [UInt8]
    }

    /// Reads what has come and queues each request behind its sender's own.
    ///
    /// Bounded by number and time: what is left stays in its connection's queue, of which libzmq takes one message each
    /// in rotation, so that a loud member's messages delay another's by one each.
    func receive() {
        var count = 0
        let until = Clocks.now() + Self.readingTime
        while count < Limits.messagesPerTurn, let message = requests.receive() {
            count += 1
            enqueue(message)
            if count % 16 == 0, Clocks.now() > until { break }
        }
        isBehind = requests.hasWaiting
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
        guard !shares.offer(Work(incoming: incoming, payload: message.payload), of: name, in: lane, cost: cost) else {
            return
        }
        count("busy_\(lane.name)_\(name)")
        overShare[name] = Clocks.now()
        refuse(
            incoming,
            Refusal(.busy, "too much of '\(name)' waits at the ledger already", retryAfterMS: lane.retryAfterMS))
    }

    /// One turn over what waits, lane by lane, each member its share: writes first, in one commit; then echoes, from a
    /// read of the log that begins after they came; then the rest.
    func handle() {
        for lane in [Lane.restriction, .lease, .spend, .submission] {
            enter(takeUp(lane).map { (Self.kind(of: $0), $0.incoming) })
        }
        enterJoins()
        enterArchived()
        runTurn()
        // Whoever waits for a revoke hears of it before anybody's questions are answered.
        perform(turn.step(at: Clocks.now()))
        for lane in [Lane.decisions, .query] {
            for work in takeUp(lane) { answer(Self.kind(of: work), work.incoming) }
            if let due = turn.dueAt(Clocks.now()), due <= Clocks.now() { perform(turn.step(at: Clocks.now())) }
        }
    }

    private static func kind(of work: Work) -> Request.OneOf_Kind {
        guard let kind = (try? Request(bytes: work.payload))?.kind else {
            preconditionFailure("a request that was queued was decoded before")
        }
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
}
