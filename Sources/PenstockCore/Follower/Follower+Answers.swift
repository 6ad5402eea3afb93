/// What the ledger answered.
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

    /// The ledger's answer to a request for slices. Returns why nothing came of some units that calls lacked, for those
    /// that wait.
    package mutating func answered(
        _ reserve: Purse.Reserve, granted: [Purse.Granted], refused: [SliceAnswer.Refused], _ enforcement: inout Enforcement, at now: Instant
    ) -> [Lack] {
        heard = granted.reduce(heard) { max($0, $1.slice) }
        _ = enforcement.purse.answered(reserve, granted: granted, refused: refused.map(\.unit))
        if enforcement.folded.marks(onGrant: Int(reserve.grant)).contains(.revoked) { revokedScan = 0 }
        let lacks = refused.flatMap { refusal in
            reserve.parts.filter { $0.need > 0 && enforcement.purse.account($0.account).unit == refusal.unit }.map { Lack($0, refusal, enforcement) }
        }
        for lack in lacks where lack.isFinal { enforcement.exhaust(lack, of: reserve, at: now) }
        return lacks
    }

    /// Why nothing came of what a call lacked.
    package struct Lack: Sendable {
        package var part: Purse.Reserve.Part
        package var reason: Reason
        package var shortage: Shortage
        package var retryAfter: Nanoseconds

        /// Nothing but an event changes it.
        var isFinal: Bool { reason == .budgetExhausted || reason == .budgetClosed }

        package init(_ part: Purse.Reserve.Part, _ refusal: SliceAnswer.Refused, _ enforcement: Enforcement) {
            self.part = part
            reason = enforcement.reason(refusal, of: part)
            shortage = enforcement.shortage(refusal, of: part)
            retryAfter = refusal.retryAfterMS * .nanosecondsPerMillisecond
            if reason == .budgetExhausted, refusal.code != .budgetExhausted { retryAfter = 0 }
            // Nobody can call back what calls under way hold: it comes when they end, whenever that is.
            if reason == .budgetHeldElsewhere, shortage.heldElsewhere == 0 { retryAfter = Self.holdTime }
        }

        /// How soon it is worth to look again whether a call under way has ended.
        static let holdTime = Nanoseconds.nanosecondsPerSecond
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
        case .close(let uses, enforcement.incarnation, _, _): enforcement.purse.closed(uses)
        case .owe(let debt):
            enforcement.owed(debt)
            inheritedDebts?.removeAll { $0 == debt }
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
            Follower.pages(uses).map { .close($0, of: incarnation, reason: "succeeded", bySuccessor: true) }
        }
    }

    /// The ledger did not do what was asked, or does not say: then what is sent again stays asked.
    package mutating func refused(_ ask: Ask, _ refusal: Refusal, _ enforcement: inout Enforcement, at now: Instant) {
        switch refusal.code {
        case .diverged: return halt("\(refusal.message); an operator must find out which log is the newest", &enforcement)
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
            if refusal.code == .notPermitted { phase = .loading } else { due.start = now + 200 * .nanosecondsPerMillisecond }
        case .reserve(let reserve, let request):
            _ = enforcement.purse.answered(reserve, granted: [], refused: request.parts.map(\.unit))
        case .owe(let debt):
            inheritedDebts?.removeAll { $0 == debt }
            if refusal.code == .exists {
                enforcement.wasOwed(debt)
            } else {
                // It can never be taken: the ledger knows of no such grant or budget. Its grant stays frozen here.
                enforcement.owed(debt)
                enforcement.debtsRefused += 1
            }
        case .close(_, _, _, let bySuccessor):
            if bySuccessor { predecessorsClosed = false } else { due.close = now + 200 * .nanosecondsPerMillisecond }
        case .snapshot, .echo, .fetch, .acknowledge, .report, .openSlices: break
        }
    }
}
