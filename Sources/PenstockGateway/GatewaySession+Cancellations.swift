internal import PenstockCore
package import PenstockGatekeeper

/// What is taken away from calls that wait or run.
extension GatewaySession {
    package mutating func cancelled(_ cancellation: Cancellation) -> [Action] {
        if cancellation.decisionID.isEmpty { return restricted() }
        for (ticket, entry) in entries {
            let permit: Permit? =
                switch entry.stage {
                case .running(let permit): permit
                case .queued(let pass), .ready(let pass), .writing(let pass): pass.permit
                default: nil
                }
            if permit?.decisionID == cancellation.decisionID { return stop(ticket, cancellation.reason) }
        }
        early.insert(cancellation.decisionID, cancellation.reason)
        return []
    }

    /// Authority was taken from somebody: what is known of this grant is old.
    private mutating func restricted() -> [Action] {
        standings += 1
        return pulse()
    }

    /// Cancellations are no longer told: whatever runs under a permit might be revoked.
    package mutating func cancellationsLost() -> [Action] {
        isWatched = false
        epoch += 1
        standings += 1
        let stopped = entries.keys.sorted().flatMap { ticket -> [Action] in
            switch entries[ticket]?.stage {
            case .running(.some): stop(ticket, .noView)
            case .queued(let pass), .ready(let pass), .writing(let pass):
                pass.permit == nil ? [] : stop(ticket, .noView)
            default: []
            }
        }
        return stopped + cancelTasks()
    }

    package mutating func cancellationsResumed() { isWatched = true }

    mutating func stop(_ ticket: Ticket, _ reason: Reason) -> [Action] {
        guard let entry = end(ticket) else { return [] }
        counters.cancelled += 1
        var permit: Permit?
        var actions: [Action] = []
        switch entry.stage {
        case .running(let held):
            permit = held
            if let id = entry.id {
                tombstones.insert(id, reason)
                actions.append(.toServer(Replies.cancel(id, reason), nil))
            }
            actions += settle(permit, entry)
        case .writing(let pass):
            // The server's input ends with it, so there is nothing to cancel.
            permit = pass.permit
            actions += settle(permit, entry)
            if let own = entry.answers { serverRequests.remove(own) }
        case .queued(let pass), .ready(let pass):
            permit = pass.permit
            if let permit { actions.append(.release(permit.id)) }
        case .asking, .requiring, .waiting, .filtering: break
        }
        guard let id = entry.id else { return actions }
        return actions + [.toClient(Replies.denial(id, Decision(reason: reason, decisionID: permit?.decisionID ?? "")))]
    }
}
