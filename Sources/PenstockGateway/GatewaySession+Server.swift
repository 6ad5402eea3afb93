internal import PenstockGatekeeper
internal import PenstockJSON

// MARK: - From the server

extension GatewaySession {
    package mutating func fromServer(_ line: [UInt8]) -> [Action] {
        let line = Self.trimmed(line)
        guard !line.isEmpty else { return [] }
        do {
            let json = try JSONParser.parse(line, .lenient)
            // Batches were in one version of the protocol: each message of one is a message.
            guard let elements = json.elements else { return message(json, line) }
            return elements.flatMap { message($0, $0.bytes) }
        } catch {
            return unreadable(
                Outline(line), error == .tooDeep ? "is nested deeper than \(JSONParser.depth) levels" : "is not JSON")
        }
    }

    /// A line so long that it was not even kept.
    package mutating func fromServerTooLong(_ outline: Outline) -> [Action] {
        unreadable(outline, "is longer than \(GatewayLimits.serverLineBytes) bytes")
    }

    private mutating func message(_ json: JSON, _ line: [UInt8]) -> [Action] {
        guard let members = json.members else { return unreadable(Outline(line), "is no message") }
        let isAmbiguous = ["id", "method", "result", "error"].contains { name in members.count { $0.key == name } > 1 }
        guard !isAmbiguous else { return unreadable(Outline(line), "has a member twice") }
        guard let method = json["method"] else { return answer(json, line) }
        guard method != .null else {
            // As good as absent, which not every client knows.
            let bare = JSON.object(members.filter { $0.key != "method" })
            return answer(bare, bare.bytes)
        }
        guard let method = method.text else { return unreadable(Outline(line), "has a method that is no text") }
        guard let given = json["id"], given != .null else {
            guard method.hasPrefix("notifications/") else { return drop("is a request without an id") }
            if method == "notifications/cancelled", let id = RequestID(json["params"]?["requestId"]) {
                serverRequests.remove(id)
            }
            if let task = Tasks.read(json), task.hasEnded { tasks.ended(task.id) }
            return arrive(.init(kind: .notification, line: line))
        }
        if let id = RequestID(given), ["result", "error"].contains(where: { (json[$0] ?? .null) != .null }),
            let (ticket, permit) = running(id)
        {
            return spoil(ticket, permit, "the server's answer has a method")
        }
        guard let id = RequestID(given), id.problem == nil else {
            counters.dropped += 1
            return [
                .toServer(
                    Replies.error(
                        RequestID(given)?.json, code: -32600,
                        RequestID(given)?.problem ?? "id must be a string or a whole number"), nil)
            ]
        }
        return request(id, method, line)
    }

    private mutating func request(_ id: RequestID, _ method: String, _ line: [UInt8]) -> [Action] {
        // Answered once already, as far as the server can tell.
        guard !serverRequests.contains(id) else { return drop("has the id of a request that is under way") }
        func refuse(_ code: Int, _ why: String) -> [Action] {
            counters.dropped += 1
            return [.toServer(Replies.error(id.json, code: code, why), nil)]
        }
        switch method {
        case "sampling/createMessage", "elicitation/create", "roots/list", "ping":
            guard serverRequests.count < GatewayLimits.serverOutstanding else {
                return refuse(-32603, "too many requests are under way")
            }
            serverRequests.insert(id)
            return arrive(.init(kind: .request(id), line: line))
        default: return refuse(-32601, "a gateway does not pass this request")
        }
    }

    private mutating func arrive(_ line: Arrived) -> [Action] {
        arrived.append(line)
        arrivedBytes += line.line.count
        return ask()
    }

    private mutating func drop(_ why: String) -> [Action] {
        counters.dropped += 1
        return [.note("a line of the server is dropped: it \(why)")]
    }

    /// Whoever waits for what cannot be passed is told why.
    private mutating func unreadable(_ outline: Outline, _ why: String) -> [Action] {
        var (actions, isKnown): ([Action], Bool) = ([], false)
        for message in outline.messages {
            for id in message.ids {
                if message.hasMethod {
                    counters.dropped += 1
                    actions.append(
                        .toServer(Replies.error(id.json, code: -32600, "a request that \(why) cannot be passed"), nil))
                } else if tombstones.remove(id) != nil {
                    actions += late()
                } else if let (ticket, permit) = running(id) {
                    actions +=
                        [.note("an answer of the server is not passed: it \(why)")]
                        + spoil(ticket, permit, "the server's answer \(why)")
                } else {
                    continue
                }
                isKnown = true
            }
        }
        return isKnown ? actions : drop(why)
    }

    /// To what ended here, which the client has been told.
    private mutating func late() -> [Action] {
        counters.dropped += 1
        return []
    }

    /// The request that the server answers by this id, which a careless one writes in its own way.
    private func running(_ id: RequestID) -> (ticket: Ticket, permit: Permit?)? {
        let own = tickets[id].map { [$0] } ?? tickets.compactMap { $0.key.resembles(id) ? $0.value : nil }
        guard own.count == 1, case .running(let permit)? = entries[own[0]]?.stage else { return nil }
        return (own[0], permit)
    }

    private mutating func spoil(_ ticket: Ticket, _ permit: Permit?, _ why: String) -> [Action] {
        counters.dropped += 1
        guard let entry = end(ticket) else { return [] }
        return settle(permit, entry) + fail(entry.id, why)
    }

    private mutating func answer(_ json: JSON, _ line: [UInt8]) -> [Action] {
        let isError = json["error"].map { $0 != .null } ?? false
        guard let id = RequestID(json["id"]) else {
            // It could not read a request, and says so as JSON-RPC has it.
            return isError
                ? arrive(.init(kind: .notification, line: line))
                : unreadable(Outline(line), "is an answer without an id")
        }
        if tombstones.remove(id) != nil { return late() + abandon(json) }
        guard let (ticket, permit) = running(id) else { return drop("answers nothing that was asked") }
        let hasResult = json["result"].map { $0 != .null || !isError } ?? false
        guard hasResult != isError else {
            return spoil(ticket, permit, "the server's answer has neither a result nor an error, or both")
        }
        let own = entries[ticket]!.id!
        guard own != id else { return arrive(.init(kind: .answer(ticket, json), line: line)) }
        let corrected = json.setting("id", own.json)
        return arrive(.init(kind: .answer(ticket, corrected), line: corrected.bytes))
    }
}

// MARK: - To the client

extension GatewaySession {
    mutating func deliver(_ line: Arrived) -> [Action] {
        let (ticket, json): (Ticket, JSON)
        switch line.kind {
        case .notification: return pass(line.line, .notification)
        case .request(let id): return pass(line.line, .request(id))
        case .answer(let ofTicket, let answer): (ticket, json) = (ofTicket, answer)
        }
        guard let entry = entries[ticket], case .running(let permit) = entry.stage else {
            return late() + abandon(json)
        }
        let settled = settle(permit, entry, answer: json, bytes: line.line.count) + follow(json, of: entry)
        guard let list = entry.list, let count = list.count(json) else {
            _ = end(ticket)
            return settled + pass(line.line, .answer(entry.id!))
        }
        guard count <= GatewayLimits.entriesPerPage else {
            return spoil(
                ticket, permit, "the server's list has more than \(GatewayLimits.entriesPerPage) entries on one page")
        }
        entries[ticket]!.stage = .filtering(json, bytes: line.line.count, standings: standings)
        filteringBytes += line.line.count
        return settled + [previews(ticket, list, json)]
    }

    func previews(_ ticket: Ticket, _ list: ListFilter, _ answer: JSON) -> Action {
        .preview(ticket, list.names(answer).map { mapping.preview(list, $0) })
    }

    /// What the server says to an agent whose grant is not live goes nowhere; who waits for it is told.
    mutating func withhold(_ line: Arrived, _ denial: Decision) -> [Action] {
        counters.dropped += 1
        switch line.kind {
        case .notification: return []
        case .request(let id): return refuse(id, denial)
        case .answer(let ticket, let json):
            guard let entry = entries[ticket], case .running(let permit) = entry.stage else { return abandon(json) }
            _ = end(ticket)
            return settle(permit, entry, answer: json, bytes: line.line.count) + abandon(json) + deny(entry.id, denial)
        }
    }

    /// The server has gone: nothing will be answered any more.
    package mutating func serverEnded() -> [Action] {
        (arrived, arrivedBytes, asked) = ([], 0, nil)
        return entries.keys.sorted().flatMap { ticket -> [Action] in
            guard let entry = end(ticket) else { return [] }
            let failed = fail(entry.id, "the server has exited")
            switch entry.stage {
            case .running(let permit): return settle(permit, entry) + failed
            case .writing(let pass): return settle(pass.permit, entry) + failed
            case .queued(let pass), .ready(let pass): return (pass.permit.map { [.release($0.id)] } ?? []) + failed
            case .asking, .requiring, .waiting, .filtering: return failed
            }
        }
    }
}
