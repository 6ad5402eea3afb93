import PenstockCore
import PenstockGatekeeper
import PenstockGateway
import PenstockJSON
import PenstockTestSupport

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

    mutating func allow(_ id: String, validForMS: Int64 = 1_000) {
        decide(Decision(reason: .none, decisionID: id, permitID: Permits.id(id), validForMS: validForMS))
    }

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
            // What we say must be JSON.
            case .toClient(let line, let delivery): unread.append((try! JSONParser.parse(line, .lenient), delivery))
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
