internal import PenstockCore
internal import PenstockGatekeeper

/// Asked right before anything leaves: what was known when a line was queued may be old by then, on a side that does
/// not read by minutes.
extension GatewaySession {
    /// What is about to leave of a line.
    package enum Part: Sendable {
        case whole
        case first
        case middle
        case last
        /// Nothing, since the other side does not read, after a part has left.
        case nothing
    }

    package enum Writing: Sendable {
        /// Write the part; then do this.
        case write([Action])
        /// Do this, and ask again in a moment.
        case wait([Action])
        /// Of this line nothing more may leave.
        case drop([Action])
    }

    /// What a line of the server's is, on its way to the client.
    package struct Delivery: Sendable {
        enum Kind {
            case answer(RequestID)
            case request(RequestID)
            case notification
        }

        var number: UInt64
        var kind: Kind
    }

    /// A permit that has run out is not used: it is asked for again. One that is good still, and was asked for a while
    /// ago, needs a standing of now, for this process may have been stopped; and so does what has only a standing, and
    /// what follows a part that has left.
    package mutating func willWrite(_ ticket: Ticket, _ part: Part = .whole, at now: Int64) -> Writing {
        guard let entry = entries[ticket] else { return .drop([]) }
        switch (entry.stage, part) {
        case (.queued(let pass), .whole), (.queued(let pass), .first):
            if pass.permit != nil, now >= pass.usableUntil { return .drop(renew(ticket, entry, pass)) }
            guard isFresh(pass.permit == nil ? nil : pass, at: now) else {
                guard pass.permit == nil, let refused else { return .wait(askAnyway()) }
                _ = end(ticket)
                return .drop(deny(entry, refused.denial))
            }
            if case .whole = part { return .write(leave(ticket, pass)) }
            entries[ticket]!.stage = .writing(pass)
            return .write([])
        case (.writing(let pass), .nothing):
            let isKnown = pass.permit != nil && now < pass.usableUntil || isLive(at: now)
            return isKnown ? .write([]) : goOn(ticket)
        case (.writing(let pass), .middle), (.writing(let pass), .last):
            guard isFresh(pass.permit == nil ? nil : pass, at: now) else { return goOn(ticket) }
            if case .last = part { return .write(leave(ticket, pass)) }
            return .write([])
        default: return .drop([])
        }
    }

    /// Half a line is not given up because the view is late, unless it stays so.
    private mutating func goOn(_ ticket: Ticket) -> Writing {
        guard let refused, refused.times >= GatewayLimits.standingRechecks else { return .wait(askAnyway()) }
        return .drop(stop(ticket, refused.denial.reason))
    }

    /// - Parameter part: of the line.
    package mutating func willDeliver(_ delivery: Delivery, _ part: Part = .whole, at now: Int64) -> Writing {
        if case .nothing = part, isLive(at: now) { return .write([]) }
        if isFresh(nil, at: now) { return .write([]) }
        guard let refused, refused.delivery >= delivery.number else { return .wait(askAnyway()) }
        switch part {
        case .whole, .first: break
        // As above.
        case .middle, .last, .nothing:
            guard Self.isOver(refused.denial.reason) || refused.times >= GatewayLimits.standingRechecks else {
                return .wait(askAnyway())
            }
        }
        counters.dropped += 1
        switch delivery.kind {
        case .answer(let id): return .drop(deny(id, refused.denial))
        case .request(let id): return .drop(refuse(id, refused.denial))
        case .notification: return .drop([])
        }
    }

    mutating func pass(_ line: [UInt8], _ kind: Delivery.Kind) -> [Action] {
        lastDelivery += 1
        return [.toClient(line, Delivery(number: lastDelivery, kind: kind))]
    }

    /// The server is answered what it asked of an agent that may not hear it.
    mutating func refuse(_ request: RequestID, _ denial: Decision) -> [Action] {
        guard serverRequests.remove(request) != nil else { return [] }
        return [.toServer(Replies.denial(request, denial, detail: nil), nil)]
    }

    private func isLive(at now: Int64) -> Bool {
        live.map { $0.standings == standings && now < $0.usableUntil } ?? false
    }

    /// Whether that permit, or the last standing, is an answer of now.
    private func isFresh(_ permit: Pass?, at now: Int64) -> Bool {
        if let permit, now < permit.usableUntil, now - permit.askedAt <= GatewayLimits.answerMS { return true }
        return isLive(at: now) && now - live!.askedAt <= GatewayLimits.answerMS
    }

    private mutating func askAnyway() -> [Action] {
        isPulseDue = true
        return ask()
    }

    private mutating func renew(_ ticket: Ticket, _ entry: Entry, _ pass: Pass) -> [Action] {
        let release = pass.permit.map { [Action.release($0.id)] } ?? []
        guard let call = entry.call, entry.rechecks < GatewayLimits.rechecks else {
            _ = end(ticket)
            return release + deny(entry, Decision(reason: .staleView, decisionID: pass.permit?.decisionID ?? ""))
        }
        entries[ticket]!.rechecks += 1
        entries[ticket]!.stage = .asking(epoch: epoch)
        return release + [.check(ticket, call)]
    }

    /// What nobody answers ends as it leaves.
    private mutating func leave(_ ticket: Ticket, _ pass: Pass) -> [Action] {
        started(ticket, pass.permit)
        guard entries[ticket]!.id == nil, let entry = end(ticket) else { return [] }
        if let answered = entry.answers { serverRequests.remove(answered) }
        return settle(pass.permit, entry)
    }

    /// The line could not be written.
    ///
    /// - Parameter untouched: no byte of it left.
    package mutating func couldNotWrite(_ ticket: Ticket, untouched: Bool) -> [Action] {
        guard let entry = end(ticket) else { return [] }
        let permit: Permit?
        switch entry.stage {
        case .running(let running):
            permit = running
            counters.forwarded -= untouched ? 1 : 0
        case .queued(let pass), .writing(let pass): permit = pass.permit
        default: return []
        }
        let hold = untouched ? permit.map { [.release($0.id)] } ?? [] : settle(permit, entry)
        return hold + fail(entry.id, "the server does not read")
    }
}
