internal import PenstockCore

/// Does what the turn says, in its order.
extension World {
    func perform(_ effects: [LedgerEffect<Inbound>]) {
        for effect in effects {
            switch effect {
            case .publishUrgent(let event, let position):
                fail(checker.published(event.event, at: position, isUrgent: true, log))
                toSubscribers { .urgent(machine: $0.index, $1, log, position) }
            case .publishLog(let events, let first, let restrictions): publish(events, first, restrictions)
            case .answer(let asker, let answer): self.answer(asker.route, answer)
            case .answerJoin(let inbound, .success(let position)): reply(.submitted(position), to: inbound)
            case .answerJoin(let inbound, .failure(let refusal)): reply(.refused(refusal), to: inbound)
            case .recall(let inbound, let recalls):
                coverage.note(.recall)
                reply(.recalled(recalls.map { ($0.grantID, $0.unit) }), to: inbound)
            // Whom the network lets through is asked of the ledger each time.
            case .admitMembers, .cutConnections, .endRestore, .reportHalt: break
            }
        }
        keepEvidence()
    }

    private func publish(_ events: [VerifiedEvent], _ first: Position, _ restrictions: [Position]) {
        for (offset, event) in events.enumerated() {
            fail(checker.published(event.event, at: first + Position(offset), isUrgent: false, log))
        }
        var note: String?
        if !restrictions.isEmpty, let root = log.root(at: log.head) {
            coverage.note(.checkpoint)
            let signed = EvidenceBook.Checkpoint(size: log.head, note: "\(log.head) \(root)")
            host.running.evidence.signed(signed, for: restrictions)
            note = signed.note
        }
        toSubscribers {
            .logPage(machine: $0.index, $1, log, first: first, count: events.count, checkpoint: note)
        }
    }

    func reply(_ reply: SimReply, to inbound: Inbound) {
        switch inbound.sender {
        case .process(let machine, let incarnation):
            for time in network.arrivals(
                over: Link(machine: machine, toLedger: false), sentAt: now, isPublication: false, coverage: &coverage)
            {
                queue.add(.reply(machine: machine, incarnation, id: inbound.id, reply, from: host.log), at: time)
            }
        case .command(let number): queue.add(.answered(command: number, reply), at: now + 200_000)
        }
    }

    /// Members that are connected: an expelled one is cut off.
    private func toSubscribers(_ what: (Machine, Incarnation) -> Happening) {
        for machine in machines {
            guard let process = machine.process, host.ledger?.state.view.member(machine.name) != nil else { continue }
            for time in network.arrivals(
                over: Link(machine: machine.index, toLedger: false), sentAt: now, isPublication: true,
                coverage: &coverage)
            {
                queue.add(what(machine, process.incarnation), at: time)
            }
        }
    }
}
