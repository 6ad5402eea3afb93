package import PenstockCore
internal import PenstockGatekeeper
internal import PenstockJSON

/// One MCP session between a client and the server it is gated from: takes lines and decisions, returns what to do.
///
/// Laws:
/// - What a client says reaches the server only by `willWrite`, which is asked before each part of it, under a permit
///   that is still good or, where nothing is to decide, while the grant is known to be live. What a server says reaches
///   the client only by `willDeliver`, while it is.
/// - What passes without a decision of its own is made anew, from the members that the protocol knows.
/// - Whatever is denied or refused leaves no byte at the server.
/// - A hold ends exactly once: settled when the server may have acted, released when it never saw the call.
/// - Every request gets one answer under its own id, unless who asked has cancelled it.
/// - A task that the server goes on with after its answer is cancelled with the grant.
package struct GatewaySession: Sendable {
    /// Names a message of the client within the session; ids of the client may come again.
    package typealias Ticket = UInt64

    package enum Action: Sendable {
        /// Write this line to the server. With a ticket, ask `willWrite` first.
        case toServer([UInt8], Ticket?)
        /// Write this line to the client. With what it is to the server, ask `willDeliver` first.
        case toClient([UInt8], Delivery? = nil)
        /// Ask the gatekeeper and answer with `decided`.
        case check(Ticket, Call)
        /// Ask for previews and answer with `previewed`, in this order.
        case preview(Ticket, [Call])
        /// Ask for a preview and answer with `stands`.
        case standing(Call)
        /// By the permit's id: what was spent, and by which prices.
        case settle(String, [Amount], Priced)
        case release(String)
        /// Say this to whoever runs the gateway.
        case note(String)
    }

    package struct Counters: Sendable, Hashable {
        /// Messages of the client that reached the server.
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

    /// How a message is left: `asking` by a decision; `requiring` by a preview; `waiting` by a standing; `ready` by the
    /// standing of what came before it; `queued` and `writing` by `willWrite`; `running` by the server's answer;
    /// `filtering` by previews. All by a cancellation of the client or the end of the session.
    enum Stage {
        /// The epoch is that of the cancellations when it was asked.
        case asking(epoch: Int)
        /// What is asked of the gatekeeper once the preview is favourable.
        case requiring(Call)
        case waiting
        case ready(Pass)
        case queued(Pass)
        /// A part of it has left.
        case writing(Pass)
        /// `permit` is nil for what needs none.
        case running(permit: Permit?)
        /// The server's answer, until it is known which entries may be shown; what was known when that was asked.
        case filtering(JSON, bytes: Int, standings: Int)
    }

    /// Why a message may be written.
    struct Pass {
        /// Nil for what only needs a live grant.
        var permit: Permit?
        /// In milliseconds of the caller's monotonic clock, as is the next.
        var usableUntil: Int64
        var askedAt: Int64
        /// Of `standings`, when it was asked.
        var standings: Int
    }

    struct Permit {
        /// Ends the hold.
        var id: String
        /// Names it in cancellations.
        var decisionID: String
    }

    struct Entry {
        /// Nil for what is never answered: notifications, and responses to the server.
        var id: RequestID?
        var line: [UInt8]
        var call: Call?
        var list: ListFilter?
        var stage: Stage
        /// Of the server, which this is the response to.
        var answers: RequestID?
        var rechecks = 0
        /// Why it is denied whatever is decided.
        var problem: String?

        var isFiltering: Bool { if case .filtering = stage { true } else { false } }
        /// The server works on it, or is about to, or its answer is looked at.
        var isUnderWay: Bool {
            switch stage {
            case .ready, .queued, .writing, .running, .filtering: true
            case .asking, .requiring, .waiting: false
            }
        }
    }

    /// A line of the server that waits until the grant is known to be live.
    struct Arrived {
        enum Kind {
            case answer(Ticket, JSON)
            case request(RequestID)
            case notification
        }

        var kind: Kind
        var line: [UInt8]
    }

    package internal(set) var counters = Counters()
    let mapping: CallMapping
    var entries: [Ticket: Entry] = [:]
    var tickets: [RequestID: Ticket] = [:]
    var nextTicket: Ticket = 0
    var waitingBytes = 0
    /// Requests that ended here although the server may still answer.
    var tombstones = Recent<RequestID, Reason>(limit: GatewayLimits.tombstones)
    var early = Recent<String, Reason>(limit: GatewayLimits.earlyCancellations)
    var serverRequests: Set<RequestID> = []
    /// Whether cancellations are being told; without them nothing may start that could not be stopped.
    var isWatched = true
    var epoch = 0

    /// Messages of the client in stage `waiting`, in their order.
    var waiting: [Ticket] = []
    /// Those in stage `ready`.
    var ready: [Ticket] = []
    var arrived: [Arrived] = []
    var arrivedBytes = 0
    /// Of answers in stage `filtering`.
    var filteringBytes = 0
    /// The question under way: the last ticket, the number of lines and the last delivery that its answer speaks for.
    var asked: (ticket: Ticket, lines: Int, delivery: UInt64, standings: Int)?
    var lastDelivery: UInt64 = 0
    /// The last answer, if it was that the grant is live.
    var live: Pass?
    /// The last answer, if it was another, and how often in turn it has been one.
    var refused: (denial: Decision, delivery: UInt64, times: Int)?
    var tasks = Tasks()
    var cancelledTasks = 0
    var protocolVersion: String?
    /// Restrictions that were told; a standing from before one says nothing.
    var standings = 0
    /// What runs is asked about though nothing waits.
    var isPulseDue = false

    package init(
        credential: Digest, serverID: String = "mcp", prices: PriceTable? = nil,
        hash: @escaping @Sendable ([UInt8]) -> Digest
    ) {
        mapping = CallMapping(credential: credential, serverID: serverID, prices: prices, hash: hash)
    }

    /// Messages of the client that have neither ended nor, if nothing answers them, reached the server.
    package var outstanding: Int { entries.count }

    /// Whether another line of the client may be read now.
    package var hasRoomForClient: Bool {
        entries.count - tickets.count < GatewayLimits.outstanding && waitingBytes <= GatewayLimits.waitingBytes
    }

    /// Whether another line of the server may be read now.
    package var hasRoomForServer: Bool { arrivedBytes + filteringBytes <= GatewayLimits.queueBytes }

    /// Whether something of the server's is still to be passed on.
    package var isDelivering: Bool { !arrived.isEmpty || entries.values.contains(where: \.isFiltering) }

    // MARK: Entries

    mutating func begin(_ entry: Entry) -> Ticket {
        nextTicket += 1
        if let id = entry.id { tickets[id] = nextTicket }
        waitingBytes += entry.line.count
        entries[nextTicket] = entry
        return nextTicket
    }

    func hasRoom(for line: [UInt8]) -> Bool {
        tickets.count < GatewayLimits.outstanding && waitingBytes + line.count <= GatewayLimits.waitingBytes
    }

    mutating func end(_ ticket: Ticket) -> Entry? {
        guard let entry = entries.removeValue(forKey: ticket) else { return nil }
        if let id = entry.id { tickets[id] = nil }
        waitingBytes -= entry.line.count
        switch entry.stage {
        case .waiting: waiting.removeAll { $0 == ticket }
        case .ready: ready.removeAll { $0 == ticket }
        case .filtering(_, let bytes, _): filteringBytes -= bytes
        default: break
        }
        return entry
    }

    /// The line has left: what is kept of a request that runs is what its answer needs.
    mutating func started(_ ticket: Ticket, _ permit: Permit?) {
        waitingBytes -= entries[ticket]!.line.count
        entries[ticket]!.line = []
        entries[ticket]!.stage = .running(permit: permit)
        counters.forwarded += 1
    }

    // MARK: Ends

    mutating func deny(_ id: RequestID?, _ decision: Decision, detail: String? = nil) -> [Action] {
        counters.denied += 1
        guard let id else { return [] }
        return [
            .toClient(Replies.denial(id, decision, detail: detail ?? (decision.detail.isEmpty ? nil : decision.detail)))
        ]
    }

    /// Whoever waits for this message to pass, or for its answer, is told why it does not.
    mutating func deny(_ entry: Entry, _ decision: Decision) -> [Action] {
        guard let own = entry.answers else { return deny(entry.id, decision) }
        counters.denied += 1
        serverRequests.remove(own)
        return [.toServer(Replies.denial(own, decision, detail: nil), nil)]
    }

    func fail(_ id: RequestID?, _ message: String) -> [Action] {
        id.map { [.toClient(Replies.error($0.json, code: -32603, message))] } ?? []
    }

    /// Without an answer nobody knows what was spent, so all that was held is.
    func settle(_ permit: Permit?, _ entry: Entry) -> [Action] {
        guard let permit else { return [] }
        let call = entry.call
        return [
            .settle(
                permit.id, call?.amounts.list ?? [], Priced(version: call?.priceVersion ?? "", basis: call?.basis ?? "")
            )
        ]
    }

    func settle(_ permit: Permit?, _ entry: Entry, answer: JSON, bytes: Int) -> [Action] {
        guard let permit, let call = entry.call else { return settle(permit, entry) }
        let spent = mapping.spent(call, answer, bytes: bytes)
        return (spent.doubt.map { [.note($0)] } ?? []) + [.settle(permit.id, spent.amounts, spent.priced)]
    }
}
