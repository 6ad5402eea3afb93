/// Following the log: its pages, its gaps, and what comes ahead of it on the urgent lane.
extension Follower {
    /// Denies everything from here on.
    package mutating func halt(_ why: String, _ enforcement: inout Enforcement) {
        phase = .halted
        enforcement.halt(why)
    }

    /// A snapshot that the ledger signed. Of another mesh, it is not served from.
    package mutating func loaded(_ view: View, head: Position, into enforcement: inout Enforcement, at now: Instant) {
        guard phase == .loading else { return }
        guard view.mesh == mesh else { return halt("the ledger's snapshot is of mesh '\(view.mesh)', and this node is of '\(mesh)'", &enforcement) }
        applied = view.position
        enforcement.load(view)
        enforcement.remember(predecessors.callIDs)
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
        effects.isRestricted = true
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
            effects.isRestricted = true
            revokedScan = 0
            return true
        case .debtRecorded(let debt):
            inheritedDebts?.removeAll { $0 == debt }
            for debt in inheritedDebts ?? [] { enforcement.freeze(for: debt) }
            giveBack(debt, &enforcement)
        case .debtsAccepted, .debtSettled: for debt in inheritedDebts ?? [] { enforcement.freeze(for: debt) }
        case .budgetWarned(let name, let percent, _): enforcement.warnings[.init(budget: name, percent: percent), default: 0] += 1
        case .nodeExpelled(enforcement.node, _): halt("this node was expelled at position \(position)", &enforcement)
        default: break
        }
        return false
    }

    /// A grant that owes spends nothing more: what it holds here is of use elsewhere. What others hold of the budgets that the debt
    /// exceeds, the ledger calls back.
    private func giveBack(_ debt: Debt, _ enforcement: inout Enforcement) {
        guard let grant = enforcement.folded.index(ofGrant: debt.grantID), enforcement.folded.marks(onGrant: grant).contains(.frozen) else { return }
        for account in enforcement.purse.accounts(ofGrant: grant) { enforcement.purse.giveBack(account: account) }
    }

    /// A checkpoint that the ledger signed, of its log of this origin.
    ///
    /// - Parameter folded: the root of the log that this node has folded, at the checkpoint's size; nil when it is forgotten.
    package mutating func received(checkpointOf origin: String, size: Position, root: Digest, folded: Digest?, _ enforcement: inout Enforcement) -> CheckpointAction {
        guard phase == .live, origin == mesh else { return .drop }
        guard size <= applied else { return .wait }
        guard let folded else { return .drop }
        guard root == folded else {
            halt("the ledger signed a root at position \(size) that is not the root of the log it published", &enforcement)
            return .tellLedger
        }
        return .cosign
    }

    package enum CheckpointAction: Equatable, Sendable {
        /// The node has applied every entry below its size, and they are what the ledger signed.
        case cosign
        /// It is ahead of the view: what it covers is yet to be folded.
        case wait
        case drop
        /// One log is not the other's prefix. This node has halted; the root that it has folded makes the ledger halt too.
        case tellLedger
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
