internal import PenstockCore
internal import PenstockGatekeeper
internal import PenstockJSON

// MARK: - From the client

extension GatewaySession {
    /// - Parameter line: without its line feed.
    package mutating func fromClient(_ line: [UInt8]) -> [Action] {
        let line = Self.trimmed(line)
        guard !line.isEmpty else { return [] }
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

    /// Without blanks at its end: what ends a message leaves together with the line feed.
    static func trimmed(_ line: [UInt8]) -> [UInt8] {
        let kept = line.last == 13 ? line.dropLast() : line[...]
        guard kept.last == 32 || kept.last == 9 || kept.count < line.count else { return line }
        return Array(kept[..<(kept.lastIndex { $0 != 32 && $0 != 9 }.map { $0 + 1 } ?? kept.startIndex)])
    }

    /// A line so long that it was not even kept.
    package mutating func fromClientTooLong(_ outline: Outline) -> [Action] { refuse(.tooLong(outline)) }

    private mutating func refuse(_ refusal: ClientMessage.Refusal) -> [Action] {
        counters.refused += 1
        if refusal.isNotification { return [.note("a notification of the client is dropped: \(refusal.message)")] }
        var (told, ids): ([Action], [RequestID]) = ([], refusal.ids)
        for id in refusal.answers {
            guard serverRequests.remove(id) != nil else {
                ids.append(id)
                continue
            }
            told.append(
                .toServer(
                    Replies.error(id.json, code: -32603, "the client's answer cannot be passed: \(refusal.message)"),
                    nil))
        }
        guard told.isEmpty || !ids.isEmpty else {
            return [.note("an answer of the client is not passed: \(refusal.message)")] + told
        }
        // An error under an id that is under way would be taken for the answer to that request.
        ids = ids.filter { tickets[$0] == nil }
        if ids.isEmpty { return told + [.toClient(Replies.error(nil, code: refusal.code, refusal.message))] }
        return told + ids.map { .toClient(Replies.error($0.json, code: refusal.code, refusal.message)) }
    }

    private mutating func request(_ id: RequestID, _ method: String, _ params: JSON, _ line: [UInt8]) -> [Action] {
        guard tickets[id] == nil, tombstones[id] == nil else {
            return refuse(.init(code: -32600, message: "the id of a request that is under way", ids: [id]))
        }
        noteVersion(params)
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
        guard let id = RequestID(params["requestId"]), let ticket = tickets[id], let entry = end(ticket) else {
            return []
        }
        switch entry.stage {
        case .asking, .requiring, .waiting, .filtering: return []
        case .ready(let pass), .queued(let pass): return pass.permit.map { [.release($0.id)] } ?? []
        case .writing:
            // The rest of it leaves still: the server would read no further.
            entries[ticket] = entry
            entries[ticket]!.id = nil
            waitingBytes += entry.line.count
            tombstones.insert(id, .none)
            return [.toServer(Replies.cancel(id, nil), nil)]
        case .running(let permit):
            tombstones.insert(id, .none)
            return settle(permit, entry) + [.toServer(Replies.cancel(id, nil), nil)]
        }
    }
}
