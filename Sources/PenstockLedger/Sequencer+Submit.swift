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

    enum Owed {
        case submitted(Position, Digest, duplicate: Bool, barrierMS: UInt32?)
        case reserved(Position, Slice)
    }
}

extension Sequencer {
    func take(_ submit: Penstock_V1_Submit, _ incoming: Incoming, _ batch: inout Batch) {
        do {
            try checkServing()
            let event: SignedEvent
            do {
                event = try SignedEvent(entry: [UInt8](submit.event))
            } catch {
                throw Refusal(error)
            }
            guard event.event.origin == incoming.sender.name else { throw Refusal(.notSigner, "the event is signed by '\(event.event.origin)', the channel belongs to '\(incoming.sender.name)'") }
            guard Authority.maySubmit(incoming.sender.role, event.event.kind.name) else {
                throw Refusal(.notPermitted, "a key of role \(incoming.sender.role.name) cannot cause \(event.event.kind.name.rawValue)")
            }
            guard verifier.verify(event, by: incoming.sender) else { throw Refusal(.badSignature, "the event's signature does not verify") }
            let barrierMS = submit.waitBarrier ? submit.timeoutMs : nil
            if let position = try known(event.event.id, batch) {
                batch.owed.append((incoming, .submitted(position, event.event.id, duplicate: true, barrierMS: barrierMS)))
                return
            }
            let wall = Clocks.wall()
            let now = Clocks.now()
            try state.check(event.event, wall: wall) { presence.isFenced($0, node: $1, at: now) }
            try stage(event, into: &batch)
            batch.owed.append((incoming, .submitted(state.view.position, event.event.id, duplicate: false, barrierMS: barrierMS)))
        } catch let refusal as Refusal {
            refuse(incoming, refusal)
        } catch {
            halt("\(error)")
            refuse(incoming, Refusal(.halted, "the ledger has stopped: \(error)"))
        }
    }

    func take(_ reserve: Penstock_V1_Reserve, _ incoming: Incoming, _ batch: inout Batch) {
        do {
            try checkServing()
            guard incoming.sender.role == .enforcer else { throw Refusal(.notPermitted, "only an enforcer holds slices") }
            guard let incarnation = Incarnation(reserve.incarnation), let requestID = Incarnation(reserve.requestID) else { throw Refusal(.malformed, "an incarnation has 16 bytes") }
            if let (position, held) = state.book.slice(forRequest: requestID) {
                guard held.slice.node == incoming.sender.name else { throw Refusal(.notPermitted, "the request id belongs to another node") }
                batch.owed.append((incoming, .reserved(position, held.slice)))
                return
            }
            let slice = try state.reserve(
                node: incoming.sender.name, incarnation: incarnation, requestID: requestID, grant: reserve.grantID, unit: reserve.unit,
                need: reserve.need, want: reserve.want)
            try stage(signer.sign(.sliceReserved(slice), at: Clocks.wall()), into: &batch)
            batch.owed.append((incoming, .reserved(state.view.position, slice)))
        } catch let refusal as Refusal {
            refuse(incoming, refusal)
        } catch {
            halt("\(error)")
        }
    }

    func checkServing() throws(Refusal) {
        if let halted { throw Refusal(.halted, "the ledger has stopped: \(halted)") }
        if Clocks.now() < storeRetryAt { throw Refusal(.full, "the log cannot be written; free disk space", retryAfterMS: 1000) }
    }

    private func known(_ id: Digest, _ batch: Batch) throws -> Position? {
        if let position = batch.positions[id] { return position }
        return try store.position(of: id)
    }

    /// Folds an event ahead of its commit. If the commit fails, the state is folded anew from what is durable.
    func stage(_ event: SignedEvent, into batch: inout Batch) throws {
        try state.apply(event.event, at: state.view.position + 1)
        batch.events.append(event)
        batch.positions[event.event.id] = state.view.position
    }

    /// Makes a batch durable, then publishes it, then answers. Returns whether it is durable.
    func commit(_ batch: inout Batch) -> Bool {
        let first = state.view.position - Position(batch.events.count) + 1
        if !batch.events.isEmpty {
            do {
                let outcome = try store.append(batch.events.map { NewEvent(id: $0.event.id, bytes: $0.entry) }, ifHead: first - 1, epoch: state.epoch)
                guard case .appended = outcome else {
                    halt("another process has written the log: \(outcome)")
                    refuseAll(batch, Refusal(.halted, "the ledger has stopped"))
                    return false
                }
            } catch {
                undo(batch, error)
                return false
            }
            publish(batch.events, from: first)
        }
        settle(batch)
        return true
    }

    /// Urgent events first: nothing may delay them.
    private func publish(_ events: [SignedEvent], from first: Position) {
        let now = Clocks.now()
        var restricted: [Position] = []
        for (offset, event) in events.enumerated() {
            guard case .restricted = event.event.kind else { continue }
            let position = first + Position(offset)
            restricted.append(position)
            _ = urgent.send(encode(UrgentPublication.with {
                $0.position = position
                $0.event = Data(event.entry)
            }))
            barriers[position] = Barrier(position: position, eventID: event.event.id, table: presence, at: now)
        }
        for event in events { tree.append(MerkleTree.leafHash(event.entry)) }
        followUp(events)
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
        guard let waiting = held, now >= waiting.until || waiting.restricted.allSatisfy({ barriers[$0]?.state != .waiting }) else { return }
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
            $0.epoch = state.epoch
            $0.first = first
            $0.events = page.map { Data($0.entry) }
            $0.checkpoint = checkpoint
        }))
    }

    private func followUp(_ events: [SignedEvent]) {
        for event in events {
            switch event.event.kind {
            case .settingsChanged(let settings): presence.allow(settings.bound)
            case .nodeAdmitted, .nodeExpelled:
                if membership.update(state.view.members.values), cutDueAt == nil { cutDueAt = Clocks.now() + Self.cutDelay }
            case .lifted(let lifting):
                let lifted = Set(lifting.eventIDs)
                for position in barriers.keys where lifted.contains(barriers[position]!.eventID) { barriers[position]!.lift(at: Clocks.now()) }
            default: break
            }
        }
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
            case .submitted(let position, let id, let duplicate, let barrierMS):
                send(Reply(id: incoming.id, .submitted(.with {
                    $0.position = position
                    $0.eventID = Data(id.bytes)
                    $0.duplicate = duplicate
                })), to: incoming.route)
                if let barrierMS { wait(for: position, incoming, milliseconds: barrierMS) }
            case .reserved(let position, let slice):
                send(Reply(id: incoming.id, .reserved(.with {
                    $0.slice = position
                    $0.amount = slice.amount
                    $0.grantID = slice.grantID
                    $0.unit = slice.unit
                })), to: incoming.route)
            }
        }
        for (route, position) in batch.joiners { answerJoin(route, position: position) }
    }

    private func undo(_ batch: Batch, _ error: StoreError) {
        logger.error("the log was not written", metadata: ["error": "\(error)"])
        count("failed_commits")
        storeRetryAt = Clocks.now() + .nanosecondsPerSecond
        do {
            (state, tree) = try Self.fold(store)
        } catch {
            halt("\(error)")
        }
        refuseAll(batch, Refusal(.full, "the log cannot be written: \(error.message)", retryAfterMS: 1000))
    }

    private func refuseAll(_ batch: Batch, _ refusal: Refusal) {
        for (incoming, _) in batch.owed { refuse(incoming, refusal) }
        for (route, _) in batch.joiners { answerJoin(route, refusal: refusal) }
    }
}
