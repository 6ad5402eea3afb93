internal import PenstockCore

/// What a member of the mesh sends that it may not.
extension World {
    /// A member sends what its role forbids, under its own name or another's.
    func attack(_ machine: Machine, _ amount: Int) {
        let revoke = EventKind.restricted(Restriction(level: .revoke, selector: .all, reason: "", expiresAt: 0))
        let lift =
            checker.standing.keys.min { $0.bytes.lexicographicallyPrecedes($1.bytes) }.map {
                EventKind.lifted(Lifting(eventIDs: [$0], reason: "", expired: amount % 2 == 0))
            } ?? revoke
        switch amount % 12 {
        case 0: command(revoke, by: machine.name)
        case 1: command(lift, by: machine.name)
        case 2: command(lift, by: machine.name, origin: "op")
        case 3: command(lift, by: "op", isForged: true)
        case 4: command(lift, by: "issuer")
        case 5:
            command(
                .sliceClosed(
                    SliceReport(
                        incarnation: Incarnation(high: 1, low: 1), uses: [.init(slice: log.head, used: 0)],
                        bySuccessor: true)), by: machine.name)
        case 6: attackSlices(machine)
        case 7: attackDebts(machine)
        default: attackValues(machine, amount)
        }
    }

    /// Reports that another node spent nothing, so that its budget would come back.
    private func attackSlices(_ machine: Machine) {
        guard
            let held = host.ledger?.state.book.open.filter({ $0.value.slice.node != machine.name }).min(by: {
                $0.key < $1.key
            })
        else { return }
        let report = SliceReport(
            incarnation: held.value.slice.incarnation, uses: [.init(slice: held.key, used: 0)], bySuccessor: true)
        command(.sliceClosed(report), by: machine.name)
    }

    /// Speaks of another's next decision, so that what that one owes would be taken for told.
    private func attackDebts(_ machine: Machine) {
        guard let other = machines.first(where: { $0.name != machine.name && $0.process != nil }),
            let victim = other.process, let grant = checker.grants.last?.grant
        else { return }
        // An incarnation is random: before the log names it, nobody else can.
        guard host.ledger?.state.owners.node(of: victim.incarnation) == other.name else { return }
        let next = (victim.holds.keys.max() ?? 0) + 1
        command(
            .debtRecorded(
                Debt(
                    incarnation: victim.incarnation, decision: next, grantID: grant.grantID, amounts: [Amount("usd", 1)]
                )), by: machine.name)
        command(
            .decisionBatch(
                DecisionBatch(incarnation: victim.incarnation, firstSequence: next, count: 1, digest: .zero)),
            by: machine.name)
    }

    /// Whatever members say in numbers, no fold ends by it, and every account adds up.
    private func attackValues(_ machine: Machine, _ amount: Int) {
        let values: [Int64] = [0, 1, -1, Limits.amount, Limits.amount + 1, Limits.sum, .max, .min]
        let (value, other) = (values[amount % values.count], values[amount / 12 % values.count])
        guard let incarnation = machine.process?.incarnation, !checker.grants.isEmpty else { return }
        let grant = checker.grants[amount % checker.grants.count].grant
        switch amount / 12 % 8 {
        case 0...2:
            let debt = Debt(
                incarnation: incarnation, decision: UInt64(bitPattern: other) &+ UInt64(amount), grantID: grant.grantID,
                amounts: [Amount("usd", value)])
            command(.debtRecorded(debt), by: machine.name)
        case 3:
            let use = SliceReport.Use(slice: UInt64(bitPattern: other), used: value, returned: value, held: other)
            command(.spendReported(SliceReport(incarnation: incarnation, uses: [use])), by: machine.name)
        case 4:
            command(
                .decisionBatch(
                    DecisionBatch(
                        incarnation: incarnation, firstSequence: UInt64(bitPattern: value), count: .max,
                        digest: .zero)),
                by: machine.name)
        case 5: command(.grantRenewed(grantID: grant.grantID, expiresAt: value), by: "issuer")
        case 6: command(.debtsAccepted([UInt64(bitPattern: value), log.head], reason: ""), by: "op")
        default:
            command(
                .restricted(
                    Restriction(level: .suspend, selector: .grant(grant.grantID), reason: "", expiresAt: value)),
                by: "op")
        }
    }
}
