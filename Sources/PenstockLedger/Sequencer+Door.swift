internal import Foundation
internal import Logging
internal import PenstockCore
internal import PenstockCrypto
internal import PenstockNode
internal import PenstockProto
internal import PenstockStore
internal import PenstockSystem
internal import PenstockTransport
internal import PenstockWire
internal import SwiftProtobuf

/// The one door to the turn: requests are decoded and verified, and the store is asked, before the ledger judges them.
extension Sequencer {
    /// Requests in their order. The signatures of their events are verified together, on all cores.
    func enter(_ requests: [(kind: Request.OneOf_Kind, incoming: Incoming)]) {
        let events = requests.map { kind, incoming -> Result<SignedEvent, Refusal>? in
            guard case .submit(let submit) = kind else { return nil }
            return Result { () throws(Refusal) in try read(submit, incoming) }
        }
        let readable = zip(events, requests).compactMap { event, request in
            (try? event?.get()).map { (event: $0, keys: request.incoming.sender) }
        }
        var areSigned = verifier.verify(readable)[...]
        for ((kind, incoming), event) in zip(requests, events) {
            do throws(Refusal) {
                if case .submit(let submit) = kind, let event = try event?.get() {
                    try enter(submit, event, isSigned: areSigned.removeFirst(), incoming)
                } else {
                    try enter(kind, incoming)
                }
            } catch {
                refuse(incoming, error)
            }
        }
    }

    private func enter(_ kind: Request.OneOf_Kind, _ incoming: Incoming) throws(Refusal) {
        switch kind {
        case .reserve(let reserve):
            guard let request = SliceRequest(reserve) else {
                throw Refusal(.malformed, "an incarnation has 16 bytes")
            }
            count("reserves")
            turn.take(.reserve(request, incoming))
        case .echo(let echo): try enter(echo, incoming)
        case .ack(let ack):
            var progress = try progress(ack.incarnation, applied: ack.applied, heard: ack.heard)
            progress.urgent = ack.urgent
            progress.ended = ack.ended
            turn.take(.acknowledge(progress, agrees: try agrees(ack.applied, [UInt8](ack.root)), incoming))
        case let kind: answer(kind, incoming)
        }
    }

    /// What costs least is looked at first; the signature is not looked at.
    private func read(_ submit: Penstock_V1_Submit, _ incoming: Incoming) throws(Refusal) -> SignedEvent {
        try ledger.checkServing()
        let event: SignedEvent
        do {
            event = try SignedEvent(entry: [UInt8](submit.event))
        } catch {
            throw Refusal(error)
        }
        try ledger.authorize(event.event, from: incoming.sender)
        guard event.isCanonical else {
            throw Refusal(
                .malformed,
                "the event says more than this version reads, or in another way; use the ledger's own version")
        }
        return event
    }

    private func enter(
        _ submit: Penstock_V1_Submit, _ event: SignedEvent, isSigned: Bool, _ incoming: Incoming
    ) throws(Refusal) {
        guard isSigned else {
            throw Refusal(.badSignature, "the event's signature does not verify")
        }
        if case .budgetCreated(let budget) = event.event.kind, case .calendar(let period, let zone) = budget.window,
            WindowCalendar.bounds(period, zone, 0) == nil
        {
            throw Refusal(.invalid, "no time zone '\(zone)' is known here; take one such as Europe/Berlin")
        }
        turn.take(
            .submit(
                VerifiedEvent(event.event, entry: event.entry), known: try position(of: event.event.id),
                barrierMS: submit.waitBarrier ? submit.timeoutMs : nil, incoming))
    }

    /// Where the log has an event. A read that fails refuses this one request.
    private func position(of id: Digest) throws(Refusal) -> Position? {
        do {
            return try store.position(of: id)
        } catch {
            count("failed_reads")
            logger.error("an event was not looked up", metadata: ["error": "\(error)"])
            throw Refusal(.unavailable, "the ledger could not read its store: \(error)", retryAfterMS: 1000)
        }
    }

    private func enter(_ echo: Penstock_V1_Echo, _ incoming: Incoming) throws(Refusal) {
        var progress = try progress(echo.incarnation, applied: echo.applied, heard: echo.heard)
        progress.version = String(echo.version.prefix(64))
        progress.viewAgeMS = echo.viewAgeMs
        if incoming.sender.role == .enforcer {
            recorded[incoming.sender.name] = (progress.incarnation, echo.recorded, Clocks.now())
        }
        turn.take(
            .echo(
                progress, nonce: echo.nonce, rates: echo.hasRates ? RateStatement(echo.rates) : nil,
                agrees: try agrees(echo.applied, [UInt8](echo.root)), incoming))
    }

    private func progress(_ incarnation: Data, applied: Position, heard: Position) throws(Refusal) -> NodeProgress {
        guard let incarnation = Incarnation(incarnation) else {
            throw Refusal(.malformed, "an incarnation has 16 bytes")
        }
        return NodeProgress(incarnation: incarnation, applied: applied, heard: max(applied, heard))
    }

    /// Those that the door of strangers let through.
    func enterJoins() {
        for (name, number) in joins.takeCounters() { counters[name, default: 0] += number }
        for join in joins.take() { turn.take(.join(join.keys, tokenHash: join.tokenHash, join.route)) }
    }
}
