internal import PenstockCore

/// Bytes taken for the values of messages: few names, so that messages meet, and the numbers at which sums break.
struct HostileInput {
    private let bytes: [UInt8]
    private var place = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    mutating func next() -> UInt8? {
        guard place < bytes.count else { return nil }
        place += 1
        return bytes[place - 1]
    }

    /// 0 past the end.
    mutating func byte() -> UInt8 { next() ?? 0 }

    private mutating func pick<T>(_ values: [T]) -> T { values[Int(byte()) % values.count] }

    mutating func value() -> Int64 {
        if byte() % 2 == 0 { return pick([1, 7, 100, 1000, 1_000_000, Limits.amount, 1_800_000_000_000]) }
        return pick([
            0, 1, 2, 7, 100, 1000, 1_000_000, Limits.amount - 1, Limits.amount, Limits.amount + 1, Limits.sum,
            Limits.sum + 1, .max - 1, .max, -1, -1000, -Limits.amount, .min, .min + 1,
            1_700_000_000_000, 4_000_000_000_000,
        ])
    }

    mutating func number() -> UInt64 { UInt64(bitPattern: value()) }
    private mutating func small() -> UInt32 { pick([0, 1, 5, 50, 99, 100, 1000, 3_600_000, .max]) }

    /// About the log's end, where it matters.
    mutating func position(_ head: Position) -> Position {
        pick([0, 1, 3, 4, 5, head, head &- 1, head &- 2, head + 1, number()])
    }

    static func incarnation(_ number: UInt8) -> Incarnation { Incarnation(high: 1, low: UInt64(number)) }
    static func credential(_ grant: UInt8) -> Digest { Digest(words: (UInt64(grant) + 7, 7, 7, 7)) }
    mutating func incarnation() -> Incarnation { Self.incarnation(byte() % 5) }
    mutating func grant() -> UInt8 { byte() % 6 }
    private mutating func unit() -> String { pick(["usd", "usd", "calls", "tokens", ""]) }
    private mutating func budget() -> String { pick(["team", "org", "", "window", "all"]) }

    mutating func amounts() -> [Amount] {
        let units = pick([["usd"], ["calls"], ["usd", "calls"], ["usd", "calls", "tokens"], [], ["usd", "usd"]])
        return units.map { Amount($0, value()) }
    }

    private mutating func selector() -> Selector {
        Selector(kind: pick(Selector.Kind.allCases), value: pick(["g1", "g2", "r1", "a1", "issuer", "n1"])) ?? .all
    }

    private mutating func rate(_ name: String) -> Rate {
        Rate(
            name: name, unit: unit(), limit: value(), periodMS: pick([100, 1000, 86_400_000, value()]), burst: value())
    }

    private mutating func grantIssued() -> Grant {
        var grant = Grant()
        let number = self.grant()
        grant.grantID = "g\(number)"
        grant.runID = "r1"
        grant.agentID = "a1"
        grant.allowedActions = ["*"]
        grant.resources = ["tool:*"]
        grant.credentialDigest = Self.credential(number)
        grant.notBefore = pick([0, 0, 0, value()])
        grant.expiresAt = pick([4_000_000_000_000, 4_000_000_000_000, value()])
        grant.renewableUntil = pick([0, value()])
        grant.budgets = amounts()
        grant.maxAmounts = pick([[], amounts()])
        grant.draws = pick([[], [], [budget()]])
        if byte() % 4 == 0 { grant.rates = [rate("")] }
        if byte() % 4 == 0 { grant.parent = "g\(self.grant())" }
        grant.delegate = pick([0, 1, 8, small()])
        grant.maxStalenessMS = pick([0, 0, small()])
        grant.graceMS = pick([0, 0, 1000, small()])
        return grant
    }

    private mutating func report(_ head: Position) -> SliceReport {
        let uses = (0..<1 + byte() % 3).map { _ in
            SliceReport.Use(slice: position(head), used: value(), returned: value(), held: value())
        }
        return SliceReport(incarnation: incarnation(), uses: uses, bySuccessor: byte() % 4 == 0)
    }

    private mutating func window() -> BudgetWindow {
        switch byte() % 6 {
        case 0: .fixed(milliseconds: pick([1000, value()]))
        case 1: .rolling(milliseconds: pick([12_000, value()]))
        case 2: .calendar(pick(BudgetWindow.CalendarPeriod.allCases), zone: "UTC")
        default: .none
        }
    }

    /// Any event of any role.
    mutating func kind(_ head: Position) -> EventKind {
        switch byte() % 24 {
        case 0, 1, 2: .grantIssued(grantIssued())
        case 3: .grantRenewed(grantID: "g\(grant())", expiresAt: value())
        case 4:
            .restricted(
                Restriction(
                    level: pick([
                        .revoke, .suspend, .throttle(calls: small(), windowMS: small()), .scale(percent: small()),
                    ]), selector: selector(), reason: "", expiresAt: pick([0, value()])))
        case 5:
            .lifted(Lifting(eventIDs: [Digest(words: (UInt64(byte()), 1, 1, 1))], reason: "", expired: byte() % 2 == 0))
        case 6, 7:
            .budgetCreated(
                Budget(
                    name: budget(), unit: unit(), ceiling: value(), parent: pick(["", budget()]),
                    selector: byte() % 2 == 0 ? nil : selector(), window: window(),
                    maxOut: pick([0, value()]), warnAt: pick([[], [50, 100], [small()]])))
        case 8:
            .budgetCeilingSet(
                byte() % 2 == 0 ? .named(budget()) : .grant("g\(grant())", unit: unit()), ceiling: value(), reason: "")
        case 9, 10:
            .debtRecorded(
                Debt(incarnation: incarnation(), decision: number(), grantID: "g\(grant())", amounts: amounts()))
        case 11: .debtsAccepted((0..<1 + byte() % 3).map { _ in position(head) }, reason: "")
        case 12: .rateCreated(NamedRate(rate(pick(["slow", "fast", ""])), for: selector()))
        case 13: .spendReported(report(head))
        case 14: .sliceClosed(report(head))
        case 15:
            .decisionBatch(
                DecisionBatch(incarnation: incarnation(), firstSequence: number(), count: small(), digest: .zero))
        case 16:
            .settingsChanged(
                Settings(maxStalenessMS: small(), maxGraceMS: small(), clockRatePPM: small(), marginMS: small()))
        case 17: .timeAccepted(leapMS: value(), reason: "")
        case 18:
            .debtSettled(DebtSettlement(position: position(head), reported: amounts(), charged: amounts()), reason: "")
        case 19:
            .budgetChanged(
                BudgetChange(
                    name: budget(), parent: pick([nil, "", budget()]), maxOut: pick([nil, value()]),
                    warnAt: pick([nil, [small()]])), reason: "")
        case 20: .budgetClosed(budget(), reason: "")
        case 21: .rateChanged(rate(pick(["slow", "fast", ""])), reason: "")
        case 22: .rateClosed(pick(["slow", "fast", ""]), reason: "")
        default: .joinTokenMade(JoinToken(hash: Self.credential(byte()), role: pick(Role.allCases), expiresAt: value()))
        }
    }

    mutating func request() -> SliceRequest {
        SliceRequest(
            incarnation: incarnation(), requestID: Self.incarnation(byte()), grantID: "g\(grant())",
            parts: (0..<1 + byte() % 2).map { _ in .init(unit: unit(), need: value(), want: value()) })
    }

    private mutating func rateKey() -> RateKey {
        byte() % 2 == 0 ? .named(pick(["slow", "fast"])) : .grant("g\(grant())", unit: unit())
    }

    mutating func statement() -> RateStatement? {
        guard byte() % 2 == 0 else { return nil }
        let lines = (0..<1 + byte() % 2).map { _ in
            RateStatement.Line(
                id: number(), key: rateKey(), held: value(), asked: number(), largest: value(),
                refused: byte() % 2 == 0, returned: number())
        }
        return RateStatement(
            sequence: number(), seen: RateStamp(epoch: pick([0, 1, number()]), number: number()), lines: lines)
    }

    mutating func reply(_ answers: UInt64) -> RateReply? {
        guard byte() % 2 == 0 else { return nil }
        return RateReply(
            stamp: RateStamp(epoch: 1, number: answers), answers: answers,
            lines: [.init(id: 1, share: value(), granted: number()), .init(id: 2, share: value(), granted: number())])
    }
}
