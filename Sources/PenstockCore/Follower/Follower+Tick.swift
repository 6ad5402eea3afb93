/// What time, and decisions, ask for.
extension Follower {
    package mutating func tick(
        _ enforcement: inout Enforcement, awaited: Awaited, echoWanted: Bool, at now: Instant, random: () -> UInt64
    ) -> [Ask] {
        switch phase {
        case .halted, .ending: return []
        case .checkingPrefix:
            guard seen.position > 0 else {
                phase = .loading
                return []
            }
            guard now >= due.start, !awaited.contains(.prefix) else { return [] }
            due.start = now + 200 * .nanosecondsPerMillisecond
            return [.prefix(seen.position)]
        case .loading:
            guard now >= due.start, !awaited.contains(.snapshot) else { return [] }
            due.start = now + 20 * .nanosecondsPerMillisecond
            return [.snapshot]
        case .live:
            var asks: [Ask] = []
            enforcement.freezeDebts()
            if enforcement.dealRates(at: now) { pending.news.insert(.rates) }
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

    private mutating func echo(
        _ enforcement: inout Enforcement, _ isWanted: Bool, _ now: Instant, _ random: () -> UInt64, _ asks: inout [Ask]
    ) {
        isEchoWanted = isEchoWanted || isWanted
        let interval = enforcement.view.settings.maxStaleness / 4
        let mayHurry = enforcement.lease.unanswered(since: now - interval) < Limits.echoesOutstanding / 4
        guard now >= due.echo || mayHurry && (isEchoWanted || enforcement.rates.wantsEcho(enforcement.shards, at: now))
        else { return }
        isEchoWanted = false
        due.echo = now + interval
        let nonce = random()
        viewAgeMS = UInt32(clamping: (enforcement.lease.age(at: now) ?? 0) / .nanosecondsPerMillisecond)
        enforcement.echoSent(nonce: nonce, at: now)
        asks.append(.echo(nonce: nonce, enforcement.rateStatement(at: now)))
    }

    /// Before anything is reserved: what is owed freezes the budgets that it was drawn on.
    private mutating func owe(_ enforcement: inout Enforcement, _ awaited: Awaited, _ now: Instant, _ asks: inout [Ask])
    {
        if inheritedDebts == nil {
            let inherited = predecessors.debts(enforcement.view)
            for debt in inherited { enforcement.freeze(for: debt) }
            inheritedDebts = inherited
        }
        guard !awaited.contains(.owe), now >= due.owe, let debt = enforcement.owing.first ?? inheritedDebts?.first
        else { return }
        due.owe = now + 100 * .nanosecondsPerMillisecond
        asks.append(.owe(debt))
    }

    private func reserve(_ enforcement: inout Enforcement, _ now: Instant, _ random: () -> UInt64, _ asks: inout [Ask])
    {
        while let reserve = enforcement.nextReserve(
            at: now, requestID: { Incarnation(high: random(), low: random()) })
        {
            let grant = enforcement.view.grants[Int(reserve.grant)].grant
            let shard = Int(reserve.shard)
            let parts = reserve.parts.map {
                SliceRequest.Part(
                    unit: enforcement.shards[shard].purse.account($0.account).unit, need: $0.need, want: $0.want)
            }
            let request = SliceRequest(
                incarnation: enforcement.incarnation, requestID: reserve.requestID,
                grantID: enforcement.view.symbols.text(grant), parts: parts)
            asks.append(.reserve(reserve, request))
        }
    }

    /// A revoked grant's slices go back as far as they are unspent, some accounts a turn; what was given up is told
    /// until the ledger has it.
    private mutating func close(
        _ enforcement: inout Enforcement, _ awaited: Awaited, _ now: Instant, _ asks: inout [Ask]
    ) {
        if let start = revokedScan {
            let next = enforcement.closeRevoked(from: start, scan: 4096)
            revokedScan = next < enforcement.accountCount ? next : nil
        }
        guard enforcement.hasUnclosed, !awaited.contains(.close), now >= due.close else { return }
        let uses = enforcement.unclosed(limit: Limits.usesPerReport)
        asks.append(.close(uses, of: enforcement.incarnation, reason: "revoked", bySuccessor: false))
    }

    /// One report at a time, so that a slice counts as reported only once the ledger has taken it.
    private mutating func report(
        _ enforcement: inout Enforcement, _ awaited: Awaited, _ now: Instant, _ asks: inout [Ask]
    ) {
        // What was given back is wanted elsewhere, and does not wait.
        guard !awaited.contains(.report), now >= due.report || reportScan > 0 || enforcement.hasReturns else {
            return
        }
        let (uses, next) = enforcement.unreported(
            from: reportScan, scan: 8192, limit: Limits.usesPerReport, at: now)
        // After a pause soon; at steady demand a message stands for the decisions of seconds.
        due.report = now + (uses.isEmpty ? 500 : 2000) * .nanosecondsPerMillisecond
        reportScan = next < enforcement.accountCount ? next : 0
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
        if !awaited.contains(.slices) { asks.append(.openSlices(after: 0)) }
    }
}
