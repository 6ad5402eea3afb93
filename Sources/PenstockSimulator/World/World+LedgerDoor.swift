internal import PenstockCore

/// What comes in at the ledger, decoded and verified, and what only reads.
extension World {
    func enter(_ inbound: Inbound) {
        if case .join(let keys, let tokenHash) = inbound.request {
            // Who joins is no member yet: its keys come with the request.
            return host.running.take(.join(keys, tokenHash: tokenHash, inbound))
        }
        guard let sender = host.running.ledger.state.view.member(inbound.name) else { return }
        let asker = Caller(route: inbound, sender: sender, id: inbound.id)
        func agrees(_ progress: NodeProgress, _ root: Digest) -> Bool { log.root(at: progress.applied) == root }
        switch inbound.request {
        case .submit(let submission):
            guard !submission.isForged else {
                return answer(inbound, .refused(Refusal(.badSignature, "the event's signature does not verify")))
            }
            var barrierMS: UInt32?
            if case .command(let number) = inbound.sender { barrierMS = commands[number].barrierMS.map(UInt32.init) }
            if barrierMS != nil { checker.waits(inbound) }
            host.running.take(
                .submit(
                    VerifiedEvent(submission.event, entry: []), known: log.positions[submission.event.id],
                    barrierMS: barrierMS, asker))
        case .node(.reserve(let request)): host.running.take(.reserve(request, asker))
        case .node(.echo(let progress, let root, let nonce, let rates)):
            host.running.take(.echo(progress, nonce: nonce, rates: rates, agrees: agrees(progress, root), asker))
        case .node(.acknowledge(let progress, let root)):
            host.running.take(.acknowledge(progress, agrees: agrees(progress, root), asker))
        case .node(.cosign(let size, _)): cosign(size, sender, inbound)
        case .node(.decisions(_, _, let event)):
            host.running.take(.submit(event, known: log.positions[event.event.id], barrierMS: nil, asker))
        case .node(.fetch), .node(.snapshot), .node(.openSlices), .node(.checkpoint): host.queries.append(inbound)
        case .node(.submit), .join: break
        }
    }

    private func cosign(_ size: Position, _ sender: NodeKeys, _ inbound: Inbound) {
        do throws(Refusal) {
            try host.running.evidence.cosign(size: size, node: sender, line: inbound.name)
            coverage.note(.cosigned)
            reply(.node(.cosigned), to: inbound)
        } catch {
            reply(.refused(error), to: inbound)
        }
    }

    /// Every so many seconds, in place of a time zone's days.
    static func calendar(_ period: BudgetWindow.CalendarPeriod, _ zone: String, _ wall: WallTime) -> (
        start: WallTime, end: WallTime
    )? {
        let length = Int64(period.rawValue) * 700
        return (wall - wall % length, wall - wall % length + length)
    }

    func query(_ inbound: Inbound) {
        let ledger = host.running.ledger
        switch inbound.request {
        case .node(.fetch(let from)):
            let count = from > log.head ? 0 : min(200, Int(log.head - from) + 1)
            reply(.fetched(first: from, count: count, head: log.head, log), to: inbound)
        case .node(.snapshot):
            do throws(Refusal) {
                try ledger.checkServing()
                let view = ledger.state.view
                guard let root = log.root(at: view.position) else { return fail(.log, "the state is ahead of its log") }
                reply(.snapshot(view.image, root: root, head: log.head), to: inbound)
            } catch {
                reply(.refused(error), to: inbound)
            }
        case .node(.openSlices(let after)): reply(.node(openSlices(of: inbound.name, after: after)), to: inbound)
        case .node(.checkpoint(let position)):
            if let kept = host.running.evidence.checkpoints[position] {
                reply(.node(.checkpoint(note: kept.note)), to: inbound)
            } else {
                reply(.refused(Refusal(.notFound, "no checkpoint of position \(position) is kept")), to: inbound)
            }
        case .submit, .join, .node: break
        }
    }

    /// A page of few, so that there are several.
    private func openSlices(of node: String, after: Position) -> NodeReply {
        let open = host.running.ledger.state.book.open
            .filter { $0.value.slice.node == node && $0.key > after }.sorted { $0.key < $1.key }
        let page = open.prefix(3).map {
            Follower.OpenSlice(
                slice: $0.key, incarnation: $0.value.slice.incarnation,
                amount: $0.value.slice.amount - $0.value.returned, used: $0.value.used)
        }
        return .openSlices(page, after: after, next: open.count > page.count ? page.last?.slice ?? 0 : 0)
    }
}

/// Makes a process's own events.
struct SimAuthor: EventAuthor {
    unowned let world: World
    var name = "ledger"

    func author(_ kind: EventKind, at time: WallTime) -> VerifiedEvent {
        VerifiedEvent(world.event(kind, by: name, at: time), entry: [])
    }
}
