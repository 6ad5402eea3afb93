package import PenstockCore
package import PenstockGatekeeper
internal import PenstockJSON

// MARK: - Decisions

extension GatewaySession {
    /// - Parameter askedAt: the caller's monotonic clock, in milliseconds, before it asked.
    package mutating func decided(_ ticket: Ticket, _ decision: Decision, askedAt: Int64) -> [Action] {
        guard let entry = entries[ticket], case .asking(let asked) = entry.stage else {
            return decision.isAllow && !decision.permitID.isEmpty ? [.release(decision.permitID)] : []
        }
        if let problem = entry.problem {
            _ = end(ticket)
            let release = decision.permitID.isEmpty ? [] : [Action.release(decision.permitID)]
            let denial = decision.isAllow ? Decision(reason: .malformed) : decision
            return release + deny(entry.id, denial, detail: denial.reason == .malformed ? problem : nil)
        }
        guard decision.isAllow else {
            _ = end(ticket)
            return deny(entry.id, decision)
        }
        var void: Reason?
        if decision.decisionID.isEmpty || decision.permitID.isEmpty { void = .unrecordable }
        if !isWatched || asked != epoch { void = .noView }
        if let reason = early.remove(decision.decisionID) { void = reason }
        if let void {
            _ = end(ticket)
            let answer = deny(entry.id, Decision(reason: void, decisionID: decision.decisionID))
            return (decision.permitID.isEmpty ? [] : [.release(decision.permitID)]) + answer
        }
        let permit = Permit(id: decision.permitID, decisionID: decision.decisionID)
        let pass = Pass(
            permit: permit, usableUntil: askedAt + decision.validForMS, askedAt: askedAt, standings: standings)
        // What the client said before it, such as the end of the handshake, is not overtaken.
        if let first = waiting.first, first < ticket {
            entries[ticket]!.stage = .ready(pass)
            ready.append(ticket)
            return []
        }
        return queue(ticket, pass)
    }

    mutating func queue(_ ticket: Ticket, _ pass: Pass) -> [Action] {
        entries[ticket]!.stage = .queued(pass)
        return [.toServer(entries[ticket]!.line, ticket)]
    }

    package mutating func previewed(_ ticket: Ticket, _ reasons: [Reason]) -> [Action] {
        guard let entry = entries[ticket] else { return [] }
        switch entry.stage {
        case .requiring(let call):
            let reason = reasons.first ?? .noView
            guard ListFilter.verdict(reason) == .shown else {
                _ = end(ticket)
                return deny(entry.id, Decision(reason: reason))
            }
            entries[ticket]!.call = call
            entries[ticket]!.stage = .asking(epoch: epoch)
            return [.check(ticket, call)]
        case .filtering(let answer, let bytes, let asked):
            if let reason = reasons.first(where: { ListFilter.verdict($0) == .unknown }) {
                _ = end(ticket)
                return deny(
                    entry.id, Decision(reason: reason), detail: "which entries of the list may be had is not known")
            }
            // Somebody was restricted since.
            guard asked == standings else {
                guard entry.rechecks < GatewayLimits.standingRechecks else {
                    _ = end(ticket)
                    return deny(entry.id, Decision(reason: .staleView))
                }
                entries[ticket]!.rechecks += 1
                entries[ticket]!.stage = .filtering(answer, bytes: bytes, standings: standings)
                return [previews(ticket, entry.list!, answer)]
            }
            _ = end(ticket)
            return pass(entry.list!.filtered(answer, reasons).bytes, .answer(entry.id!))
        case .asking, .waiting, .ready, .queued, .writing, .running: return []
        }
    }
}
