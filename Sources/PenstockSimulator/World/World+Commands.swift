internal import PenstockCore

/// Commands on their way to the ledger, which are sent again until they are answered.
extension World {
    func command(
        _ kind: EventKind, by name: String, origin: String? = nil, isForged: Bool = false, barrierMS: Int64? = nil
    ) {
        let event = event(kind, by: origin ?? name)
        commands.append(
            Command(event: event, isForged: isForged, name: name, barrierMS: barrierMS, givesUpAt: now + 6_000_000_000))
        submit(commands.count - 1)
    }

    /// Sends it, and looks again after a second.
    func submit(_ number: Int) {
        let command = commands[number]
        guard !command.isDone, now < command.givesUpAt else { return }
        let request = SimRequest.submit(Submission(event: command.event, isForged: command.isForged))
        let inbound = Inbound(sender: .command(number), name: command.name, id: UInt64(number), request: request)
        if !inner.chance(30) { queue.add(.atLedger(inbound, to: host.log), at: now + inner.between(100_000, 900_000)) }
        queue.add(.retry(command: number), at: now + 1_000_000_000)
    }

    func answered(_ number: Int, _ reply: SimReply) {
        if case .refused(let refusal) = reply, refusal.retryAfterMS > 0 { return }
        commands[number].isDone = true
    }
}
