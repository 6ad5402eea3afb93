internal import Foundation
internal import Logging
internal import PenstockCore
internal import PenstockCrypto
internal import PenstockJournal
internal import PenstockNode
internal import PenstockProto
internal import PenstockTransport
internal import PenstockWire
internal import SwiftProtobuf
internal import Synchronization

/// What the passing of time, and decisions, ask for.
extension Link {
    func tick(_ now: Instant) {
        if now >= timers.subscribe {
            timers.subscribe = now + Self.subscribeInterval
            for lane in [urgent, log] { lane.subscribe() }
        }
        resend(now)
        var awaited: Follower.Awaited = load == nil ? [] : .snapshot
        _ = outstanding.contains { if case .ask(let ask) = $0 { awaited.formUnion(.init(ask)) }; return false }
        let asks = enforcer.core.withLock { core in
            defer { core.echoWanted = false }
            core.enforcement.recordCounts(at: now, journal: Recorder(journal: enforcer.journal))
            _ = core.enforcement.endOverdue(at: now, journal: Recorder(journal: enforcer.journal))
            for _ in 0..<Limits.holdsEndedPerTurn {
                guard let record = endsToRecord.first, enforcer.append(record) != nil else { break }
                endsToRecord.removeFirst()
            }
            return follower.tick(&core.enforcement, awaited: awaited, echoWanted: core.echoWanted, at: now, random: SecureRandom.uint64)
        }
        send(asks)
        if now - timers.room > .nanosecondsPerSecond {
            timers.room = now
            sayJournalRoom()
        }
        guard follower.phase == .live else { return }
        ship(now)
        cosignDue(now)
        askForCheckpoints(now)
        if now - timers.save > .nanosecondsPerSecond {
            timers.save = now
            saveSeen()
        }
    }

    /// Publications that a connection's end has cost are fetched; what comes after should not be.
    private static var subscribeInterval: Nanoseconds { 500 * .nanosecondsPerMillisecond }

    /// Puts into messages what the follower asks for.
    func send(_ asks: [Follower.Ask]) {
        for ask in asks {
            switch ask {
            case .close(let uses, let incarnation, let reason, let bySuccessor):
                submit(.sliceClosed(SliceReport(incarnation: incarnation, uses: uses, reason: reason, bySuccessor: bySuccessor)), .ask(ask))
            case .report(let uses):
                let uses = uses.sorted { $0.key < $1.key }.flatMap(\.value)
                submit(.spendReported(SliceReport(incarnation: enforcer.incarnation, uses: uses)), .ask(ask))
            case .owe(let debt): submit(.debtRecorded(debt), .ask(ask))
            default: request(.ask(ask), retries: ask.retries, message(ask))
            }
        }
    }

    func askForSlices(after slice: UInt64) { request(.ask(.openSlices), openSlices(after: slice)) }

    private func openSlices(after slice: UInt64) -> Request.OneOf_Kind {
        .budgets(.with { ($0.node, $0.afterSlice) = (identity.name, slice) })
    }

    private func message(_ ask: Follower.Ask) -> Request.OneOf_Kind {
        let incarnation = Data(enforcer.incarnation.bytes)
        switch ask {
        case .prefix(let position):
            return .ack(.with {
                $0.incarnation = incarnation
                $0.applied = position
                $0.root = Data(Digest(hex: seen.root)?.bytes ?? [])
                $0.heard = follower.heard
            })
        case .echo(let nonce, let stated):
            let age = enforcer.core.withLock { $0.enforcement.lease.age(at: Clocks.now()) }
            return .echo(.with {
                $0.incarnation = incarnation
                $0.nonce = nonce
                $0.applied = follower.applied
                $0.root = Data(frontier.root.bytes)
                $0.heard = follower.heard
                $0.version = PenstockVersion.current
                $0.viewAgeMs = UInt32(clamping: (age ?? 0) / .nanosecondsPerMillisecond)
                $0.rates = stated.proto
                $0.recorded = lastRecorded
            })
        case .acknowledge(let urgent, let ended):
            return .ack(.with {
                $0.incarnation = incarnation
                $0.applied = follower.applied
                $0.root = Data(frontier.root.bytes)
                $0.heard = follower.heard
                $0.urgent = urgent
                $0.ended = ended
            })
        case .reserve(_, let request): return .reserve(request.proto)
        case .snapshot: return .snapshot(.init())
        case .fetch(let from): return .fetch(.with { $0.from = from })
        case .openSlices: return openSlices(after: 0)
        case .report, .close, .owe: preconditionFailure("reports are events, which are submitted")
        }
    }

    // MARK: Decisions

    /// Ships decision records in batches of one incarnation, one batch at a time.
    private func ship(_ now: Instant) {
        guard enforcer.options.shipsDecisions, now >= timers.shipAgain, now >= timers.ship || waiting >= Limits.decisionsPerBatch else { return }
        guard !outstanding.contains(where: { if case .shipment = $0 { true } else { false } }) else { return }
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
        // After a pause soon; at steady demand a batch is of a second, or of as many decisions as are worth a message.
        timers.ship = now + (count == 0 ? 100 : 1000) * .nanosecondsPerMillisecond
        guard count > 0 else {
            // What was shipped before predecessors were closed, or before a start, still takes the room.
            if isShort { release() }
            if enforcer.core.withLock({ $0.isUnwritable }) {
                // Nobody asks a node that says it is not ready: it must find out by itself.
                enforcer.core.withLock { $0.isUnwritable = !enforcer.journal.hasRoom }
            }
            return
        }
        // A batch that had no room for more has another one behind it, which goes as soon as this one is confirmed.
        shipsOn = records.count + JournalOptions.maxRecordBytes > Limits.pageBytes
        let batch = DecisionBatch(incarnation: incarnation, firstSequence: first, count: count, digest: SHA256.hash(records))
        let event = signer.sign(.decisionBatch(batch), at: Clocks.wall())
        request(.shipment(first: first, count: count), retries: true, .decisions(.with { [records] in
            $0.incarnation = Data(batch.incarnation.bytes)
            $0.firstSequence = batch.firstSequence
            $0.count = batch.count
            $0.records = Data(records)
            $0.event = Data(event.entry)
        }))
    }

    private var lastRecorded: UInt64 { enforcer.core.withLock { _ in enforcer.journal.nextSequence } - 1 }

    /// Decisions that are not shipped.
    private var waiting: UInt64 {
        let last = lastRecorded
        // A journal that was lost begins anew, below what was shipped of it.
        return last - min(last, seen.shipped)
    }

    /// Decisions, about as many as fill a fourth of a segment.
    private var releaseEvery: UInt64 { UInt64(enforcer.options.journal.segmentBytes >> 10) }

    private func incarnation(ofSequence sequence: UInt64) -> Incarnation {
        let segment = enforcer.journal.previous.first { $0.firstSequence <= sequence && sequence <= $0.lastSequence }
        return segment.flatMap { Incarnation($0.incarnation) } ?? enforcer.incarnation
    }

    /// The ledger has had `through` as its last decision from the batch's first on: another batch must end there.
    func stored(_ through: UInt64, first: UInt64, count: UInt32) {
        let last = first + UInt64(count) - 1
        if through >= first, through < last {
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
        if isShort || seen.shipped > releasedThrough + releaseEvery { release() }
    }

    /// Decisions lack room, or will, while there are segments that may go.
    private var isShort: Bool {
        enforcer.core.withLock { core in
            core.isUnwritable || Recorder(journal: enforcer.journal).room.isCrowded && enforcer.journal.canRelease(through: seen.shipped)
        }
    }

    /// Deletes the segments whose decisions the ledger has.
    private func release() {
        guard follower.mayForgetPredecessors, seen.shipped > releasedThrough else { return }
        saveSeen()
        // Without it a restart would take what the released records had spent for unspent.
        guard carry() else { return }
        releasedThrough = seen.shipped
        do {
            try enforcer.journal.release(through: seen.shipped)
        } catch {
            logger.error("journal segments were not released", metadata: ["error": "\(error)"])
        }
    }

    /// Notes how much of each open slice is used, so that the records before may go. Returns whether all of it is noted.
    private func carry() -> Bool {
        // Of a start that has recorded nothing nothing is spent; and before segments go it may have no room.
        guard enforcer.core.withLock({ _ in enforcer.journal.hasOwnRecords }) else { return true }
        var place = Enforcement.CarryPlace()
        while true {
            let isNoted: Bool? = enforcer.core.withLock { core in
                core.enforcement.carried(from: &place).map { enforcer.append($0) != nil }
            }
            guard let isNoted else { return true }
            if !isNoted { return false }
        }
    }
}
