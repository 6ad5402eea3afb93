/// What the passing of time, and decisions, ask for.
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
            let isLate = target > applied && now - 10 * .nanosecondsPerMillisecond > behindSince
            if isLate || isFetchWanted, !awaited.contains(.fetch) {
                isFetchWanted = false
                asks.append(.fetch(from: applied + 1))
            }
            owe(&enforcement, awaited, now, &asks)
            reserve(&enforcement, now, random, &asks)
            close(&enforcement, awaited, now, &asks)
            report(&enforcement, awaited, now, &asks)
            inheritSlices(awaited, now, &asks)
            return asks
        }
    }

    /// Whether there is something to do sooner than the next timer.
    package var isHurried: Bool { phase != .live || target > applied || revokedScan != nil }

    private mutating func echo(_ enforcement: inout Enforcement, _ isWanted: Bool, _ now: Instant, _ random: () -> UInt64, _ asks: inout [Ask]) {
        isEchoWanted = isEchoWanted || isWanted
        let interval = enforcement.folded.settings.maxStaleness / 4
        let mayHurry = enforcement.lease.unanswered(since: now - interval) < Limits.echoesOutstanding / 4
        guard now >= due.echo || mayHurry && (isEchoWanted || enforcement.rates.wantsEcho(at: now)) else { return }
        isEchoWanted = false
        due.echo = now + interval
        let nonce = random()
        enforcement.echoSent(nonce: nonce, at: now)
        asks.append(.echo(nonce: nonce, enforcement.rateStatement(at: now)))
    }

    /// Before anything is reserved: what is owed freezes the budgets that it was drawn on.
    private mutating func owe(_ enforcement: inout Enforcement, _ awaited: Awaited, _ now: Instant, _ asks: inout [Ask]) {
        if inheritedDebts == nil {
            let inherited = predecessors.debts(enforcement.folded)
            for debt in inherited { enforcement.freeze(for: debt) }
            inheritedDebts = inherited
        }
        guard !awaited.contains(.owe), now >= due.owe, let debt = enforcement.owing.first ?? inheritedDebts?.first else { return }
        due.owe = now + 100 * .nanosecondsPerMillisecond
        asks.append(.owe(debt))
    }

    private func reserve(_ enforcement: inout Enforcement, _ now: Instant, _ random: () -> UInt64, _ asks: inout [Ask]) {
        while let reserve = enforcement.purse.nextReserve(at: now, requestID: Incarnation(high: random(), low: random())) {
            let grant = enforcement.folded.grants[Int(reserve.grant)].grant
            let parts = reserve.parts.map { SliceRequest.Part(unit: enforcement.purse.account($0.account).unit, need: $0.need, want: $0.want) }
            let request = SliceRequest(
                incarnation: enforcement.incarnation, requestID: reserve.requestID, grantID: enforcement.folded.symbols.text(grant), parts: parts)
            asks.append(.reserve(reserve, request))
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
        // What was given back is wanted elsewhere, and does not wait.
        guard !awaited.contains(.report), now >= due.report || reportScan > 0 || enforcement.purse.hasReturns else { return }
        if let clock = enforcement.lease.clock {
            let wall = clock.windowTime(at: now, ratePPM: enforcement.folded.settings.clockRatePPM)
            _ = enforcement.purse.sweep(from: reportScan, scan: 8192, wall: wall, at: now)
        }
        let (uses, next) = enforcement.purse.unreported(from: reportScan, scan: 8192, limit: Limits.usesPerReport)
        // After a pause soon; at steady demand a message stands for the decisions of seconds.
        due.report = now + (uses.isEmpty ? 500 : 2000) * .nanosecondsPerMillisecond
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
        let closes = Follower.pages(enforcement.purse.unclosed(limit: .max)).map { Ask.close($0, of: enforcement.incarnation, reason: "stop", bySuccessor: false) }
        return closes + [.acknowledge(urgent: [], ended: true)]
    }

    /// Slices that have come after `stop`, by answers to requests that were under way: they go back as well.
    package func stopLate(_ enforcement: inout Enforcement) -> [Ask] {
        let known = Set(enforcement.purse.unclosed(limit: .max).map(\.slice))
        enforcement.closeAll()
        let late = enforcement.purse.unclosed(limit: .max).filter { !known.contains($0.slice) }
        return Follower.pages(late).map { .close($0, of: enforcement.incarnation, reason: "stop", bySuccessor: false) }
    }

    static func pages(_ uses: [SliceReport.Use]) -> [[SliceReport.Use]] {
        stride(from: 0, to: uses.count, by: Limits.usesPerReport).map { Array(uses[$0..<min($0 + Limits.usesPerReport, uses.count)]) }
    }
}
