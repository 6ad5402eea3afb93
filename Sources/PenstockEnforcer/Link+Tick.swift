internal import Foundation
internal import Logging
internal import PenstockCore
internal import PenstockCrypto
internal import PenstockJournal
internal import PenstockNode
internal import PenstockProto
internal import PenstockWire
internal import SwiftProtobuf
internal import Synchronization

/// What the passing of time, and decisions, ask for.
extension Link {
    func tick(_ now: Instant) {
        resend(now)
        switch phase {
        case .checkingPrefix: checkPrefix(now)
        case .loading:
            guard load == nil, now >= timers.start, !isAwaited({ if case .snapshot = $0 { true } else { false } }) else { return }
            timers.start = now + 20 * .nanosecondsPerMillisecond
            request(.snapshot, .snapshot(.init()))
        case .live:
            echo(now)
            fetchIfBehind(now)
            reserve()
            closeRevoked()
            report(now)
            ship(now)
            cosignDue(now)
            askForCheckpoints(now)
            inheritSlices(now)
            if now - timers.save > .nanosecondsPerSecond {
                timers.save = now
                saveSeen()
            }
        case .halted: break
        }
    }

    /// A log that does not extend the one folded before the restart is refused, by us and by the ledger.
    private func checkPrefix(_ now: Instant) {
        guard seen.position > 0, let root = Digest(hex: seen.root) else {
            phase = .loading
            return
        }
        guard now >= timers.start, !isAwaited({ if case .prefix = $0 { true } else { false } }) else { return }
        timers.start = now + 200 * .nanosecondsPerMillisecond
        request(.prefix, .ack(.with {
            $0.incarnation = Data(enforcer.incarnation.bytes)
            $0.applied = seen.position
            $0.root = Data(root.bytes)
        }))
    }

    private func echo(_ now: Instant) {
        let (interval, wanted, age) = enforcer.core.withLock { core in
            defer { core.echoWanted = false }
            let staleness = core.enforcement.view!.settings.maxStaleness
            return (staleness / 4, core.echoWanted, core.enforcement.lease.age(at: now))
        }
        guard wanted || now - timers.echo >= interval else { return }
        timers.echo = now
        let nonce = SecureRandom.uint64()
        enforcer.core.withLock { $0.enforcement.echoSent(nonce: nonce, at: Clocks.now()) }
        request(.echo, .echo(.with {
            $0.incarnation = Data(enforcer.incarnation.bytes)
            $0.nonce = nonce
            $0.applied = applied
            $0.root = Data(frontier.root.bytes)
            $0.version = PenstockVersion.current
            $0.viewAgeMs = UInt32(clamping: (age ?? 0) / .nanosecondsPerMillisecond)
        }))
    }

    private func reserve() {
        while true {
            let next = enforcer.core.withLock { core -> (Purse.Reserve, String, String)? in
                guard let reserve = core.enforcement.nextReserve(requestID: Incarnation(SecureRandom.bytes(16))!) else { return nil }
                let account = core.enforcement.purse.account(reserve.account)
                let view = core.enforcement.view!
                return (reserve, view.symbols.text(view.grants[Int(account.grant)].grant), account.unit)
            }
            guard let (reserve, grant, unit) = next else { return }
            request(.reserve(account: reserve.account, need: reserve.need), retries: true, .reserve(.with {
                $0.incarnation = Data(enforcer.incarnation.bytes)
                $0.requestID = Data(reserve.requestID.bytes)
                $0.grantID = grant
                $0.unit = unit
                $0.need = reserve.need
                $0.want = reserve.want
            }))
        }
    }

    /// A revoked grant's slices go back as far as they are unspent, some accounts a turn.
    private func closeRevoked() {
        guard let start = revokedScan else { return }
        let (uses, next, count) = enforcer.core.withLock { core in
            let (uses, next) = core.enforcement.closeRevoked(from: start, scan: 4096)
            return (uses, next, core.enforcement.purse.count)
        }
        revokedScan = next < count ? next : nil
        if !uses.isEmpty { submit(.sliceClosed(SliceReport(incarnation: enforcer.incarnation, uses: uses, reason: "revoked")), .closing) }
    }

    private func report(_ now: Instant) {
        guard now - timers.report > 500 * .nanosecondsPerMillisecond || reportScan > 0 else { return }
        timers.report = now
        let (uses, next, count) = enforcer.core.withLock { core in
            let (uses, next) = core.enforcement.unreported(from: reportScan, scan: 8192, limit: Limits.usesPerReport)
            return (uses, next, core.enforcement.purse.count)
        }
        reportScan = next < count ? next : 0
        if !uses.isEmpty { submit(.spendReported(SliceReport(incarnation: enforcer.incarnation, uses: uses)), .report) }
    }

    // MARK: Decisions

    /// Ships decision records in batches of one incarnation, one batch at a time.
    private func ship(_ now: Instant) {
        guard enforcer.options.shipsDecisions, now >= timers.ship else { return }
        timers.ship = now + 200 * .nanosecondsPerMillisecond
        let isShipping = isAwaited {
            switch $0 {
            case .shipment, .shipped: true
            default: false
            }
        }
        guard !isShipping else { return }
        var records: [UInt8] = []
        var first: UInt64 = 0
        var count: UInt32 = 0
        var incarnation = enforcer.incarnation
        _ = enforcer.journal.read(from: seen.shipped + 1, maxBytes: Limits.pageBytes) { sequence, bytes in
            let owner = self.incarnation(ofSequence: sequence)
            if count == 0 { (first, incarnation) = (sequence, owner) }
            guard owner == incarnation, sequence == first + UInt64(count), sequence <= shipEnd else { return }
            withUnsafeBytes(of: UInt32(bytes.count).littleEndian) { records.append(contentsOf: $0) }
            records.append(contentsOf: bytes)
            count += 1
        }
        guard count > 0 else { return }
        let batch = records
        // A full batch has another one behind it, which goes as soon as this one is confirmed.
        shipsOn = batch.count > Limits.pageBytes / 2
        let (batchFirst, batchCount, batchIncarnation) = (first, count, incarnation)
        request(.shipment(first: first, count: count, digest: SHA256.hash(records), incarnation: incarnation), retries: true, .decisions(.with {
            $0.incarnation = Data(batchIncarnation.bytes)
            $0.firstSequence = batchFirst
            $0.count = batchCount
            $0.records = Data(batch)
        }))
    }

    /// Decisions, about as many as fill a fourth of a segment.
    private var releaseEvery: UInt64 { UInt64(enforcer.options.journal.segmentBytes >> 10) }

    private func incarnation(ofSequence sequence: UInt64) -> Incarnation {
        let segment = enforcer.journal.previous.first { $0.firstSequence <= sequence && sequence <= $0.lastSequence }
        return segment.flatMap { Incarnation($0.incarnation) } ?? enforcer.incarnation
    }

    /// The ledger has `through` as its last decision from the batch's first on.
    func stored(_ through: UInt64, first: UInt64, count: UInt32, digest: Digest, incarnation: Incarnation) {
        let last = first + UInt64(count) - 1
        if through == last {
            let batch = DecisionBatch(incarnation: incarnation, firstSequence: first, count: count, digest: digest)
            submit(.decisionBatch(batch), .shipped(through: through))
        } else if through >= first, through < last {
            shipEnd = through
            timers.ship = 0
        } else {
            skip(through: last, "the ledger has more decisions of this start than the journal")
        }
    }

    /// What the ledger has of these decisions stays as it is: the journal cannot make it true.
    func skip(through: UInt64, _ why: String) {
        logger.error("decisions were not shipped", metadata: ["through": "\(through)", "why": "\(why)"])
        shipped(through)
    }

    func shipped(_ through: UInt64) {
        shipEnd = .max
        seen.shipped = max(seen.shipped, through)
        if shipsOn { timers.ship = 0 }
        let isUnwritable = enforcer.core.withLock { $0.isUnwritable }
        guard predecessorsClosed, seen.shipped > releasedThrough + releaseEvery || isUnwritable else { return }
        saveSeen()
        carry()
        releasedThrough = seen.shipped
        do {
            try enforcer.journal.release(through: seen.shipped)
        } catch {
            logger.error("journal segments were not released", metadata: ["error": "\(error)"])
        }
    }

    /// Notes how much of each open slice is used, so that the records before may go.
    private func carry() {
        var start = 0
        var isDone = false
        while !isDone {
            enforcer.core.withLock { core in
                var record = DecisionRecord(kind: .carried)
                record.wall = Clocks.wall()
                while start < core.enforcement.purse.count, record.debits.count < 1000 {
                    record.debits += core.enforcement.purse.account(Int32(start)).slices.map { .init(slice: $0.id, used: $0.used) }
                    start += 1
                }
                isDone = start >= core.enforcement.purse.count
                if !record.debits.isEmpty { _ = enforcer.append(record) }
            }
        }
    }

    // MARK: Predecessors

    /// Asks for the slices that earlier incarnations still hold, to close them from their journal.
    private func inheritSlices(_ now: Instant) {
        guard !predecessorsClosed, now >= timers.start else { return }
        guard !predecessors.isEmpty else {
            predecessorsClosed = true
            return
        }
        timers.start = now + 300 * .nanosecondsPerMillisecond
        let isAsking = isAwaited {
            switch $0 {
            case .openSlices, .closing: true
            default: false
            }
        }
        if !isAsking { request(.openSlices, .budgets(.with { $0.node = identity.name })) }
    }

    func closePredecessors(_ slices: [Penstock_V1_SliceStatus]) {
        var uses: [Incarnation: [SliceReport.Use]] = [:]
        for slice in slices {
            guard let incarnation = Incarnation([UInt8](slice.incarnation)), incarnation != enforcer.incarnation,
                let used = predecessors.closing(slice: slice.slice, of: incarnation, amount: slice.amount)
            else { continue }
            uses[incarnation, default: []].append(.init(slice: slice.slice, used: max(used, slice.used)))
        }
        guard !uses.isEmpty else {
            predecessorsClosed = true
            return
        }
        for (incarnation, used) in uses.sorted(by: { $0.key < $1.key }) {
            for start in stride(from: 0, to: used.count, by: Limits.usesPerReport) {
                let page = Array(used[start..<min(start + Limits.usesPerReport, used.count)])
                submit(.sliceClosed(SliceReport(incarnation: incarnation, uses: page, reason: "succeeded", bySuccessor: true)), .closing)
            }
        }
    }
}
