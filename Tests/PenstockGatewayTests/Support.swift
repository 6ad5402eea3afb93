import Foundation
import Logging
import PenstockCore
import PenstockEnforcer
import PenstockGateway
import PenstockHTTP
import Synchronization
import Testing

/// A gatekeeper that answers as a test says, and remembers what it was asked.
final class FakeGatekeeper: Gatekeeper, Observable {
    struct State {
        var decide: @Sendable (Call) -> Decision = { _ in Decision(reason: .none, validForMS: 60_000) }
        var preview: @Sendable (Call) -> Reason = { _ in .none }
        var unknown: Set<Digest> = []
        var previewValidForMS: Int64 = 1_000
        /// Before each answer.
        var delay: Duration = .zero
        var holdError: HoldError?
        var health = Health(viewApplied: true, leaseHeld: true, journalWritable: true, halted: nil)
        var metrics: [Metric] = []
        var checked: [Call] = []
        var previewed: [Call] = []
        var settled: [String: [Amount]] = [:]
        var priced: [String: Priced] = [:]
        var released: [String] = []
        var patience: Duration = .zero
        var sequence = 0
        var streams: [AsyncStream<Cancellation>.Continuation] = []
    }

    let state = Mutex(State())

    func set(_ body: (inout sending State) -> Void) { state.withLock { body(&$0) } }

    func check(_ call: Call, patience: Duration) async -> Decision {
        let delay = state.withLock { $0.delay }
        if delay > .zero { try? await Task.sleep(for: delay) }
        return state.withLock { state in
            state.checked.append(call)
            state.patience = patience
            state.sequence += 1
            var decision = state.decide(call)
            if decision.decisionID.isEmpty { decision.decisionID = "d-\(state.sequence)" }
            if decision.isAllow { decision.permitID = Permits.id(decision.decisionID) }
            return decision
        }
    }

    func settle(_ permitID: String, actual: [Amount], priced: Priced) async throws(HoldError) {
        let error = state.withLock { state in
            if state.holdError == nil {
                state.settled[Permits.decision(permitID)] = actual
                state.priced[Permits.decision(permitID)] = priced
            }
            return state.holdError
        }
        if let error { throw error }
    }

    func release(_ permitID: String) async throws(HoldError) {
        let error = state.withLock { state in
            if state.holdError == nil { state.released.append(Permits.decision(permitID)) }
            return state.holdError
        }
        if let error { throw error }
    }

    func mayKnow(_ credential: Digest) -> Bool { state.withLock { !$0.unknown.contains(credential) } }

    func preview(_ call: Call) async -> Preview {
        let delay = state.withLock { call.resourceType == "mcp_server" ? .zero : $0.delay }
        if delay > .zero { try? await Task.sleep(for: delay) }
        return state.withLock { state in
            state.previewed.append(call)
            return Preview(reason: state.preview(call), validForMS: state.previewValidForMS)
        }
    }

    func cancellations() -> AsyncStream<Cancellation> {
        let (stream, continuation) = AsyncStream<Cancellation>.makeStream()
        state.withLock { $0.streams.append(continuation) }
        return stream
    }

    func cancel(_ decisionID: String, _ reason: Reason = .revoked, of credential: Digest = .zero) {
        for stream in state.withLock({ $0.streams }) { stream.yield(Cancellation(decisionID: decisionID, reason: reason, credential: credential)) }
    }

    func breakStreams() {
        let streams = state.withLock { state in
            defer { state.streams = [] }
            return state.streams
        }
        for stream in streams { stream.finish() }
    }

    func health() -> Health { state.withLock { $0.health } }
    func metrics() -> [Metric] { state.withLock { $0.metrics } }
}

/// Permits as a gatekeeper of the tests gives them: what is ended by anything else is told as no decision's.
enum Permits {
    static func id(_ decisionID: String) -> String { decisionID + "-tag" }
    static func decision(_ permitID: String) -> String { permitID.hasSuffix("-tag") ? String(permitID.dropLast(4)) : "no permit: \(permitID)" }
}

/// Not SHA-256, but as good for telling texts apart: FNV-1a in four lanes.
func fakeHash(_ bytes: [UInt8]) -> Digest {
    var out: [UInt8] = []
    for lane in UInt64(1)...4 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325 ^ lane
        for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        out += (0..<8).map { UInt8(truncatingIfNeeded: hash >> (8 * $0)) }
    }
    return Digest(out)!
}

let testHashing = Hashing(hash: fakeHash, credentialDigest: { $0.hasPrefix("pst_") ? fakeHash(Array($0.utf8)) : nil })
let testCredential = "pst_c3VjaCBhIHNlY3JldA"
let testDigest = fakeHash(Array(testCredential.utf8))

let quietLogger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

/// Waits for what another thread does; false after five seconds.
func eventually(_ condition: () -> Bool) async -> Bool {
    for _ in 0..<500 {
        if condition() { return true }
        try? await Task.sleep(for: .milliseconds(10))
    }
    return condition()
}

func temporaryFolder() -> String {
    let path = NSTemporaryDirectory() + "penstock-" + UUID().uuidString.prefix(8)
    try! FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)  // Without it no test can run.
    return path
}

/// A session and what it did, with a gatekeeper in line: for scenarios without threads.
struct Scene {
    var session = GatewaySession(credential: testDigest, serverID: "mcp", hash: fakeHash)
    var server: [String] = []
    var client: [JSON] = []
    var settled: [String: [Amount]] = [:]
    var priced: [String: Priced] = [:]
    var released: [String] = []
    var asked: [(ticket: GatewaySession.Ticket, call: Call)] = []
    var previews: [(ticket: GatewaySession.Ticket, calls: [Call])] = []
    var queue: [(line: String, ticket: GatewaySession.Ticket?)] = []
    var now: Int64 = 0
    /// What the grant is, whenever that is asked; nil for no answer yet.
    var standing: Reason? = Reason.none
    var standingsAsked = 0
    var notes: [String] = []
    /// Whether the client reads what comes.
    var isRead = true
    var unread: [(line: JSON, delivery: GatewaySession.Delivery?)] = []

    mutating func stand(_ reason: Reason, validForMS: Int64 = 1_000) {
        take(session.stands(Preview(reason: reason, validForMS: validForMS), askedAt: now))
    }

    mutating func client(_ line: String) { take(session.fromClient(Array(line.utf8))) }
    mutating func server(_ line: String) { take(session.fromServer(Array(line.utf8))) }

    /// Answers the oldest question.
    mutating func decide(_ decision: Decision) {
        take(session.decided(asked.removeFirst().ticket, decision, askedAt: now))
    }

    mutating func allow(_ id: String, validForMS: Int64 = 1_000) { decide(Decision(reason: .none, decisionID: id, permitID: Permits.id(id), validForMS: validForMS)) }

    mutating func preview(_ decide: (Call) -> Reason) {
        let (ticket, calls) = previews.removeFirst()
        take(session.previewed(ticket, calls.map(decide)))
    }

    mutating func cancel(_ id: String, _ reason: Reason = .revoked) {
        take(session.cancelled(Cancellation(decisionID: id, reason: reason)))
    }

    /// Lets the writer run.
    mutating func write() {
        var waits = 0
        while !queue.isEmpty, waits < 100 {
            let item = queue.removeFirst()
            guard let ticket = item.ticket else {
                server.append(item.line)
                continue
            }
            switch session.willWrite(ticket, at: now) {
            case .write(let actions):
                server.append(item.line)
                take(actions)
            case .drop(let actions): take(actions)
            case .wait(let actions):
                queue.insert(item, at: 0)
                waits += 1
                guard !actions.isEmpty else { return }
                take(actions)
                // Without an answer it goes on waiting.
                if standing == nil { return }
            }
        }
    }

    /// Lets one part of the line at the head of the queue leave; true for as long as more of it may.
    mutating func write(_ part: GatewaySession.Part) -> Bool {
        switch session.willWrite(queue[0].ticket!, part, at: now) {
        case .write(let actions): take(actions)
        case .wait(let actions): take(actions)
        case .drop(let actions):
            take(actions)
            return false
        }
        return true
    }

    /// Lets the client's writer run.
    mutating func read() {
        while isRead, let item = unread.first {
            guard let delivery = item.delivery else {
                client.append(unread.removeFirst().line)
                continue
            }
            switch session.willDeliver(delivery, at: now) {
            case .write: client.append(unread.removeFirst().line)
            case .drop(let actions):
                unread.removeFirst()
                take(actions)
            case .wait(let actions):
                if !actions.isEmpty { take(actions) }
                return
            }
        }
    }

    mutating func take(_ actions: [GatewaySession.Action]) {
        for action in actions {
            switch action {
            case .toServer(let line, let ticket): queue.append((String(decoding: line, as: UTF8.self), ticket))
            case .toClient(let line, let delivery): unread.append((try! JSONParser.parse(line, .lenient), delivery))  // What we say must be JSON.
            case .check(let ticket, let call): asked.append((ticket, call))
            case .preview(let ticket, let calls): previews.append((ticket, calls))
            case .standing:
                standingsAsked += 1
                if let standing { stand(standing) }
            case .note(let text): notes.append(text)
            case .settle(let id, let amounts, let spent):
                settled[Permits.decision(id)] = amounts
                priced[Permits.decision(id)] = spent
            case .release(let id): released.append(Permits.decision(id))
            }
        }
        read()
    }

    var lastReason: String? { client.last?["error"]?["data"]?["reason"]?.text }
    var lastCode: Int64? { client.last?["error"]?["code"]?.int64 }
}
