internal import PenstockCore
internal import PenstockWire

/// Values with every field set, so that a field that a codec forgets is missed.
enum Sample {
    static func digest(_ byte: UInt8) -> Digest { Digest([UInt8](repeating: byte, count: 32))! }
    static func incarnation(_ byte: UInt8) -> Incarnation { Incarnation([UInt8](repeating: byte, count: 16))! }

    static func keys(_ name: String, _ role: Role, _ byte: UInt8) -> NodeKeys {
        NodeKeys(
            name: name, role: role, signing: [UInt8](repeating: byte, count: 32),
            channel: [UInt8](repeating: byte + 1, count: 32))
    }

    static let settings = Settings(maxStalenessMS: 1500, maxGraceMS: 30_000, clockRatePPM: 200, marginMS: 75)

    static let grant: Grant = {
        var grant = Grant()
        (grant.grantID, grant.runID, grant.agentID, grant.agentClass) = ("g-1", "run-1", "agent-1", "buyer")
        (grant.principalID, grant.purpose, grant.audience, grant.workload) = (
            "ana@example.org", "invoices", "payments", "spiffe://example.org/a"
        )
        (grant.allowedActions, grant.resources) = (["pay.*", "read"], ["invoice:2026-*", "urn:a:b"])
        grant.conditions = Grant.Comparison.ofVersionOne.map {
            .init(path: "arguments.amount", comparison: $0, value: "5000")
        }
        (grant.notBefore, grant.expiresAt, grant.renewableUntil) = (
            1_790_000_000_000, 1_790_000_600_000, 1_790_086_400_000
        )
        (grant.budgets, grant.maxAmounts, grant.draws) = (
            [Amount("usd_micros", 5_000_000)], [Amount("tokens", 4096)], ["team", "org"]
        )
        (grant.maxStalenessMS, grant.linearizable, grant.graceMS) = (250, true, 1000)
        (grant.parent, grant.credentialDigest, grant.approvalActions) = ("g-0", digest(0xc1), ["pay.send"])
        (grant.policyVersion, grant.promptHash, grant.toolVersion) = ("7", [1, 2, 3], "2.1")
        return grant
    }()

    static let report = SliceReport(
        incarnation: incarnation(0x11), uses: [.init(slice: 9, used: 120), .init(slice: 10, used: 0)])

    static let windows: [BudgetWindow] =
        [.none, .fixed(milliseconds: 3_600_000), .rolling(milliseconds: 1 << 46)]
        + BudgetWindow.CalendarPeriod.allCases.map { .calendar($0, zone: "Europe/Berlin") }

    /// With what version 1 had not.
    static let budget = Budget(
        name: "eu", unit: "tokens", ceiling: 9, parent: "team", selector: .principal("ana"), window: windows[1],
        maxOut: 1 << 45, warnAt: [80, 95])

    /// One value of every kind, as version 1 could say it.
    static func kind(_ name: EventKind.Name) -> EventKind {
        switch name {
        case .genesis:
            .genesis([keys("ledger", .ledger, 1), keys("ana", .operator, 3), keys("issuer", .issuer, 5)], settings)
        case .nodeAdmitted: .nodeAdmitted(keys("gw-1", .enforcer, 7), tokenHash: digest(0xa0))
        case .nodeExpelled: .nodeExpelled(name: "gw-1", reason: "stolen")
        case .joinTokenMade: .joinTokenMade(JoinToken(hash: digest(0xa0), role: .auditor, expiresAt: 1_790_000_600_000))
        case .epochOpened: .epochOpened(3, reason: "started")
        case .settingsChanged: .settingsChanged(settings)
        case .grantIssued: .grantIssued(grant)
        case .grantRenewed: .grantRenewed(grantID: "g-1", expiresAt: 1_790_000_900_000)
        case .restricted:
            .restricted(
                Restriction(
                    level: .throttle(calls: 5, windowMS: 60_000), selector: .agentClass("buyer"), reason: "spike",
                    expiresAt: 1_790_000_700_000))
        case .lifted: .lifted(Lifting(eventIDs: [digest(0xe1), digest(0xe2)], reason: "over", expired: true))
        case .budgetCreated: .budgetCreated(Budget(name: "team", unit: "usd_micros", ceiling: 1 << 46, parent: "org"))
        case .budgetCeilingSet: .budgetCeilingSet(.named("team"), ceiling: 1 << 40, reason: "new quarter")
        case .budgetWarned: .budgetWarned(name: "team", percent: 80, settled: 1 << 45)
        case .windowOpened:
            .windowOpened(WindowOpening(budget: "team", number: 7, start: 1_790_000_000_000, end: 1_790_003_600_000))
        case .debtRecorded:
            .debtRecorded(
                Debt(
                    incarnation: incarnation(0x11), decision: 1017, grantID: "g-1",
                    amounts: [Amount("usd_micros", 1 << 46), Amount("tokens", 1)]))
        case .debtsAccepted: .debtsAccepted([41, 1 << 40], reason: "seen")
        case .rateCreated:
            .rateCreated(
                NamedRate(
                    Rate(name: "fast", unit: "calls", limit: 1 << 46, periodMS: 86_400_000, burst: 7),
                    for: .principal("ana")))
        case .sliceReserved:
            .sliceReserved(
                Slice(
                    grantID: "g-1", unit: "usd_micros", amount: 640, node: "gw-1", incarnation: incarnation(0x11),
                    requestID: incarnation(0x22)))
        case .spendReported: .spendReported(report)
        case .sliceClosed:
            .sliceClosed(
                SliceReport(incarnation: report.incarnation, uses: report.uses, reason: "succeeded", bySuccessor: true))
        case .decisionBatch:
            .decisionBatch(
                DecisionBatch(incarnation: incarnation(0x11), firstSequence: 1001, count: 64, digest: digest(0xdb)))
        case .timeAccepted: .timeAccepted(leapMS: -3_600_000, reason: "the clock was an hour fast")
        case .timeNoted: .timeNoted
        case .debtSettled:
            .debtSettled(
                DebtSettlement(
                    position: 1 << 40, reported: [Amount("usd_micros", 1 << 45), Amount("tokens", 9)],
                    charged: [Amount("usd_micros", 0), Amount("tokens", 7)]), reason: "absurd")
        case .budgetChanged:
            .budgetChanged(BudgetChange(name: "team", parent: "", maxOut: 1 << 46, warnAt: [50, 99]), reason: "moved")
        case .budgetClosed: .budgetClosed("team", reason: "done")
        case .rateChanged:
            .rateChanged(Rate(name: "fast", unit: "calls", limit: 9, periodMS: 60_000, burst: 7), reason: "slower")
        case .rateClosed: .rateClosed("fast", reason: "done")
        case .forgotten: .forgotten(Forgetting(grants: [1 << 40, 7], tokens: [digest(0x70)]))
        }
    }

    static let nonce = (0..<16).map { UInt8($0) }

    static func body(_ kind: EventKind) -> [UInt8] {
        EventCodec.encode(mesh: "acme", origin: "ana", createdAt: 1_790_000_000_123, nonce: nonce, kind: kind)
    }

    static func event(_ kind: EventKind) -> Event {
        Event(id: digest(0xff), mesh: "acme", origin: "ana", createdAt: 1_790_000_000_123, kind: kind)
    }
}

/// The code with which a decoder refuses; nil when it takes the bytes.
func wireError(_ body: () throws(WireError) -> Void) -> WireError.Code? {
    do throws(WireError) {
        try body()
        return nil
    } catch {
        return error.code
    }
}

/// A generator whose seed makes a random test the same every time.
struct SplitMix: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}
