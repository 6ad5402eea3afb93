internal import PenstockCore

/// G8, written down a second time: held against every grant above, not only the next.
extension Checker {
    /// A grant and all above it, itself first.
    func line(_ index: Int) -> [Int] {
        var line = [index]
        while let above = Int(grants[line.last!].grant.parent.dropFirst()) { line.append(above) }
        return line
    }

    func isLinearizable(_ index: Int) -> Bool { line(index).contains { grants[$0].grant.linearizable } }

    /// A child has entered the log, as this event states it.
    func delegated(_ child: Grant, _ index: Int) -> Violation? {
        for (level, above) in line(index).enumerated().dropFirst() {
            if let what = excess(child, level, grants[above]) {
                return Violation(
                    .delegation, "\(child.grantID) \(what), \(level) levels below \(grants[above].grant.grantID)")
            }
        }
        let line = line(index).dropFirst()
        guard let parent = line.first else { return nil }
        for budget in child.budgets
        where budget.unit != "calls"
            && !line.contains(where: { grants[$0].grant.budgets.contains { $0.unit == budget.unit } })
        {
            return Violation(.delegation, "\(child.grantID) has a budget in \(budget.unit), which no grant above has")
        }
        let isSuspended = standing.values.contains {
            $0.restriction.level == .suspend && covers($0.restriction.selector, parent)
        }
        return isSuspended ? Violation(.delegation, "\(child.grantID) was delegated from a suspended grant") : nil
    }

    /// A child's renewal has entered the log.
    func renewedWithin(_ index: Int, _ expiry: WallTime) -> Violation? {
        let shorter = line(index).dropFirst().first {
            grants[$0].grant.expiresAt != 0 && grants[$0].grant.expiresAt < expiry
        }
        return shorter.map { Violation(.delegation, "g\(index) was renewed for longer than g\($0) above it lives") }
    }

    private func excess(_ child: Grant, _ level: Int, _ above: GrantFacts) -> String? {
        let grant = above.grant
        if !above.isDurable { return "has a parent that is not in the log" }
        if Int(grant.delegate) < level { return "is deeper than allowed" }
        if Int(child.delegate) > Int(grant.delegate) - level { return "may delegate deeper than allowed" }
        if child.expiresAt > grant.expiresAt, grant.expiresAt != 0 { return "lives longer" }
        if child.renewableUntil > max(grant.renewableUntil, grant.expiresAt), grant.expiresAt != 0 {
            return "may be renewed longer"
        }
        if grant.maxStalenessMS > 0, child.maxStalenessMS > grant.maxStalenessMS {
            return "may be decided on an older view"
        }
        if child.graceMS > grant.graceMS { return "has more grace" }
        if !child.principalID.isEmpty, !grant.principalID.isEmpty, child.principalID != grant.principalID {
            return "has another principal"
        }
        if !child.audience.isEmpty, !grant.audience.isEmpty, child.audience != grant.audience {
            return "is for another audience"
        }
        if child.allowedActions.contains("*"), !grant.allowedActions.contains("*") { return "allows more" }
        for budget in child.budgets
        where grant.budgets.contains(where: { $0.unit == budget.unit && $0.value < budget.value }) {
            return "has a larger budget"
        }
        for most in child.maxAmounts
        where grant.maxAmounts.contains(where: { $0.unit == most.unit && $0.value < most.value }) {
            return "has a larger limit for a call"
        }
        return nil
    }

    /// An allow leaves: it was within what every grant of the line says by itself, whatever the grants below it left
    /// out.
    func within(_ admission: Admission, wall: WallTime) -> Violation? {
        for (level, index) in line(admission.grant).enumerated() {
            let grant = grants[index].grant
            let guarantee = level == 0 ? Guarantee.failClosed : .delegation
            func broken(_ what: String) -> Violation {
                Violation(
                    guarantee,
                    """
                    machine \(admission.machine) admitted g\(admission.grant) \(what), \(level) levels below \
                    \(grant.grantID)
                    """
                )
            }
            if grant.expiresAt != 0, wall >= grant.expiresAt + Self.clockTolerance + lostTime {
                return broken("after it had expired")
            }
            if !grant.audience.isEmpty, grant.audience != "mail" { return broken("for another audience") }
            if !grant.conditions.isEmpty, World.environment(of: admission.amounts) != "prod" {
                return broken("against a condition")
            }
            for amount in admission.amounts
            where grant.maxAmounts.contains(where: { $0.unit == amount.unit && $0.value < amount.value }) {
                return broken("with too much for a call")
            }
        }
        return nil
    }

    /// What the ledger's time may be off: it is read in milliseconds, and follows a wall clock that is a little wrong
    /// slowly.
    static let clockTolerance: Int64 = 20
}
