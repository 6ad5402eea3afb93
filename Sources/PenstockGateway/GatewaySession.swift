package import PenstockCore
package import PenstockEnforcer
internal import PenstockHTTP

/// One MCP session between a client and the server it is gated from: takes lines and decisions, returns what to do.
///
/// Laws:
/// - A request reaches the server only by `willWrite`, and a checked one only under a permit that is still good.
/// - Whatever is denied or refused leaves no byte at the server.
/// - A hold ends exactly once: settled when the server may have acted, released when it never saw the call.
/// - Every request gets one answer, unless the client has cancelled it.
package struct GatewaySession: Sendable {
    /// Names a request within the session; ids of the client may come again.
    package typealias Ticket = UInt64

    package enum Action: Sendable {
        /// Write this line to the server. With a ticket, ask `willWrite` first.
        case toServer([UInt8], Ticket?)
        case toClient([UInt8])
        /// Ask the gatekeeper and answer with `decided`.
        case check(Ticket, Call)
        /// Ask for previews and answer with `previewed`, in this order.
        case preview(Ticket, [Call])
        /// By the permit's id: what was spent, and by which prices.
        case settle(String, [Amount], Priced)
        case release(String)
    }

    package struct Counters: Sendable, Hashable {
        /// Requests that reached the server.
        package var forwarded = 0
        package var denied = 0
        /// Calls stopped under way.
        package var cancelled = 0
        /// Lines of the client that are no proper message.
        package var refused = 0
        /// Lines of the server that were dropped: late, unknown or unreadable.
        package var dropped = 0

        package init(forwarded: Int = 0, denied: Int = 0, cancelled: Int = 0, refused: Int = 0, dropped: Int = 0) {
            self.forwarded = forwarded
            self.denied = denied
            self.cancelled = cancelled
            self.refused = refused
            self.dropped = dropped
        }
    }

    /// How a request is left: `asking` by a decision; `queued` by `willWrite`; `running` by the server's answer;
    /// `filtering` by previews. All by a cancellation of the client or the end of the session.
    private enum Stage {
        /// The epoch is that of the cancellations when it was asked.
        case asking(epoch: Int)
        /// `permit` is nil for what needs none.
        case queued(permit: Permit?)
        /// As above.
        case running(permit: Permit?)
        /// The server's answer, until it is known which tools may be shown.
        case filtering(JSON)
    }

    private struct Permit {
        /// Ends the hold.
        var id: String
        /// Names it in cancellations.
        var decisionID: String
        /// In milliseconds of the caller's monotonic clock.
        var usableUntil: Int64
    }

    private struct Entry {
        var id: RequestID
        var line: [UInt8]
        var call: Call?
        var lists: Bool
        var stage: Stage
        var rechecks = 0
    }

    package private(set) var counters = Counters()
    private let mapping: CallMapping
    private var entries: [Ticket: Entry] = [:]
    private var tickets: [RequestID: Ticket] = [:]
    private var nextTicket: Ticket = 0
    private var waitingBytes = 0
    /// Requests that ended here although the server may still answer.
    private var tombstones = Recent<RequestID, Reason>(limit: GatewayLimits.tombstones)
    private var early = Recent<String, Reason>(limit: GatewayLimits.earlyCancellations)
    private var serverRequests: Set<RequestID> = []
    /// Whether cancellations are being told; without them nothing may start that could not be stopped.
    private var isWatched = true
    private var epoch = 0

    package init(credential: Digest, serverID: String = "mcp", prices: PriceTable? = nil, hash: @escaping @Sendable ([UInt8]) -> Digest) {
        mapping = CallMapping(credential: credential, serverID: serverID, prices: prices, hash: hash)
    }

    package var outstanding: Int { entries.count }
}

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
            return refuse(error.id, error.code, error.message)
        }
        switch message {
        case .request(let id, let method, let params): return request(id, method, params, line)
        case .notification("notifications/cancelled", let params): return clientCancelled(params, line)
        case .notification: return [.toServer(line, nil)]
        case .response(let id):
            guard serverRequests.remove(id) != nil else {
                counters.refused += 1
                return []
            }
            return [.toServer(line, nil)]
        }
    }

    /// A line so long that it was not even kept.
    package mutating func fromClientTooLong() -> [Action] { refuse(nil, -32600, "the line is too long") }

    private mutating func refuse(_ id: RequestID?, _ code: Int, _ message: String) -> [Action] {
        counters.refused += 1
        // An error under an id that is under way would be taken for the answer to that request.
        let id = id.flatMap { tickets[$0] == nil ? $0 : nil }
        return [.toClient(Replies.error(id, code: code, message))]
    }

    private mutating func request(_ id: RequestID, _ method: String, _ params: JSON, _ line: [UInt8]) -> [Action] {
        guard tickets[id] == nil, tombstones[id] == nil else { return refuse(id, -32600, "the id of a request that is under way") }
        let rule: CallMapping.Rule
        var line = line
        do {
            let request = try mapping.capped(method, params, line)
            line = request.line
            rule = mapping.rule(method, request.params)
        } catch {
            rule = .unpriced(error.what)
        }
        switch rule {
        case .invalid(let why):
            counters.refused += 1
            return [.toClient(Replies.error(id, code: -32602, why))]
        case .unpriced(let why): return deny(id, Decision(reason: .malformed), detail: why)
        case .unknown: return deny(id, Decision(reason: .actionNotAllowed))
        default: break
        }
        guard entries.count < GatewayLimits.outstanding, waitingBytes + line.count <= GatewayLimits.waitingBytes else {
            counters.denied += 1
            return [.toClient(Replies.busy(id))]
        }
        nextTicket += 1
        let ticket = nextTicket
        tickets[id] = ticket
        waitingBytes += line.count
        var entry = Entry(id: id, line: line, call: nil, lists: false, stage: .asking(epoch: epoch))
        switch rule {
        case .check(let call):
            entry.call = call
            entries[ticket] = entry
            return [.check(ticket, call)]
        case .list(let call):
            entry.lists = true
            entries[ticket] = entry
            return [.preview(ticket, [call])]
        default:
            entry.stage = .queued(permit: nil)
            entries[ticket] = entry
            return [.toServer(line, ticket)]
        }
    }

    private mutating func clientCancelled(_ params: JSON, _ line: [UInt8]) -> [Action] {
        guard let id = RequestID(params["requestId"]), let ticket = tickets[id], let entry = end(ticket) else { return [] }
        switch entry.stage {
        case .asking, .filtering: return []
        case .queued(let permit): return permit.map { [.release($0.id)] } ?? []
        case .running(let permit):
            tombstones.insert(id, .none)
            return settle(permit, entry) + [.toServer(line, nil)]
        }
    }

    private mutating func deny(_ id: RequestID, _ decision: Decision, detail: String? = nil) -> [Action] {
        counters.denied += 1
        return [.toClient(Replies.denial(id, decision, detail: detail))]
    }

    private mutating func end(_ ticket: Ticket) -> Entry? {
        guard let entry = entries.removeValue(forKey: ticket) else { return nil }
        tickets[entry.id] = nil
        waitingBytes -= entry.line.count
        return entry
    }

    /// Without an answer nobody knows what was spent, so all that was held is.
    private func settle(_ permit: Permit?, _ entry: Entry) -> [Action] {
        guard let permit else { return [] }
        let call = entry.call
        return [.settle(permit.id, call?.amounts.list ?? [], Priced(version: call?.priceVersion ?? "", basis: call?.basis ?? ""))]
    }

    private func settle(_ permit: Permit?, _ entry: Entry, answer: JSON, bytes: Int) -> [Action] {
        guard let permit, let call = entry.call else { return settle(permit, entry) }
        let (amounts, priced) = mapping.spent(call, answer, bytes: bytes)
        return [.settle(permit.id, amounts, priced)]
    }
}

// MARK: - Decisions

extension GatewaySession {
    /// - Parameter askedAt: the caller's monotonic clock, in milliseconds, before it asked.
    package mutating func decided(_ ticket: Ticket, _ decision: Decision, askedAt: Int64) -> [Action] {
        guard let entry = entries[ticket], case .asking(let asked) = entry.stage else {
            return decision.isAllow && !decision.permitID.isEmpty ? [.release(decision.permitID)] : []
        }
        guard decision.isAllow else {
            _ = end(ticket)
            return deny(entry.id, decision)
        }
        var void: Reason?
        if decision.decisionID.isEmpty || decision.permitID.isEmpty { void = .unrecordable }
        if !isWatched || asked != epoch { void = .noView }
        if let reason = early.remove(decision.decisionID) { void = reason }
        if let void {
            _ = end(ticket)
            let answer = deny(entry.id, Decision(reason: void, decisionID: decision.decisionID))
            return (decision.permitID.isEmpty ? [] : [.release(decision.permitID)]) + answer
        }
        entries[ticket]!.stage = .queued(permit: Permit(id: decision.permitID, decisionID: decision.decisionID, usableUntil: askedAt + decision.validForMS))
        return [.toServer(entry.line, ticket)]
    }

    package mutating func previewed(_ ticket: Ticket, _ reasons: [Reason]) -> [Action] {
        guard let entry = entries[ticket] else { return [] }
        switch entry.stage {
        case .asking:
            let reason = reasons.first ?? .noView
            guard Self.mayList(reason) else {
                _ = end(ticket)
                return deny(entry.id, Decision(reason: reason))
            }
            entries[ticket]!.stage = .queued(permit: nil)
            return [.toServer(entry.line, ticket)]
        case .filtering(let answer):
            _ = end(ticket)
            return [.toClient(ToolList.filtered(answer, reasons).bytes)]
        case .queued, .running: return []
        }
    }

    /// A list is shown to any grant that is live; what it may call decides what is on it.
    private static func mayList(_ reason: Reason) -> Bool {
        switch reason {
        case .none, .actionNotAllowed, .resourceOutOfBounds, .amountOverLimit, .approvalRequired, .rateLimited, .unitNotBudgeted,
            .budgetExhausted, .budgetHeldElsewhere, .budgetPending:
            true
        default: false
        }
    }

    /// What to do with a request whose turn has come at the server's end of the queue.
    package enum Writing: Sendable {
        case write
        case drop([Action])
    }

    /// Asked right before the line is written. A permit that has run out is not used: the call is checked again.
    package mutating func willWrite(_ ticket: Ticket, at now: Int64) -> Writing {
        guard let entry = entries[ticket], case .queued(let permit) = entry.stage else { return .drop([]) }
        guard let permit, now >= permit.usableUntil, let call = entry.call else {
            entries[ticket]!.stage = .running(permit: permit)
            waitingBytes -= entry.line.count
            entries[ticket]!.line = []
            counters.forwarded += 1
            return .write
        }
        guard entry.rechecks < GatewayLimits.rechecks else {
            _ = end(ticket)
            return .drop([.release(permit.id)] + deny(entry.id, Decision(reason: .staleView, decisionID: permit.decisionID)))
        }
        entries[ticket]!.rechecks += 1
        entries[ticket]!.stage = .asking(epoch: epoch)
        return .drop([.release(permit.id), .check(ticket, call)])
    }

    /// The line could not be written.
    ///
    /// - Parameter untouched: no byte of it left.
    package mutating func couldNotWrite(_ ticket: Ticket, untouched: Bool) -> [Action] {
        guard let entry = end(ticket), case .running(let permit) = entry.stage else { return [] }
        counters.forwarded -= untouched ? 1 : 0
        let hold = untouched ? permit.map { [.release($0.id)] } ?? [] : settle(permit, entry)
        return hold + [.toClient(Replies.error(entry.id, code: -32603, "the server does not read"))]
    }
}

// MARK: - Cancellations

extension GatewaySession {
    package mutating func cancelled(_ cancellation: Cancellation) -> [Action] {
        for (ticket, entry) in entries {
            switch entry.stage {
            case .running(let permit?) where permit.decisionID == cancellation.decisionID: return stop(ticket, cancellation.reason)
            case .queued(let permit?) where permit.decisionID == cancellation.decisionID: return stop(ticket, cancellation.reason)
            default: continue
            }
        }
        early.insert(cancellation.decisionID, cancellation.reason)
        return []
    }

    /// Cancellations are no longer told: whatever runs under a permit might be revoked.
    package mutating func cancellationsLost() -> [Action] {
        isWatched = false
        epoch += 1
        return entries.keys.sorted().flatMap { ticket -> [Action] in
            switch entries[ticket]!.stage {
            case .running(.some), .queued(.some): stop(ticket, .noView)
            default: []
            }
        }
    }

    package mutating func cancellationsResumed() { isWatched = true }

    private mutating func stop(_ ticket: Ticket, _ reason: Reason) -> [Action] {
        guard let entry = end(ticket) else { return [] }
        counters.cancelled += 1
        switch entry.stage {
        case .running(let permit):
            tombstones.insert(entry.id, reason)
            let answer = Replies.denial(entry.id, Decision(reason: reason, decisionID: permit?.decisionID ?? ""))
            return [.toServer(Replies.cancel(entry.id, reason), nil), .toClient(answer)] + settle(permit, entry)
        case .queued(let permit):
            return [.toClient(Replies.denial(entry.id, Decision(reason: reason, decisionID: permit?.decisionID ?? "")))]
                + (permit.map { [.release($0.id)] } ?? [])
        case .asking, .filtering: return []
        }
    }
}

// MARK: - From the server

extension GatewaySession {
    package mutating func fromServer(_ line: [UInt8]) -> [Action] {
        let line = line.last == 13 ? Array(line.dropLast()) : line
        guard let json = try? JSONParser.parse(line, .lenient), let members = json.members,
            !["id", "method", "result", "error"].contains(where: { name in members.count { $0.key == name } > 1 })
        else { return drop() }
        guard let method = json["method"] else { return answer(json, line) }
        guard let method = method.text else { return drop() }
        guard json["id"] != nil else {
            guard method.hasPrefix("notifications/") else { return drop() }
            if method == "notifications/cancelled", let id = RequestID(json["params"]?["requestId"]) { serverRequests.remove(id) }
            return [.toClient(line)]
        }
        guard let id = RequestID(json["id"]), !serverRequests.contains(id) else { return drop() }
        switch method {
        case "sampling/createMessage", "elicitation/create", "roots/list", "ping":
            guard serverRequests.count < GatewayLimits.serverOutstanding else {
                counters.dropped += 1
                return [.toServer(Replies.error(id, code: -32603, "too many requests are under way"), nil)]
            }
            serverRequests.insert(id)
            return [.toClient(line)]
        default:
            counters.dropped += 1
            return [.toServer(Replies.error(id, code: -32601, "a gateway does not pass this request"), nil)]
        }
    }

    /// A line so long that it was not even kept.
    package mutating func fromServerTooLong() -> [Action] { drop() }

    private mutating func drop() -> [Action] {
        counters.dropped += 1
        return []
    }

    private mutating func answer(_ json: JSON, _ line: [UInt8]) -> [Action] {
        guard let id = RequestID(json["id"]) else { return drop() }
        if tombstones.remove(id) != nil { return drop() }
        guard let ticket = tickets[id], let entry = entries[ticket], case .running(let permit) = entry.stage,
            (json["result"] == nil) != (json["error"] == nil)
        else { return drop() }
        guard entry.lists, json["result"]?["tools"] != nil else {
            _ = end(ticket)
            return settle(permit, entry, answer: json, bytes: line.count) + [.toClient(line)]
        }
        entries[ticket]!.stage = .filtering(json)
        return [.preview(ticket, ToolList.names(json).map(mapping.preview(ofTool:)))]
    }

    /// The server has gone: nothing will be answered any more.
    package mutating func serverEnded() -> [Action] {
        entries.keys.sorted().flatMap { ticket -> [Action] in
            guard let entry = end(ticket) else { return [] }
            let failed = Action.toClient(Replies.error(entry.id, code: -32603, "the server has exited"))
            switch entry.stage {
            case .running(let permit): return settle(permit, entry) + [failed]
            case .queued(let permit?): return [.release(permit.id), failed]
            case .queued, .asking, .filtering: return [failed]
            }
        }
    }
}
