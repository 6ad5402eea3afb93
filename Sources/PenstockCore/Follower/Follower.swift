/// An enforcer's side of the protocol, as a value: follows the log, renews the lease, fetches slices, reports spend.
/// The shell owns sockets, journal and keys; it hands in what has come, and sends what is asked for.
///
/// What decisions read is the `Enforcement` that every step is lent; the shell holds its lock meanwhile.
package struct Follower: Sendable {
    package private(set) var phase = Phase.checkingPrefix
    /// The view's position.
    package private(set) var applied: Position = 0
    /// The ledger's head, as far as it was heard of, and since when the view is behind it.
    package private(set) var target: Position = 0
    private var behindSince: Instant = 0
    /// The highest position heard of in any way: a restored ledger must not be behind it.
    package private(set) var heard: Position
    /// Of the log that this node folded before its restart; 0 when it has none.
    private let seen: Position
    private let predecessors: Predecessors
    /// Whether nothing of earlier incarnations is open at the ledger any more.
    package private(set) var predecessorsClosed = false
    /// Accounts from here on are yet to be looked through for revoked grants.
    private var revokedScan: Int?
    private var reportScan = 0
    private var due = Timers()

    /// Left by: the ledger's word that its log extends what this node has seen; a snapshot; a failure; a restart.
    package enum Phase: Equatable, Sendable {
        case checkingPrefix
        case loading
        case live
        case halted
    }

    private struct Timers: Sendable {
        var start: Instant = .min
        var echo: Instant = .min
        var report: Instant = .min
        var close: Instant = .min
    }

    /// - Parameter seen: the log that earlier incarnations have folded; `heard` is what they have heard of.
    package init(seen: Position, heard: Position, predecessors: Predecessors) {
        self.seen = seen
        self.heard = max(seen, heard, predecessors.highestSlice)
        self.predecessors = predecessors
    }

    /// What the node asks the ledger for.
    package enum Ask: Equatable, Sendable {
        /// Whether its log extends the one seen before the restart.
        case prefix(Position)
        case snapshot
        case echo(nonce: UInt64)
        case fetch(from: Position)
        case acknowledge(urgent: [Position], ended: Bool)
        case reserve(Purse.Reserve, grantID: String, unit: String)
        /// By account.
        case report([Int32: [SliceReport.Use]])
        case close([SliceReport.Use], of: Incarnation, reason: String, bySuccessor: Bool)
        /// The slices that incarnations of this node have open.
        case openSlices

        /// Whether it is sent again until it is answered.
        package var retries: Bool {
            switch self {
            case .reserve, .report, .close: true
            case .prefix, .snapshot, .echo, .fetch, .acknowledge, .openSlices: false
            }
        }
    }

    /// Kinds of requests that are under way: they are not made twice.
    package struct Awaited: OptionSet, Sendable {
        package let rawValue: UInt8
        package init(rawValue: UInt8) { self.rawValue = rawValue }
        package static let prefix = Awaited(rawValue: 1)
        package static let snapshot = Awaited(rawValue: 2)
        package static let fetch = Awaited(rawValue: 4)
        package static let slices = Awaited(rawValue: 8)
        package static let report = Awaited(rawValue: 16)
        package static let close = Awaited(rawValue: 32)

        package init(_ ask: Ask) {
            switch ask {
            case .prefix: self = .prefix
            case .snapshot: self = .snapshot
            case .fetch: self = .fetch
            case .openSlices: self = .slices
            case .report: self = .report
            case .close(_, _, _, let bySuccessor): self = bySuccessor ? .slices : .close
            case .echo, .acknowledge, .reserve: self = []
            }
        }
    }

    /// What a step asks the shell to do.
    package struct Effects: Sendable {
        package var asks: [Ask] = []
        /// Calls under way that must stop.
        package var cancelled: [(decision: UInt64, reason: Reason)] = []
        package init() {}
    }
}

// MARK: - Following the log

extension Follower {
    /// Denies everything from here on.
    package mutating func halt(_ why: String, _ enforcement: inout Enforcement) {
        phase = .halted
        enforcement.halt(why)
    }

    /// A snapshot that the ledger signed.
    package mutating func loaded(_ view: View, head: Position, into enforcement: inout Enforcement, at now: Instant) {
        applied = view.position
        enforcement.load(view)
        phase = .live
        aim(at: max(head, applied), at: now)
        behindSince = .min
    }

    /// Takes authority away at once, ahead of the log, and says so. The event's signature has been verified.
    package mutating func receivedUrgent(_ event: Event, at position: Position, _ enforcement: inout Enforcement) -> Effects {
        var effects = Effects()
        guard phase == .live, position > applied, enforcement.applyAhead(event, at: position) else { return effects }
        heard = max(heard, position)
        effects.cancelled = enforcement.cancelRestricted()
        effects.asks = [.acknowledge(urgent: [position], ended: false)]
        revokedScan = 0
        return effects
    }

    /// Whether the page that begins here can be folded; a later one leaves a gap, to be fetched.
    package mutating func admits(first: Position, count: Int, at now: Instant) -> Bool {
        guard phase == .live else { return false }
        guard first <= applied + 1 else {
            aim(at: first + Position(count) - 1, at: now)
            return false
        }
        return true
    }

    /// Folds the next event, whose signature has been verified. Returns whether it is a restriction, which is to be
    /// acknowledged once its page is folded.
    package mutating func apply(_ event: Event, at position: Position, _ enforcement: inout Enforcement, _ effects: inout Effects) throws(FoldError) -> Bool {
        do {
            try enforcement.apply(event, at: position)
        } catch {
            halt("log position \(position) cannot be followed: \(error.problem)", &enforcement)
            throw error
        }
        applied = position
        heard = max(heard, position)
        switch event.kind {
        case .restricted:
            effects.cancelled += enforcement.cancelRestricted()
            revokedScan = 0
            return true
        case .nodeExpelled(enforcement.node, _): halt("this node was expelled at position \(position)", &enforcement)
        default: break
        }
        return false
    }

    /// The ledger's log reaches at least this position.
    package mutating func aim(at position: Position, at now: Instant) {
        guard position > target else { return }
        if target <= applied { behindSince = now }
        target = position
        heard = max(heard, position)
    }

    /// A page that was fetched may have more behind it.
    package mutating func fetched(head: Position, at now: Instant) {
        aim(at: head, at: now)
        if target > applied { behindSince = .min }
    }
}

// MARK: - Time

extension Follower {
    package mutating func tick(
        _ enforcement: inout Enforcement, awaited: Awaited, echoWanted: Bool, at now: Instant, random: () -> UInt64
    ) -> [Ask] {
        switch phase {
        case .halted: return []
        case .checkingPrefix:
            guard seen > 0 else {
                phase = .loading
                return []
            }
            guard now >= due.start, !awaited.contains(.prefix) else { return [] }
            due.start = now + 200 * .nanosecondsPerMillisecond
            return [.prefix(seen)]
        case .loading:
            guard now >= due.start, !awaited.contains(.snapshot) else { return [] }
            due.start = now + 20 * .nanosecondsPerMillisecond
            return [.snapshot]
        case .live:
            var asks: [Ask] = []
            echo(&enforcement, echoWanted, now, random, &asks)
            // Publications usually bring what is missing; what they did not bring in a moment is fetched.
            if target > applied, now - 10 * .nanosecondsPerMillisecond > behindSince, !awaited.contains(.fetch) { asks.append(.fetch(from: applied + 1)) }
            reserve(&enforcement, random, &asks)
            close(&enforcement, awaited, now, &asks)
            report(&enforcement, awaited, now, &asks)
            inheritSlices(awaited, now, &asks)
            return asks
        }
    }

    /// Whether there is something to do sooner than the next timer.
    package var isHurried: Bool { phase != .live || target > applied || revokedScan != nil }

    private mutating func echo(_ enforcement: inout Enforcement, _ isWanted: Bool, _ now: Instant, _ random: () -> UInt64, _ asks: inout [Ask]) {
        guard isWanted || now >= due.echo else { return }
        due.echo = now + enforcement.folded.settings.maxStaleness / 4
        let nonce = random()
        enforcement.echoSent(nonce: nonce, at: now)
        asks.append(.echo(nonce: nonce))
    }

    private func reserve(_ enforcement: inout Enforcement, _ random: () -> UInt64, _ asks: inout [Ask]) {
        while let reserve = enforcement.nextReserve(requestID: Incarnation(high: random(), low: random())) {
            let account = enforcement.purse.account(reserve.account)
            let grant = enforcement.folded.grants[Int(account.grant)].grant
            asks.append(.reserve(reserve, grantID: enforcement.folded.symbols.text(grant), unit: account.unit))
        }
    }

    /// A revoked grant's slices go back as far as they are unspent, some accounts a turn; what was given up is told
    /// until the ledger has it.
    private mutating func close(_ enforcement: inout Enforcement, _ awaited: Awaited, _ now: Instant, _ asks: inout [Ask]) {
        if let start = revokedScan {
            let next = enforcement.closeRevoked(from: start, scan: 4096)
            revokedScan = next < enforcement.purse.count ? next : nil
        }
        guard enforcement.purse.hasUnclosed, !awaited.contains(.close), now >= due.close else { return }
        let uses = enforcement.purse.unclosed(limit: Limits.usesPerReport)
        asks.append(.close(uses, of: enforcement.incarnation, reason: "revoked", bySuccessor: false))
    }

    /// One report at a time, so that a slice counts as reported only once the ledger has taken it.
    private mutating func report(_ enforcement: inout Enforcement, _ awaited: Awaited, _ now: Instant, _ asks: inout [Ask]) {
        guard !awaited.contains(.report), now >= due.report || reportScan > 0 else { return }
        due.report = now + 500 * .nanosecondsPerMillisecond
        let (uses, next) = enforcement.purse.unreported(from: reportScan, scan: 8192, limit: Limits.usesPerReport)
        reportScan = next < enforcement.purse.count ? next : 0
        if !uses.isEmpty { asks.append(.report(uses)) }
    }

    /// Asks for the slices that earlier incarnations still hold, to close them from their journal.
    private mutating func inheritSlices(_ awaited: Awaited, _ now: Instant, _ asks: inout [Ask]) {
        guard !predecessorsClosed, now >= due.start else { return }
        guard !predecessors.isEmpty else {
            predecessorsClosed = true
            return
        }
        due.start = now + 300 * .nanosecondsPerMillisecond
        if !awaited.contains(.slices) { asks.append(.openSlices) }
    }

    /// A clean stop: slices go back, and the ledger need not wait for the lease to run out.
    package func stop(_ enforcement: inout Enforcement) -> [Ask] {
        guard phase == .live else { return [] }
        enforcement.closeAll()
        let closes = Self.pages(enforcement.purse.unclosed(limit: .max)).map { Ask.close($0, of: enforcement.incarnation, reason: "stop", bySuccessor: false) }
        return closes + [.acknowledge(urgent: [], ended: true)]
    }

    private static func pages(_ uses: [SliceReport.Use]) -> [[SliceReport.Use]] {
        stride(from: 0, to: uses.count, by: Limits.usesPerReport).map { Array(uses[$0..<min($0 + Limits.usesPerReport, uses.count)]) }
    }
}

// MARK: - Answers

extension Follower {
    /// A slice that the ledger counts as open for some incarnation of this node.
    package struct HeldSlice: Sendable {
        package var slice: Position
        package var incarnation: Incarnation
        package var amount: Int64
        package var used: Int64

        package init(slice: Position, incarnation: Incarnation, amount: Int64, used: Int64) {
            self.slice = slice
            self.incarnation = incarnation
            self.amount = amount
            self.used = used
        }
    }

    package mutating func answered(_ echo: EchoReply, _ enforcement: inout Enforcement, at now: Instant) {
        if case .fetch(let head) = enforcement.echoAnswered(echo, at: now) { aim(at: head, at: now) }
    }

    package mutating func granted(_ slice: Position, amount: Int64, for reserve: Purse.Reserve, _ enforcement: inout Enforcement) {
        heard = max(heard, slice)
        _ = enforcement.granted(slice, amount: amount, account: reserve.account)
        let grant = Int(enforcement.purse.account(reserve.account).grant)
        if enforcement.folded.marks(onGrant: grant).contains(.revoked) { revokedScan = 0 }
    }

    /// The ledger has taken what was reported or closed.
    package func taken(_ ask: Ask, _ enforcement: inout Enforcement) {
        switch ask {
        case .report(let uses): enforcement.reported(uses)
        case .close(let uses, enforcement.incarnation, _, _): enforcement.closed(uses)
        case .prefix, .snapshot, .echo, .fetch, .acknowledge, .reserve, .close, .openSlices: break
        }
    }

    /// Closes what earlier incarnations hold, from what their journal proves.
    package mutating func answered(_ open: [HeldSlice], _ enforcement: Enforcement) -> [Ask] {
        var uses: [Incarnation: [SliceReport.Use]] = [:]
        for held in open where held.incarnation != enforcement.incarnation {
            guard let used = predecessors.closing(slice: held.slice, of: held.incarnation, amount: held.amount) else { continue }
            uses[held.incarnation, default: []].append(.init(slice: held.slice, used: max(used, held.used)))
        }
        predecessorsClosed = uses.isEmpty
        return uses.sorted { $0.key < $1.key }.flatMap { incarnation, uses in
            Self.pages(uses).map { .close($0, of: incarnation, reason: "succeeded", bySuccessor: true) }
        }
    }

    /// The ledger did not do what was asked.
    package mutating func refused(_ ask: Ask, _ refusal: Refusal, _ enforcement: inout Enforcement, at now: Instant) {
        switch refusal.code {
        case .diverged: return halt("\(refusal.message); an operator must find out which log is the newest", &enforcement)
        case .retired: return halt(refusal.message, &enforcement)
        default: break
        }
        switch ask {
        case .prefix:
            guard phase == .checkingPrefix else { return }
            // The incarnation is new to the ledger, which is all it can object to when the logs agree.
            if refusal.code == .notPermitted { phase = .loading } else { due.start = now + 200 * .nanosecondsPerMillisecond }
        case .reserve(let reserve, _, _): enforcement.reserveRefused(account: reserve.account)
        case .close(_, _, _, let bySuccessor):
            if bySuccessor { predecessorsClosed = false } else { due.close = now + 200 * .nanosecondsPerMillisecond }
        case .snapshot, .echo, .fetch, .acknowledge, .report, .openSlices: break
        }
    }
}
