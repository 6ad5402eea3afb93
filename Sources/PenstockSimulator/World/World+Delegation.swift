internal import PenstockCore

/// Who delegates: grants of which others may be children, and children within and beyond what their parents have.
extension World {
    /// Drawn apart from the rest of a grant, so that whether it is a child can be told from its seed.
    private static func kin(_ seed: UInt64) -> SimRandom { SimRandom(seed: seed ^ 0x6b69_6e64_7265_6421) }

    static func asksForParent(_ seed: UInt64) -> Bool {
        var draw = kin(seed)
        return draw.chance(300)
    }

    /// What a grant has to do with delegation. A child states only bounds that its parent has, or one now and then that
    /// is too much: the ledger must refuse it then.
    func delegate(_ grant: inout Grant, _ seed: UInt64) {
        var draw = Self.kin(seed)
        let isChild = draw.chance(300) && !checker.grants.isEmpty
        if draw.chance(400) { grant.conditions = [.init(path: "env", comparison: .equal, value: "prod")] }
        if draw.chance(150) { grant.maxAmounts = [Amount("usd", draw.pick([2, 7]))] }
        grant.delegate = UInt32(draw.pick([0, 1, 2, 2, 3, 8]))
        guard isChild else { return }
        let above = checker.grants.count - 1 - draw.below(min(12, checker.grants.count))
        let line = checker.line(above).map { checker.grants[$0].grant }
        let parent = line[0]
        grant.parent = parent.grantID
        func isGreedy() -> Bool { draw.chance(50) }
        if draw.chance(500) { grant.runID = "" }
        grant.principalID = isGreedy() ? grant.principalID : draw.pick(["", line.last!.principalID])
        grant.audience = isGreedy() ? grant.audience : ""
        grant.allowedActions = isGreedy() ? ["*"] : ["tools/*"]
        grant.delegate = isGreedy() ? max(parent.delegate, 1) : min(grant.delegate, max(parent.delegate, 1) - 1)
        if parent.expiresAt != 0, grant.expiresAt > parent.expiresAt, !isGreedy() {
            grant.expiresAt = draw.pick([0, parent.expiresAt])
        }
        if !isGreedy() { grant.renewableUntil = min(grant.renewableUntil, parent.renewableUntil) }
        if !isGreedy() { grant.maxStalenessMS = draw.pick([0, line.map(\.maxStalenessMS).first { $0 > 0 } ?? 180]) }
        if !isGreedy() { grant.graceMS = min(grant.graceMS, parent.graceMS) }
        for most in line.reversed().flatMap(\.maxAmounts) where !isGreedy() {
            grant.maxAmounts = grant.maxAmounts.map { Amount($0.unit, min($0.value, most.value)) }
        }
        for most in line.reversed().flatMap(\.budgets) {
            let own = grant.budgets.firstIndex { $0.unit == most.unit }
            if let own, !isGreedy() { grant.budgets[own].value = min(grant.budgets[own].value, most.value) }
            if own == nil { grant.budgets.append(most) }
        }
    }

    /// Of a call, for grants that ask for it.
    static func environment(of amounts: [Amount]) -> String {
        amounts.contains { $0.unit == "usd" && [2, 7].contains($0.value) } ? "test" : "prod"
    }
}
