/// What the ledger answered.
extension Follower {
    mutating func take(
        _ reply: NodeReply, _ id: UInt64, _ enforcement: inout Enforcement, _ journal: some NodeJournal,
        at now: Instant
    ) {
        switch reply {
        case .refused(let refusal):
            guard let (ask, stays) = outstanding.refused(id, refusal, at: now) else { return }
            refused(ask, refusal, stays: stays, &enforcement, journal, at: now)
        case .reserved(let granted, _) where granted.isEmpty:
            if let ask = outstanding.takeIfLastCopy(id) { answered(ask, reply, &enforcement, journal, at: now) }
        default: if let ask = outstanding.take(id) { answered(ask, reply, &enforcement, journal, at: now) }
        }
    }

    private mutating func answered(
        _ ask: Ask, _ reply: NodeReply, _ enforcement: inout Enforcement, _ journal: some NodeJournal, at now: Instant
    ) {
        switch (ask, reply) {
        case (.echo, .echo(let echo)):
            answered(echo, &enforcement, at: now)
            epoch = max(epoch, echo.epoch)
            pending.news.formUnion([.view, .rates])
        case (.snapshot, .snapshot(let chunk)), (.snapshotChunk, .snapshot(let chunk)): take(chunk, &enforcement)
        case (.fetch, .fetched(let head)): fetched(head: head, at: now)
        case (.reserve(let reserve, _), .reserved(let granted, let refused)):
            answered(reserve, granted: granted, refused: refused, &enforcement, at: now)
            pending.news.insert(.slices(grant: reserve.grant))
        case (.openSlices, .openSlices(let slices, let after, let next)):
            inherit(slices, after: after, next: next, enforcement)
        case (.ship(let batch, _), .submitted): shipped(batch, enforcement, journal)
        case (.ship(let batch, _), .stored(let through)): stored(batch, through: through, enforcement, journal)
        case (.checkpoint, .checkpoint(let note)): pending.after.append(.openCheckpoint(note: note))
        case (_, .submitted):
            taken(ask, &enforcement)
            if case .owe = ask { pending.news.insert(.debts) }
        default: break
        }
    }

    /// Slices come page by page; one that does not follow on the last is of an answer that was given up.
    private mutating func inherit(
        _ page: [OpenSlice], after: Position, next: Position, _ enforcement: borrowing Enforcement
    ) {
        if after == 0 { openSlices = [] }
        guard after == openSlices.last?.slice ?? 0 else { return }
        openSlices += page
        guard next == 0 else { return pending.asks.append(.openSlices(after: next)) }
        pending.asks += answered(openSlices, enforcement)
        openSlices = []
    }

    package mutating func answered(_ echo: EchoReply, _ enforcement: inout Enforcement, at now: Instant) {
        if case .fetch(let head) = enforcement.echoAnswered(echo, at: now) { aim(at: head, at: now) }
    }

    /// The ledger's answer to a request for slices. Why nothing came of some units that calls lacked is kept for those
    /// that wait (see `Shard.refusal`), and returned.
    @discardableResult
    package mutating func answered(
        _ reserve: Purse.Reserve, granted: [Purse.Granted], refused: [SliceAnswer.Refused],
        _ enforcement: inout Enforcement, at now: Instant
    ) -> [Lack] {
        heard = granted.reduce(heard) { max($0, $1.slice) }
        let shard = Int(reserve.shard)
        // Its accounts may be another grant's by now.
        guard enforcement.shards[shard].purse.answered(reserve, granted: granted, refused: refused.map(\.unit)) else {
            return []
        }
        if enforcement.view.marks(onGrant: Int(reserve.grant)).contains(.revoked) { revokedScan = 0 }
        let lacks = refused.flatMap { refusal in
            reserve.parts.filter {
                $0.need > 0 && enforcement.shards[shard].purse.account($0.account).unit == refusal.unit
            }
            .map { Lack($0, in: reserve.shard, refusal, enforcement) }
        }
        for lack in lacks {
            enforcement.shards[shard].refusals[lack.part.account] = (lack, now)
            if lack.isFinal { enforcement.exhaust(lack, of: reserve, at: now) }
        }
        return lacks
    }

    /// The ledger wants back what is unspent.
    package mutating func recalled(_ wanted: [(grantID: String, unit: String)], _ enforcement: inout Enforcement) {
        guard phase == .live else { return }
        for (grantID, unit) in wanted { enforcement.recall(grantID: grantID, unit: unit) }
    }

    /// The ledger has taken what was reported or closed.
    package mutating func taken(_ ask: Ask, _ enforcement: inout Enforcement) {
        switch ask {
        case .report(let uses): enforcement.reported(uses)
        case .close(let uses, enforcement.incarnation, _, _): enforcement.closed(uses)
        case .owe(let debt):
            enforcement.forget(debt)
            inheritedDebts?.removeAll { $0 == debt }
        case .prefix, .snapshot, .snapshotChunk, .echo, .fetch, .acknowledge, .reserve, .close, .openSlices, .cosign,
            .checkpoint, .ship:
            break
        }
    }

    /// Closes what earlier incarnations hold, from what their journal proves. First the ledger hears what they owe: it
    /// forgets no grant of which something is open.
    package mutating func answered(_ open: [OpenSlice], _ enforcement: borrowing Enforcement) -> [Ask] {
        var uses: [Incarnation: [SliceReport.Use]] = [:]
        for held in open where held.incarnation != enforcement.incarnation {
            guard let used = predecessors.closing(slice: held.slice, of: held.incarnation, amount: held.amount) else {
                continue
            }
            uses[held.incarnation, default: []].append(.init(slice: held.slice, used: max(used, held.used)))
        }
        predecessorsClosed = uses.isEmpty
        guard inheritedDebts?.isEmpty != false else { return [] }
        return uses.sorted { $0.key < $1.key }.flatMap { incarnation, uses in
            Follower.pages(uses, of: Limits.usesPerReport).map {
                .close($0, of: incarnation, reason: "succeeded", bySuccessor: true)
            }
        }
    }
}
