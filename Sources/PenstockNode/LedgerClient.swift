internal import Foundation
package import PenstockCore
package import PenstockProto
internal import PenstockTransport
package import PenstockWire
internal import SwiftProtobuf

/// A member's questions to the ledger, one after another, from one thread. For commands; enforcers have `Link`.
package final class LedgerClient {
    package let identity: Identity
    package let signer: EventSigner
    private let socket: Socket
    private let poller = Poller()
    private var lastID: UInt64 = 0

    package init(_ identity: Identity) throws(NodeError) {
        self.identity = identity
        signer = EventSigner(mesh: identity.member.mesh, name: identity.name, key: identity.signing)
        let serverKey = try identity.member.ledger.channelKeyBytes()
        do {
            socket = try Socket(.dealer, security: .client(keys: identity.channel, serverKey: serverKey))
            try socket.connect(identity.member.ledger.requests)
        } catch {
            throw NodeError(.unreachable, "cannot reach the ledger: \(error)")
        }
    }

    deinit { socket.close() }

    /// Asks and waits for the answer. A refusal that says when to retry is retried until the time is up.
    package func ask(_ kind: Request.OneOf_Kind, timeoutMS: Int = 5000) throws -> Reply.OneOf_Kind {
        let deadline = Clocks.now() + Instant(timeoutMS) * .nanosecondsPerMillisecond
        while true {
            do {
                return try exchange(until: deadline) { kind }
            } catch let refusal as Refusal where refusal.retryAfterMS > 0 && refusal.code == .busy {
                guard Clocks.now() < deadline else { throw refusal }
                Thread.sleep(forTimeInterval: Double(refusal.retryAfterMS) / 1000)
            }
        }
    }

    /// Submits an event; with `barrierMS`, waits for the barrier as well. Then both take that long at most, and a second
    /// for an answer that does not come.
    package func submit(_ kind: EventKind, barrierMS: Int? = nil) throws -> (Penstock_V1_Submitted, Penstock_V1_BarrierReply?) {
        let event = signer.sign(kind, at: Clocks.wall())
        let waitUntil = Clocks.now() + Instant(barrierMS ?? 0) * .nanosecondsPerMillisecond
        let answerBy = barrierMS == nil ? Clocks.now() + 10 * .nanosecondsPerSecond : waitUntil + .nanosecondsPerSecond
        func request() -> Request.OneOf_Kind {
            .submit(.with {
                $0.event = Data(event.entry)
                $0.waitBarrier = barrierMS != nil
                $0.timeoutMs = UInt32(clamping: max(0, waitUntil - Clocks.now()) / .nanosecondsPerMillisecond)
            })
        }
        guard case .submitted(let submitted) = try exchange(until: answerBy, request) else { throw unexpected }
        guard barrierMS != nil else { return (submitted, nil) }
        // Each time the event is sent again, that it is in the log is said again before the barrier's answer.
        let answer = try exchange(until: answerBy, sends: false, request) {
            if case .submitted = $0 { false } else { true }
        }
        guard case .barrier(let barrier) = answer else { throw unexpected }
        return (submitted, barrier)
    }

    package var unexpected: NodeError { NodeError(.protocolError, "the ledger answered something else than was asked") }

    /// Sends, and sends again after each second of silence: what was under way when a connection broke is lost. Every
    /// request may be repeated, as an event's id makes it the same event.
    ///
    /// - Parameter sends: false when the request has been sent and only more answers to it are awaited.
    private func exchange(
        until deadline: Instant, sends: Bool = true, _ request: () -> Request.OneOf_Kind, takes: (Reply.OneOf_Kind) -> Bool = { _ in true }
    ) throws -> Reply.OneOf_Kind {
        if sends {
            lastID += 1
            try send(request(), until: deadline)
        }
        while true {
            let now = Clocks.now()
            guard now < deadline else { throw unreachable }
            let patience = min((deadline - now) / .nanosecondsPerMillisecond + 1, 1000)
            if try poller.wait([socket], timeoutMilliseconds: Int(patience)).isEmpty, Clocks.now() < deadline {
                try send(request(), until: deadline)
            }
            while case .message(let message)? = try socket.receive() {
                let reply = try Reply(bytes: message.payload)
                guard reply.id == lastID, let kind = reply.kind else { continue }
                if case .refused(let refused) = kind { throw Refusal(refused) }
                if takes(kind) { return kind }
            }
        }
    }

    private func send(_ kind: Request.OneOf_Kind, until deadline: Instant) throws {
        let bytes = encode(Request(id: lastID, kind))
        // Until the handshake is done there is no connection to queue on.
        while socket.send(bytes) != .sent {
            guard Clocks.now() < deadline else { throw unreachable }
            Thread.sleep(forTimeInterval: 0.001)
        }
    }

    private var unreachable: NodeError {
        NodeError(.unreachable, "the ledger at \(identity.member.ledger.requests) does not answer '\(identity.name)'; is it running, and is this member still admitted?")
    }

    /// The whole log from a position, page by page.
    package func readLog(from first: Position = 1, _ body: (Position, [UInt8]) throws -> Void) throws {
        var position = first
        while true {
            let from = position
            guard case .fetched(let page) = try ask(.fetch(.with { $0.from = from })) else { throw unexpected }
            for entry in page.events {
                try body(position, [UInt8](entry))
                position += 1
            }
            if page.events.isEmpty { return }
        }
    }

    /// What time it is at the ledger; nil from an older version.
    package func time(timeoutMS: Int = 5000) throws -> Penstock_V1_LedgerTime? {
        guard case .head(let head) = try ask(.head(.init()), timeoutMS: timeoutMS) else { throw unexpected }
        return head.hasTime ? head.time : nil
    }

    /// The mesh's bounds, which are set at its beginning.
    package func settings() throws -> Settings {
        guard case .fetched(let page) = try ask(.fetch(.with { $0.from = 1 })), let first = page.events.first,
            case .genesis(_, let settings) = try SignedEvent(entry: [UInt8](first)).event.kind
        else { throw unexpected }
        return settings
    }

    /// Folds the whole log, without verifying its signatures.
    package func fold() throws -> LedgerState {
        var state = LedgerState()
        try readLog { position, entry in try state.apply(try SignedEvent(entry: entry).event, at: position) }
        return state
    }
}
