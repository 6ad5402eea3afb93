internal import PenstockCore

/// What the ledger does, held against what must hold, and noted for the coverage.
extension World {
    func answer(_ inbound: Inbound, _ answer: LedgerAnswer) {
        switch answer {
        case .submitted(let position, let id, _, _):
            fail(checker.acknowledged(position, id, log))
            reply(.submitted(position), to: inbound)
        case .reserved(let slices, let refused, let hasWaited):
            for placed in slices { fail(checker.granted(placed, log)) }
            if hasWaited { coverage.note(slices.isEmpty ? .waitedInVain : .servedLater) }
            noteRefused(inbound, refused)
            let granted = slices.map {
                Purse.Granted(slice: $0.position, unit: $0.slice.unit, amount: $0.slice.amount, endsAt: $0.slice.endsAt)
            }
            reply(.node(.reserved(granted, refused: refused)), to: inbound)
        case .echo(let echo):
            noteLease()
            if echo.head != log.head { fail(.log, "an echo is answered with \(echo.head), \(log.head) is durable") }
            reply(.node(.echo(echo)), to: inbound)
        case .barrier(let barrier):
            fail(checker.waited(inbound))
            switch barrier.state {
            case .closed: coverage.note(.closed)
            case .lifted: coverage.note(.lifted)
            case .waiting: coverage.note(.partial)
            }
        case .refused(let refusal):
            noteRefused(inbound, refusal)
            reply(.refused(refusal), to: inbound)
        }
    }

    private func noteRefused(_ inbound: Inbound, _ refused: [SliceAnswer.Refused]) {
        guard case .node(.reserve(let request)) = inbound.request, !refused.isEmpty else { return }
        if refused.contains(where: { $0.code == .budgetFrozen }) { coverage.note(.frozen) }
        // What the same commit has given back may have come after the answer was made.
        let takes: Set<EventKind.Name> = [.sliceReserved, .restricted, .decisionBatch, .timeNoted, .grantRenewed]
        guard host.lastCommit.allSatisfy({ takes.contains($0.kind.name) }) else { return }
        let book = host.running.ledger.state.book
        for refused in refused {
            guard let part = request.parts.first(where: { $0.unit == refused.unit }) else { continue }
            fail(checker.refused(part, refused.code, grantID: request.grantID, book))
        }
    }

    private func noteRefused(_ inbound: Inbound, _ refusal: Refusal) {
        switch (refusal.code, inbound.request) {
        case (.badSignature, _), (.notSigner, _), (.notPermitted, _): coverage.note(.refusedForgery)
        case (.invalid, .submit(let submission)):
            switch submission.event.kind {
            case .restricted(let restriction)
            where restriction.expiresAt > host.clock.undisturbedWall(at: now) + Checker.clockTolerance:
                fail(.revocation, "a restriction that ends in time to come was refused: \(refusal)")
            case .grantIssued(let grant) where !grant.parent.isEmpty: coverage.note(.refusedChild)
            default: break
            }
        default: break
        }
        checkRefused(inbound, refusal)
    }

    func note(_ events: [Event]) {
        noteServed()
        let state = host.running.ledger.state
        fail(checker.conserved(state.book, events))
        if host.running.isRequestParked { coverage.note(.parked) }
        for event in events {
            switch event.kind {
            case .windowOpened: coverage.note(.windowOpened)
            case .timeNoted: coverage.note(.timeNoted)
            case .forgotten(let forgetting): noteForgotten(forgetting)
            case .budgetCeilingSet(let key, _, _) where state.book.entries[key]?.overcommitted ?? 0 > 0:
                coverage.note(.overcommitted)
            case .debtsAccepted: coverage.note(.debtAccepted)
            case .debtSettled: coverage.note(.debtSettled)
            case .budgetChanged: coverage.note(.budgetMoved)
            case .budgetClosed: coverage.note(.budgetClosed)
            case .rateChanged: coverage.note(.rateChanged)
            case .rateClosed: coverage.note(.rateClosed)
            case .debtRecorded(let debt):
                if !state.view.freezes(debt) { coverage.note(.tolerated) }
                if debt.amounts.contains(where: { amount in
                    state.levels(debt.grantID, amount.unit).contains { state.book.entries[$0]?.isFrozen == false }
                }) {
                    coverage.note(.debtWithRoom)
                }
            case .budgetWarned: coverage.note(.warned)
            default: break
            }
        }
    }

    /// From the first event that a restored log takes, it is the log. One that has halted takes none.
    private func noteServed() {
        guard let newest = host.newest, (try? host.running.ledger.checkServing()) != nil else { return }
        if host.hasServedRestored { return }
        host.hasServedRestored = true
        if host.restoredCount < newest.head { checker.forgetLostSpend(host.running.ledger.state.book) }
    }

    /// Keeps receipts as the barriers stand, which ended just now.
    func keepEvidence() {
        guard let evidence = host.turn?.evidence, !evidence.isKept else {
            return
        }
        for position in evidence.restrictionsToKeep {
            guard let barrier = host.running.ledger.barriers[position] else { continue }
            if barrier.state != .waiting, host.ended.insert(position).inserted {
                for node in barrier.nodes { coverage.note(node.state == .enforced ? .enforced : .fenced) }
                fail(checker.closed(barrier, world: self))
            }
            let enforced = barrier.nodes.filter { $0.state == .enforced }
            if barrier.state == .closed, !enforced.isEmpty,
                enforced.allSatisfy({ evidence.isCosigned(position, by: $0.node) })
            {
                coverage.note(.completeReceipt)
            }
        }
        host.running.evidence.kept(evidence.restrictionsToKeep, evidence.cosignaturesToKeep)
    }
}
