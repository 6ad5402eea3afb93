internal import PenstockCore

/// The disk under the log: what is kept for restrictions, and what must hold while it is all that is left.
extension World {
    func measureDisk() {
        host.turnRoom = host.disk.room
        for request in host.ledger!.storeTakes(host.turnRoom) {
            if let waiting = host.parked.removeValue(forKey: request.requestID) { reply(.refused(Refusal(.full, "", retryAfterMS: 1000)), to: waiting) }
        }
    }

    /// A commit uses up room that is kept for restrictions; nothing else may come near it.
    func takeRoom(for events: [Event]) {
        guard !events.isEmpty, case .reserved(let commits) = host.disk else { return }
        host.disk = .reserved(commits: max(0, commits - 1))
        // What was taken while there was room is made durable still.
        guard host.turnRoom < .everything, !host.ledger!.isAheadOfLog else { return }
        coverage.note(.restrictedOnFullDisk)
        if let other = events.first(where: { ![.restricted, .nodeExpelled, .epochOpened].contains($0.kind.name) }) {
            fail(.revocation, "\(other.kind.name.rawValue) takes the room that is kept for restrictions")
        }
    }

    func checkRefused(_ inbound: Inbound, _ refusal: Refusal) {
        guard refusal.code == .full else { return }
        switch inbound.request {
        case .echo: coverage.note(.leaseWithheld)
        case .submit(let submission) where submission.event.kind.name == .restricted && host.turnRoom >= .restrictions && host.staged.isEmpty:
            fail(.liveness, "a restriction is refused though there is room for it")
        default: break
        }
    }
}
