internal import PenstockCore

/// The disk under the log: what is kept for restrictions, and what must hold while it is all that is left.
extension World {
    func measureDisk() {
        host.turnRoom = host.disk.room
        let isProven = host.running.ledger.isProofDue(at: ledgerNow)
        if isProven { host.turnRoom = host.disk.proven }
        perform(host.running.storeTakes(host.turnRoom, isProven: isProven, at: ledgerNow))
    }

    func write(_ events: [Event]) -> LedgerCommit.Outcome {
        guard host.canWrite(events) else {
            coverage.note(.refusedCommit)
            host.hasFailed = true
            // It is measured anew.
            if case .tight(let commits) = host.disk { host.disk = .reserved(commits: commits) }
            return .full("no room left", fits: host.disk.proven)
        }
        takeRoom(for: events)
        append(events)
        return .durable(room: host.disk.room)
    }

    /// A commit uses up room that is kept for restrictions; nothing else may come near it.
    private func takeRoom(for events: [Event]) {
        guard !events.isEmpty else { return }
        switch host.disk {
        case .reserved(let commits): host.disk = .reserved(commits: max(0, commits - 1))
        case .tight(let commits): host.disk = .tight(commits: max(0, commits - 1))
        case .roomy, .failing: return
        }
        // What was taken while there was room is made durable still.
        guard host.turnRoom < .everything else { return }
        coverage.note(.restrictedOnFullDisk)
        if let other = events.first(where: { ![.restricted, .nodeExpelled, .epochOpened].contains($0.kind.name) }) {
            fail(.revocation, "\(other.kind.name.rawValue) takes the room that is kept for restrictions")
        }
    }

    func fillLedgerDisk(_ amount: Int) {
        host.hasFailed = false
        host.disk =
            switch amount % 4 {
            case 0: .failing
            case 1: .reserved(commits: 0)
            case 2: .reserved(commits: amount % 40)
            default: .tight(commits: amount % 40)
            }
    }

    /// A lease is given now.
    func noteLease() {
        if host.hasFailed, case .reserved = host.disk { coverage.note(.leaseAfterFailedCommit) }
        guard host.disk.proven == .nothing, host.hasFailed || host.disk.room == .nothing else { return }
        fail(.revocation, "a lease is given though no restriction can be made durable")
    }

    func healLedgerDisk() { (host.disk, host.hasFailed, host.commitTime) = (.roomy, false, LedgerHost.usualCommit) }

    func checkRefused(_ inbound: Inbound, _ refusal: Refusal) {
        guard refusal.code == .full else { return }
        switch inbound.request {
        case .node(.echo): coverage.note(.leaseWithheld)
        case .submit(let submission)
        where submission.event.kind.name == .restricted && host.turnRoom >= .restrictions
            && host.running.ledger.room >= .restrictions:
            fail(.liveness, "a restriction is refused though there is room for it")
        default: break
        }
    }
}
