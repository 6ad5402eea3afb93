/// What the ledger refused.
extension Follower {
    /// What follows a refusal whatever it is of. `stays`: it is sent again.
    mutating func refused(
        _ ask: Ask, _ refusal: Refusal, stays: Bool, _ enforcement: inout Enforcement, _ journal: some NodeJournal,
        at now: Instant
    ) {
        refused(ask, refusal, &enforcement, at: now)
        switch ask {
        case .reserve(let reserve, _): pending.news.insert(.slices(grant: reserve.grant))
        case .report, .close: if !stays { pending.after.append(.report(.refusedReport(refusal))) }
        case .owe(let debt):
            pending.news.insert(.debts)
            if !stays, refusal.code != .exists { pending.after.append(.report(.refusedDebt(debt, refusal))) }
        case .snapshot, .snapshotChunk: load = nil
        case .ship(let batch, _) where refusal.code == .exists: skip(batch, refusal.message, enforcement, journal)
        case .ship: if !stays { due.shipAgain = now + .nanosecondsPerSecond }
        default: break
        }
    }

    /// The ledger did not do what was asked, or does not say: then what is sent again stays asked.
    package mutating func refused(_ ask: Ask, _ refusal: Refusal, _ enforcement: inout Enforcement, at now: Instant) {
        if case .reserve(let reserve, _) = ask, enforcement.shards[Int(reserve.shard)].purse.awaits(reserve) {
            for part in reserve.parts where part.need > 0 {
                let lack = Lack(part, in: reserve.shard, .init("", refusal.code), enforcement)
                enforcement.shards[Int(reserve.shard)].refusals[part.account] = (lack, now)
            }
        }
        switch refusal.code {
        case .diverged:
            return halt("\(refusal.message); an operator must find out which log is the newest", &enforcement)
        case .retired: return halt(refusal.message, &enforcement)
        // How far the log has come is the answer's to say: this refusal may be old.
        case .behind: isFetchWanted = true
        default: break
        }
        guard refusal.isFinal || !ask.retries else { return }
        switch ask {
        case .prefix:
            guard phase == .checkingPrefix else { return }
            // The incarnation is new to the ledger, which is all it can object to when the logs agree.
            if refusal.code == .notPermitted {
                phase = .loading
            } else {
                due.start = now + 200 * .nanosecondsPerMillisecond
            }
        case .reserve(let reserve, let request):
            let shard = Int(reserve.shard)
            _ = enforcement.shards[shard].purse.answered(reserve, granted: [], refused: request.parts.map(\.unit))
        case .owe(let debt):
            inheritedDebts?.removeAll { $0 == debt }
            if refusal.code == .exists {
                enforcement.noteRecorded(debt)
            } else {
                // It can never be taken: the ledger knows of no such grant or budget. Its grant stays frozen here.
                enforcement.forget(debt)
                enforcement.debtsRefused += 1
            }
        case .close(_, _, _, let bySuccessor):
            if bySuccessor { predecessorsClosed = false } else { due.close = now + 200 * .nanosecondsPerMillisecond }
        case .snapshot, .snapshotChunk, .echo, .fetch, .acknowledge, .report, .openSlices, .cosign, .checkpoint,
            .ship:
            break
        }
    }
}
