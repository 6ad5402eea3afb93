internal import Foundation
internal import Logging
internal import PenstockCore
internal import PenstockCrypto
internal import PenstockNode
internal import PenstockProto
internal import PenstockStore
internal import PenstockTransport
internal import PenstockWire
internal import SwiftProtobuf

/// Events that one commit makes durable, and what is owed to whom once it has.
struct Batch {
    var events: [SignedEvent] = []
    var positions: [Digest: Position] = [:]
    var owed: [(Sequencer.Incoming, Owed)] = []
    var joiners: [(RoutingID, Position)] = []
    /// Of the events' entries.
    private(set) var bytes = 0

    mutating func add(_ event: SignedEvent, at position: Position) {
        events.append(event)
        bytes += event.entry.count
        positions[event.event.id] = position
    }

    enum Owed {
        case submitted(Position, Digest, duplicate: Bool, barrierMS: UInt32?, child: String?)
        case reserved([(position: Position, slice: Slice)], refused: [SliceAnswer.Refused])
    }
}

extension Sequencer {
    func take(_ submit: Penstock_V1_Submit, _ incoming: Incoming, _ batch: inout Batch) {
        do {
            let now = Clocks.now()
            try ledger.checkServing()
            let event: SignedEvent
            do {
                event = try SignedEvent(entry: [UInt8](submit.event))
            } catch {
                throw Refusal(error)
            }
            try ledger.authorize(event.event, from: incoming.sender)
            guard event.isCanonical else { throw Refusal(.malformed, "the event says more than this version reads, or in another way; use the ledger's own version") }
            guard verifier.verify(event, by: incoming.sender) else { throw Refusal(.badSignature, "the event's signature does not verify") }
            if case .budgetCreated(let budget) = event.event.kind, case .calendar(let period, let zone) = budget.window, WindowCalendar.bounds(period, zone, 0) == nil {
                throw Refusal(.invalid, "no time zone '\(zone)' is known here; take one such as Europe/Berlin")
            }
            let barrierMS = submit.waitBarrier ? submit.timeoutMs : nil
            let child: String? = if case .grantIssued(let grant) = event.event.kind, !grant.parent.isEmpty { grant.grantID } else { nil }
            if let position = try known(event.event.id, batch) {
                batch.owed.append((incoming, .submitted(position, event.event.id, duplicate: true, barrierMS: barrierMS, child: child)))
                return
            }
            makeRoom(in: &batch, bytes: event.entry.count)
            let position = try ledger.stage(event.event, at: now)
            batch.add(event, at: position)
            batch.owed.append((incoming, .submitted(position, event.event.id, duplicate: false, barrierMS: barrierMS, child: child)))
        } catch let refusal as Refusal {
            refuse(incoming, refusal)
        } catch {
            halt("\(error)")
            refuse(incoming, Refusal(.halted, "the ledger has stopped: \(error)"))
        }
    }

    func take(_ reserve: Penstock_V1_Reserve, _ incoming: Incoming, _ batch: inout Batch) {
        do throws(Refusal) {
            guard let request = SliceRequest(reserve) else { throw Refusal(.malformed, "an incarnation has 16 bytes") }
            try ledger.check(request, from: incoming.sender)
            count("reserves")
            makeRoom(in: &batch, events: 2 * request.parts.count)
            try openWindows(ledger.windowsDue(for: request, calendar: WindowCalendar.bounds, at: Clocks.now()), into: &batch)
            if let answer = try ledger.reserve(request, from: incoming.sender, at: Clocks.now()) {
                try add(answer, for: incoming, to: &batch)
            } else {
                parked[request.requestID] = incoming
            }
        } catch {
            refuse(incoming, error)
        }
    }

    private func openWindows(_ openings: [EventKind], into batch: inout Batch) throws(Refusal) {
        for opening in openings { try stage(opening, into: &batch) }
    }

    /// All slices of one answer enter the log in one commit, or none does.
    private func add(_ answer: SliceAnswer, for incoming: Incoming, to batch: inout Batch) throws(Refusal) {
        var slices: [(position: Position, slice: Slice)] = []
        for (index, slice) in answer.slices.enumerated() {
            slices.append((answer.positions.isEmpty ? try stage(.sliceReserved(slice), into: &batch) : answer.positions[index], slice))
        }
        batch.owed.append((incoming, .reserved(slices, refused: answer.refused)))
    }

    /// Answers requests for slices that have waited long enough, or for what has come back.
    func serveWaiting(_ batch: inout Batch) {
        guard ledger.nextDeadline != nil, ledger.room == .everything else { return }
        do throws(Refusal) {
            try openWindows(ledger.windowsDue(calendar: WindowCalendar.bounds, at: Clocks.now()), into: &batch)
            while let (request, answer) = ledger.nextServed(at: Clocks.now()) {
                guard let incoming = parked.removeValue(forKey: request.requestID) else { continue }
                makeRoom(in: &batch, events: 2 * request.parts.count)
                switch answer {
                case .success(let answer): try add(answer, for: incoming, to: &batch)
                case .failure(let refusal): refuse(incoming, refusal)
                }
            }
        } catch {
            // Whoever asked, asks again: a request for a slice is sent until it is answered.
            if error.code != .full { halt("a waiting request could not be answered: \(error)") }
        }
    }

    /// Asks the holders of what others wait for to give it back: pushed to them, in answer to nothing.
    func recall(at now: Instant) {
        for (incarnation, recalls) in Dictionary(grouping: ledger.recalls(at: now), by: \.incarnation) {
            guard let route = routes[incarnation] else { continue }
            count("recalls")
            send(Reply(id: 0, .recall(.with {
                $0.units = recalls.map { recall in .with { ($0.grantID, $0.unit) = (recall.grantID, recall.unit) } }
            })), to: route)
        }
    }

    /// Stages warnings of ceilings that this batch has brought near.
    func warn(_ batch: inout Batch) {
        let spends: Set<EventKind.Name> = [.spendReported, .sliceClosed, .debtRecorded, .budgetCeilingSet]
        guard batch.events.contains(where: { spends.contains($0.event.kind.name) }) else { return }
        for warning in ledger.state.warningsDue().prefix(Limits.commitEvents / 2) { _ = try? stage(warning, into: &batch) }
    }

    private func known(_ id: Digest, _ batch: Batch) throws -> Position? {
        if let position = batch.positions[id] { return position }
        return try store.position(of: id)
    }

    /// Stages an event of the ledger's own, which it has checked itself.
    @discardableResult
    func stage(_ kind: EventKind, into batch: inout Batch) throws(Refusal) -> Position {
        let event = signer.sign(kind, at: ledger.stamp(at: Clocks.now()))
        let position = try ledger.stage(own: event.event)
        batch.add(event, at: position)
        return position
    }

    /// Stages this process's first event, if it is due.
    func sayEpoch(_ batch: inout Batch) throws(Refusal) {
        if let opened = ledger.epochToOpen { try stage(opened, into: &batch) }
    }

    /// Commits what there is when so much more would be above what the store keeps room for.
    private func makeRoom(in batch: inout Batch, events: Int = 1, bytes: Int = 0) {
        guard batch.events.count + events > Limits.commitEvents || batch.bytes + bytes > Limits.commitBytes else { return }
        _ = commit(&batch)
        batch = Batch()
    }

    /// Makes a batch durable, then publishes it, then answers. Returns whether it is durable.
    func commit(_ batch: inout Batch) -> Bool {
        if !batch.events.isEmpty {
            let first = ledger.state.view.position - Position(batch.events.count) + 1
            if let refusal = append(batch.events, from: first) {
                refuseAll(batch, refusal)
                return false
            }
        }
        settle(batch)
        return true
    }

    /// Nil when the events are durable, and published.
    private func append(_ events: [SignedEvent], from first: Position) -> Refusal? {
        do {
            let outcome = try store.append(events.map { NewEvent(id: $0.event.id, bytes: $0.entry) }, ifHead: first - 1, epoch: ledger.state.epoch)
            guard case .appended = outcome else {
                halt("another process has written the log: \(outcome)")
                return Refusal(.halted, "the ledger has stopped")
            }
        } catch {
            logger.error("the log was not written", metadata: ["error": "\(error)"])
            count("failed_commits")
            guard error.code == .full else {
                halt("\(error)")
                return Refusal(.halted, "the ledger has stopped: \(error.message)")
            }
            ledger.commitFailed()
            uncommitted = Uncommitted(events: events, first: first, retryAt: Clocks.now() + Self.roomInterval)
            return Refusal(.full, "the log cannot be written: \(error.message)", retryAfterMS: 1000)
        }
        uncommitted = nil
        publish(events, from: first)
        measureRoom(at: Clocks.now())
        return nil
    }

    /// What could not be made durable is tried again, the same events at the same positions. Nothing else is written before.
    func commitAgain(at now: Instant) {
        guard let waiting = uncommitted, now >= waiting.retryAt, ledger.halted == nil else { return }
        _ = append(waiting.events, from: waiting.first)
    }

    /// Urgent events first: nothing may delay them.
    private func publish(_ events: [SignedEvent], from first: Position) {
        let now = Clocks.now()
        for (offset, event) in events.enumerated() {
            guard case .restricted = event.event.kind else { continue }
            _ = urgent.send(encode(UrgentPublication.with {
                $0.position = first + Position(offset)
                $0.event = Data(event.entry)
            }))
        }
        let restricted = ledger.committed(events.map(\.event), from: first, at: now)
        for event in events { tree.append(MerkleTree.leafHash(event.entry)) }
        noteMembers(events)
        if held != nil || !restricted.isEmpty {
            hold(events, from: first, restricted, at: now)
        } else {
            publish(log: events, from: first, checkpoint: "")
        }
    }

    /// The nodes' work on a log publication would compete with their acknowledgements of the restriction: it waits for
    /// these, for a moment at most, and everything behind it waits with it.
    private func hold(_ events: [SignedEvent], from first: Position, _ restricted: [Position], at now: Instant) {
        if held == nil { held = HeldPublications(until: now + 5 * .nanosecondsPerMillisecond, events: [], first: first, restricted: []) }
        held!.events += events
        held!.restricted += restricted
    }

    func publishHeld(at now: Instant) {
        guard let waiting = held, now >= waiting.until || waiting.restricted.allSatisfy({ ledger.barriers[$0]?.state != .waiting }) else { return }
        held = nil
        publish(log: waiting.events, from: waiting.first, checkpoint: signCheckpoint(for: waiting.restricted))
    }

    private func publish(log events: [SignedEvent], from first: Position, checkpoint: String) {
        var page: [SignedEvent] = []
        var pageFirst = first
        var bytes = 0
        for event in events {
            page.append(event)
            bytes += event.entry.count
            if bytes > Limits.pageBytes {
                publish(page: page, from: pageFirst, checkpoint: "")
                pageFirst += Position(page.count)
                (page, bytes) = ([], 0)
            }
        }
        publish(page: page, from: pageFirst, checkpoint: checkpoint)
    }

    private func publish(page: [SignedEvent], from first: Position, checkpoint: String) {
        guard !page.isEmpty || !checkpoint.isEmpty else { return }
        _ = log.send(encode(LogPublication.with {
            $0.epoch = ledger.state.epoch
            $0.first = first
            $0.events = page.map { Data($0.entry) }
            $0.checkpoint = checkpoint
        }))
    }

    private func noteMembers(_ events: [SignedEvent]) {
        let isChanged = events.contains {
            switch $0.event.kind {
            case .nodeAdmitted, .nodeExpelled: true
            default: false
            }
        }
        if isChanged, membership.update(ledger.state.view.members.values), cutDueAt == nil { cutDueAt = Clocks.now() + Self.cutDelay }
    }

    /// libzmq asks about a key only at the handshake: every peer must shake hands again. Cutting loses what is under
    /// way, so answers get a moment to leave; the expelled node's requests are refused from its expulsion on.
    func cutConnections(at now: Instant) {
        guard let due = cutDueAt, now >= due else { return }
        cutDueAt = nil
        for (socket, endpoint) in endpoints {
            do {
                try socket.cycle(endpoint: endpoint)
            } catch {
                halt("an expelled node could not be cut off: \(error)")
            }
        }
    }

    private func settle(_ batch: Batch) {
        for (incoming, owed) in batch.owed {
            switch owed {
            case .submitted(let position, let id, let duplicate, let barrierMS, let child):
                send(Reply(id: incoming.id, .submitted(.with {
                    $0.position = position
                    $0.eventID = Data(id.bytes)
                    $0.duplicate = duplicate
                    if let child {
                        $0.grant.grantID = child
                        complete(&$0.grant)
                    }
                })), to: incoming.route)
                if let barrierMS { wait(for: position, incoming, milliseconds: barrierMS) }
            case .reserved(let slices, let refused):
                let granted = slices.map { Purse.Granted(slice: $0.position, unit: $0.slice.unit, amount: $0.slice.amount, endsAt: $0.slice.endsAt) }
                send(Reply(id: incoming.id, .reserved(Penstock_V1_Reserved(granted, refused: refused))), to: incoming.route)
            }
        }
        for (route, position) in batch.joiners { joins.answer(route, position: position) }
    }

    private func refuseAll(_ batch: Batch, _ refusal: Refusal) {
        for (incoming, _) in batch.owed { refuse(incoming, refusal) }
        for (route, _) in batch.joiners { joins.answer(route, refusal: refusal) }
    }
}
