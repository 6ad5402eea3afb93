/// Calls that hold an amount until they are settled, and what became of calls that were named by an id.
package struct CallTable: Sendable {
    /// A call under way, by the sequence number of its decision.
    package struct Hold: Sendable {
        package var grant: Int32
        package var debits: [Debit]
        /// What the call declared: the most that it may be settled for, metered or not.
        package var amounts: CallAmounts
        package var usableUntil: Instant
        package var name: CallName?
        /// Its caller was told to stop it.
        package var isCancelled = false
    }

    /// A call id is unique within its grant.
    package struct CallName: Hashable, Sendable {
        package var grant: Int32
        private var id: ByteText
        package init(grant: Int32, callID: String) {
            self.grant = grant
            id = ByteText(callID)
        }
    }

    package struct Named: Sendable, Equatable {
        package var content: Digest
        package var decision: UInt64
        package var settled: Bool
    }

    package private(set) var holds: [UInt64: Hold] = [:]
    private var named: [CallName: Named] = [:]
    private var namesByAge: [CallName] = []
    /// How the last ones ended, each in the place that its number modulo `endsKept` names: whichever ended last is kept.
    private var ends: ContiguousArray<(decision: UInt64, end: End)> = []

    package init() {}

    package func named(_ name: CallName) -> Named? { named[name] }

    package mutating func markCancelled(_ decision: UInt64) {
        holds[decision]?.isCancelled = true
    }

    package mutating func add(_ hold: Hold, decision: UInt64) {
        holds[decision] = hold
    }

    /// Remembers what a call id stood for. The oldest settled ones are forgotten past the bound; an id that is
    /// still under way is kept.
    package mutating func remember(_ name: CallName, content: Digest, decision: UInt64, settled: Bool) {
        if named.updateValue(Named(content: content, decision: decision, settled: settled), forKey: name) == nil {
            namesByAge.append(name)
        }
        guard namesByAge.count > Self.namesKept * 2 else { return }
        var kept: [CallName] = []
        for (age, old) in namesByAge.enumerated() {
            if age < Self.namesKept, named[old]?.settled == true { named[old] = nil } else { kept.append(old) }
        }
        namesByAge = kept
    }

    /// Ends a hold; nil when it is unknown or ended before.
    package mutating func end(_ decision: UInt64, _ end: End) -> Hold? {
        guard let hold = holds.removeValue(forKey: decision) else { return nil }
        if let name = hold.name { named[name]?.settled = true }
        if ends.isEmpty { ends = ContiguousArray(repeating: (0, .settled), count: Self.endsKept) }
        ends[Int(decision % UInt64(Self.endsKept))] = (decision, end)
        return hold
    }

    /// How a hold ended, of the last ones that did.
    package func end(of decision: UInt64) -> End? {
        guard !ends.isEmpty, decision > 0 else { return nil }
        let last = ends[Int(decision % UInt64(Self.endsKept))]
        return last.decision == decision ? last.end : nil
    }

    package enum End: Sendable, Equatable {
        case settled
        case released
    }

    /// How many settled call ids are remembered at least.
    static let namesKept = 100_000
    /// How far back decisions are told apart that have ended, by their numbers.
    static let endsKept = 1 << 16
}

extension Enforcement {
    /// Registers an allowed call that is still to be settled.
    package mutating func beginHold(_ verdict: Verdict, _ amounts: CallAmounts, decision: UInt64, name: CallTable.CallName?, content: Digest) {
        calls.add(.init(grant: verdict.grant, debits: debits, amounts: amounts, usableUntil: verdict.usableUntil, name: name), decision: decision)
        if let name { calls.remember(name, content: content, decision: decision, settled: false) }
    }

    package mutating func rememberSettled(_ name: CallTable.CallName, content: Digest, decision: UInt64) {
        calls.remember(name, content: content, decision: decision, settled: true)
    }

    /// What a call id stood for before, if anything: a retry is answered from it.
    package func earlier(_ call: borrowing Call, grant: Int32, content: Digest) -> Retry {
        guard !call.callID.isEmpty, let named = calls.named(.init(grant: grant, callID: call.callID)) else { return .new }
        if named.content != content { return .mismatch }
        return named.settled ? .settled : .underWay(decision: named.decision)
    }

    package enum Retry: Equatable, Sendable {
        case new
        case mismatch
        case settled
        case underWay(decision: UInt64)
    }

    /// Of the units that a settlement names, the first that nothing can be charged to: neither held nor metered.
    package mutating func uncharged(_ decision: UInt64, actual: borrowing CallAmounts) -> String? {
        guard let place = calls.holds.index(forKey: decision) else { return nil }
        for index in 0..<actual.count {
            let unit = actual[index].unit
            guard calls.holds.values[place].amounts.index(of: unit) == nil else { continue }
            if !folded.isMetered(unit, ofGrant: Int(calls.holds.values[place].grant)) { return unit }
        }
        return nil
    }

    /// Charges each unit its actual amount; the rest goes back to the slices it came from. A unit that is not named is
    /// charged in full. What a metered unit cost above its hold is owed: it was spent, so it is never clipped. Nil when the
    /// hold is unknown or ended before.
    package mutating func settle(_ decision: UInt64, actual: borrowing CallAmounts) -> Settlement? {
        guard let hold = calls.end(decision, .settled) else { return nil }
        // Of each unit, what no debit has covered yet.
        var left: InlineArray<4, Int64> = InlineArray(repeating: 0)
        for index in 0..<actual.count { left[index] = actual[index].value }
        var settlement = Settlement(grant: hold.grant)
        for debit in hold.debits {
            guard let index = actual.index(of: purse.accounts[Int(debit.account)].unit) else {
                purse.resolve(debit, spent: debit.amount, wasHeld: true)
                continue
            }
            let spent = min(debit.amount, left[index])
            left[index] -= spent
            purse.resolve(debit, spent: spent, wasHeld: true)
            if spent < debit.amount { settlement.returned.append(Debit(account: debit.account, slice: debit.slice, amount: debit.amount - spent)) }
        }
        for index in 0..<actual.count where left[index] > 0 && folded.isMetered(actual[index].unit, ofGrant: Int(hold.grant)) {
            settlement.owed.append(Amount(actual[index].unit, left[index]))
        }
        return settlement
    }

    package struct Settlement: Sendable, Equatable {
        package var grant: Int32
        package var returned: [Debit] = []
        /// Spent above the hold, of units that have budgets.
        package var owed: [Amount] = []
    }

    /// The call never left: everything goes back. Nil when the hold is unknown or ended before.
    package mutating func release(_ decision: UInt64) -> [Debit]? {
        guard let hold = calls.end(decision, .released) else { return nil }
        for debit in hold.debits { purse.resolve(debit, spent: 0, wasHeld: true) }
        return hold.debits
    }

    /// Calls under way whose grants are revoked or suspended now: they must stop. Each is named once.
    package mutating func cancelRestricted() -> [(decision: UInt64, reason: Reason)] {
        guard !calls.holds.isEmpty, let view else { return [] }
        let onNode = view.marks(onNode: node)
        var cancelled: [(decision: UInt64, reason: Reason)] = []
        for (decision, hold) in calls.holds where !hold.isCancelled {
            let marks = view.marks(onGrant: Int(hold.grant)).union(onNode)
            if marks.contains(.revoked) {
                cancelled.append((decision, .revoked))
            } else if marks.contains(.suspended) {
                cancelled.append((decision, .suspended))
            }
        }
        for (decision, _) in cancelled { calls.markCancelled(decision) }
        return cancelled.sorted { $0.decision < $1.decision }
    }
}
