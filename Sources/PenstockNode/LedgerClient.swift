internal import Foundation
package import PenstockCore
package import PenstockProto
internal import PenstockSystem
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

    /// Asks and waits for the answer. A ledger that is busy is asked again until the time is up.
    package func ask(_ kind: Request.OneOf_Kind, timeoutMS: Int = 5000) throws -> Reply.OneOf_Kind {
        let deadline = Clocks.later(byMS: Int64(timeoutMS))
        lastID += 1
        var busy: Refusal?
        while true {
            do {
                try send(kind, until: deadline)
                guard let answer = try receive(until: min(deadline, Clocks.now() + Self.patience)) else {
                    guard Clocks.now() < deadline else { throw unreachable }
                    continue
                }
                guard case .refused(let refused) = answer else { return answer }
                throw Refusal(refused)
            } catch let refusal as Refusal where refusal.retryAfterMS > 0 && refusal.code == .busy {
                busy = refusal
                guard pause(refusal, until: deadline) else { throw refusal }
            } catch let error as NodeError where error.code == .unreachable {
                throw busy ?? error
            }
        }
    }

    /// Submits an event; with `barrierMS`, waits for the barrier as well. Then both take that long at most, and a
    /// second for an answer that does not come.
    ///
    /// The same event is sent again, under the same id, until the ledger has said what became of it, has halted, or the
    /// time is up.
    ///
    /// - Parameter progress: told when the wait is a long one, and why.
    /// - Returns: where it stands in the log; and what the barrier came to, nil when that was not asked or the ledger
    ///   has not said it in time.
    /// - Throws: the ledger's refusal, when nothing stands; `NodeError.unreachable`, naming the event, when it may or
    ///   may not stand.
    package func submit(
        _ kind: EventKind, barrierMS: Int? = nil, progress: ((String) -> Void)? = nil
    ) throws -> (Penstock_V1_Submitted, Penstock_V1_BarrierReply?) {
        let event = signer.sign(kind, at: Clocks.wall())
        let waitUntil = Clocks.later(byMS: Int64(barrierMS ?? 0))
        let answerBy = barrierMS == nil ? Clocks.now() + 10 * .nanosecondsPerSecond : waitUntil + .nanosecondsPerSecond
        lastID += 1
        let submission = Submission(event.event.id, waitsForBarrier: barrierMS != nil)
        var isDue = true
        while true {
            do {
                if isDue {
                    submission.unanswered += 1
                    try send(
                        .submit(
                            .with {
                                $0.event = Data(event.entry)
                                $0.waitBarrier = barrierMS != nil
                                $0.timeoutMs = UInt32(
                                    clamping: max(0, waitUntil - Clocks.now()) / .nanosecondsPerMillisecond)
                            }), until: answerBy)
                    isDue = false
                }
                guard let answer = try receive(until: min(answerBy, Clocks.now() + Self.patience)) else {
                    guard Clocks.now() < answerBy else { throw unreachable }
                    progress?(
                        submission.position.map { "durable at position \($0); waiting for every node" }
                            ?? "waiting for the ledger")
                    isDue = true
                    continue
                }
                if let outcome = try submission.take(answer) { return outcome }
            } catch let refusal as Refusal where !refusal.isFinal {
                progress?(
                    (submission.position.map { "durable at position \($0); " } ?? "")
                        + "the ledger says \(refusal.code.rawValue), trying again")
                guard !submission.isOver(after: refusal), pause(refusal, until: answerBy) else {
                    return try submission.end(refusal, unreachable)
                }
                isDue = submission.unanswered == 0
            } catch let error as NodeError where error.code == .unreachable {
                return try submission.end(nil, error)
            }
        }
    }

    package var unexpected: NodeError { NodeError(.protocolError, "the ledger answered something else than was asked") }

    /// What was under way when a connection broke is lost: after so much silence a request is sent again.
    private static var patience: Nanoseconds { .nanosecondsPerSecond }

    /// Returns whether there is time for another try and its answer. The last refusal says more than silence does.
    private func pause(_ refusal: Refusal, until deadline: Instant) -> Bool {
        let wait = min(max(Int64(refusal.retryAfterMS), 20), 60_000)
        guard Clocks.later(byMS: wait) + Self.patience / 4 < deadline else { return false }
        SystemThread.sleep(milliseconds: Int(wait))
        return true
    }

    /// The next answer to the request that was sent last; nil when none comes in time.
    private func receive(until deadline: Instant) throws -> Reply.OneOf_Kind? {
        while true {
            while case .message(let message)? = try socket.receive() {
                let reply = try Reply(bytes: message.payload)
                if reply.id == lastID, let kind = reply.kind { return kind }
            }
            let left = deadline - Clocks.now()
            guard left > 0 else { return nil }
            _ = try poller.wait([socket], timeoutMilliseconds: Int(left / .nanosecondsPerMillisecond) + 1)
        }
    }

    private func send(_ kind: Request.OneOf_Kind, until deadline: Instant) throws {
        let bytes = encode(Request(id: lastID, kind))
        // Until the handshake is done there is no connection to queue on.
        while socket.send(bytes) != .sent {
            guard Clocks.now() < deadline else { throw unreachable }
            SystemThread.sleep(milliseconds: 1)
        }
    }

    private var unreachable: NodeError {
        NodeError(
            .unreachable,
            """
            the ledger at \(identity.member.ledger.requests) does not answer '\(identity.name)'; is it running, \
            and is this member still admitted?
            """
        )
    }
}
