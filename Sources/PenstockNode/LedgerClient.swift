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
    private var nextID: UInt64 = 1

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
                return try wait(for: send(kind, until: deadline), until: deadline)
            } catch let refusal as Refusal where refusal.retryAfterMS > 0 && refusal.code == .busy {
                guard Clocks.now() < deadline else { throw refusal }
                Thread.sleep(forTimeInterval: Double(refusal.retryAfterMS) / 1000)
            }
        }
    }

    /// Submits an event; with `barrierMS`, waits for the barrier as well.
    package func submit(_ kind: EventKind, barrierMS: Int? = nil) throws -> (Penstock_V1_Submitted, Penstock_V1_BarrierReply?) {
        let event = signer.sign(kind, at: Clocks.wall())
        let answerBy = Clocks.now() + 10 * .nanosecondsPerSecond
        let id = try send(.submit(.with {
            $0.event = Data(event.entry)
            $0.waitBarrier = barrierMS != nil
            $0.timeoutMs = UInt32(clamping: barrierMS ?? 0)
        }), until: answerBy)
        guard case .submitted(let submitted) = try wait(for: id, until: answerBy) else { throw unexpected }
        guard let barrierMS else { return (submitted, nil) }
        let barrierBy = Clocks.now() + Instant(barrierMS + 5000) * .nanosecondsPerMillisecond
        guard case .barrier(let barrier) = try wait(for: id, until: barrierBy) else { throw unexpected }
        return (submitted, barrier)
    }

    package var unexpected: NodeError { NodeError(.protocolError, "the ledger answered something else than was asked") }

    private func send(_ kind: Request.OneOf_Kind, until deadline: Instant) throws -> UInt64 {
        let id = nextID
        nextID += 1
        let bytes = encode(Request(id: id, kind))
        // Until the handshake is done there is no connection to queue on.
        while socket.send(bytes) != .sent {
            guard Clocks.now() < deadline else { throw unreachable }
            Thread.sleep(forTimeInterval: 0.001)
        }
        return id
    }

    private func wait(for id: UInt64, until deadline: Instant) throws -> Reply.OneOf_Kind {
        while true {
            let left = (deadline - Clocks.now()) / .nanosecondsPerMillisecond
            guard left > 0 else { throw unreachable }
            _ = try poller.wait([socket], timeoutMilliseconds: Int(left))
            while case .message(let message)? = try socket.receive() {
                let reply = try Reply(bytes: message.payload)
                guard reply.id == id else { continue }
                if case .refused(let refused)? = reply.kind { throw Refusal(refused) }
                return reply.kind!
            }
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

    /// Folds the whole log, without verifying its signatures.
    package func fold() throws -> LedgerState {
        var state = LedgerState()
        try readLog { position, entry in try state.apply(try SignedEvent(entry: entry).event, at: position) }
        return state
    }
}
