internal import PenstockCore
internal import PenstockEnforcer
internal import PenstockHTTP

// MARK: - From the client

extension GatewaySession {
    /// - Parameter line: without its line feed.
    package mutating func fromClient(_ line: [UInt8]) -> [Action] {
        let line = line.last == 13 ? Array(line.dropLast()) : line
        guard line.contains(where: { $0 != 32 && $0 != 9 }) else { return [] }
        let message: ClientMessage
        do {
            message = try ClientMessage.read(line)
        } catch {
            return refuse(error)
        }
        switch message {
        case .request(let id, let method, let params): return request(id, method, params, line)
        case .notification("notifications/cancelled", let params): return clientCancelled(params)
        case .notification(let method, let params): return notification(method, params, line)
        case .response(let id, let json): return response(id, json, line)
        }
    }

    /// A line so long that it was not even kept.
    package mutating func fromClientTooLong(_ outline: Outline) -> [Action] { refuse(.tooLong(outline)) }

    private mutating func refuse(_ refusal: ClientMessage.Refusal) -> [Action] {
        counters.refused += 1
        if refusal.isNotification { return [.note("a notification of the client is dropped: \(refusal.message)")] }
        // An error under an id that is under way would be taken for the answer to that request.
        let ids = refusal.ids.filter { tickets[$0] == nil }
        guard !refusal.ids.isEmpty else { return [.toClient(Replies.error(nil, code: refusal.code, refusal.message))] }
        if ids.isEmpty { return [.toClient(Replies.error(nil, code: refusal.code, refusal.message))] }
        return ids.map { .toClient(Replies.error($0.json, code: refusal.code, refusal.message)) }
    }

    private mutating func request(_ id: RequestID, _ method: String, _ params: JSON, _ line: [UInt8]) -> [Action] {
        guard tickets[id] == nil, tombstones[id] == nil else {
            return refuse(.init(code: -32600, message: "the id of a request that is under way", ids: [id]))
        }
        let rule: CallMapping.Rule
        var line = line
        do {
            let request = try mapping.capped(method, params, line)
            line = request.line
            rule = mapping.rule(method, request.params)
        } catch {
            rule = mapping.unpriced(method, params, error.what)
        }
        switch rule {
        case .invalid(let why):
            counters.refused += 1
            return [.toClient(Replies.error(id.json, code: -32602, why))]
        case .unpriced: line = []
        case .unknown: return deny(id, Decision(reason: .actionNotAllowed))
        case .live(let params): line = Replies.message(id, method, params)
        case .check, .require: break
        }
        guard hasRoom(for: line) else {
            counters.denied += 1
            return [.toClient(Replies.busy(id))]
        }
        var entry = Entry(id: id, line: line, list: ListFilter(method), stage: .asking(epoch: epoch))
        switch rule {
        case .check(let call):
            entry.call = call
            return [.check(begin(entry), call)]
        case .unpriced(let call, let why):
            entry.call = call
            entry.problem = why
            return [.check(begin(entry), call)]
        case .require(let preview, let call):
            entry.stage = .requiring(call)
            return [.preview(begin(entry), [preview])]
        default: return wait(entry)
        }
    }

    /// What the protocol knows passes for a live grant, made anew; anything else is decided as an action of its name.
    private mutating func notification(_ method: String, _ params: JSON, _ line: [UInt8]) -> [Action] {
        switch mapping.notification(method, params) {
        case .live(let params): return wait(Entry(line: Replies.message(nil, method, params), stage: .waiting))
        case .check(let call): return [.check(begin(Entry(line: line, call: call, stage: .asking(epoch: epoch))), call)]
        case .invalid(let why): return refuse(.init(code: -32602, message: why, isNotification: true))
        case .require, .unpriced, .unknown: return []
        }
    }

    /// To a request of the server's that has not been answered yet.
    private mutating func response(_ id: RequestID, _ json: JSON, _ line: [UInt8]) -> [Action] {
        let alike = serverRequests.contains(id) ? [id] : serverRequests.filter { $0.resembles(id) }
        guard alike.count == 1, let own = alike.first, !entries.values.contains(where: { $0.answers == own }) else {
            counters.refused += 1
            return [.note("a response of the client is dropped: nothing was asked under its id")]
        }
        let line = own == id ? line : json.setting("id", own.json).bytes
        return wait(Entry(line: line, stage: .waiting, answers: own))
    }

    private mutating func wait(_ entry: Entry) -> [Action] {
        var entry = entry
        entry.stage = .waiting
        waiting.append(begin(entry))
        return ask()
    }

    /// What the server is told is the gateway's own message, and says nothing but the id.
    private mutating func clientCancelled(_ params: JSON) -> [Action] {
        guard let id = RequestID(params["requestId"]), let ticket = tickets[id], let entry = end(ticket) else { return [] }
        switch entry.stage {
        case .asking, .requiring, .waiting, .filtering: return []
        case .ready(let pass), .queued(let pass): return pass.permit.map { [.release($0.id)] } ?? []
        case .running(let permit):
            tombstones.insert(id, .none)
            return settle(permit, entry) + [.toServer(Replies.cancel(id, nil), nil)]
        }
    }
}
