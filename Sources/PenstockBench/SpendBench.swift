internal import PenstockCore
internal import PenstockCrypto
internal import PenstockEnforcer
internal import PenstockSystem

/// `bench spend`: hold and settle in process, of three units at once under five levels of budgets.
package struct SpendBench {
    package var grants = 10_000
    package var calls = 1_000_000
    /// Each makes a cell.
    package var threads = [1]
    package var shards: Int?

    package init(grants: Int, calls: Int, threads: [Int] = [1], shards: Int? = nil) {
        self.grants = grants
        self.calls = calls
        self.threads = threads
        self.shards = shards
    }

    static let units = ["calls", "tokens", "usd_micros"]
    /// Each under the one before it.
    static let levels: [(name: String, selector: Selector?)] = [
        ("organisation", nil), ("team", nil), ("principal", .principal("ann")), ("class", .agentClass("coder")),
        ("run", .run("run-1")),
    ]

    package func run(in folder: String) throws -> [BenchResult] {
        let host = try OfflineEnforcer(folder, shards: shards)
        let credentials = try load(host)
        defer { host.stop() }
        _ = Self.loop(host.enforcer, credentials, count: calls / 4, seed: 7)
        return try threads.map { threads in
            var result = try measure(host.enforcer, credentials, threads: threads)
            if threads > 1 { result.extra["per_second_apart"] = try apart(threads, in: folder) }
            return result
        }
    }

    private func apart(_ threads: Int, in folder: String) throws -> Double {
        try OfflineEnforcer.separateRate(threads, shards: shards, calls: calls, in: folder, load: load) {
            _ = Self.loop($0, $1, count: $2, seed: 11 + UInt64($3))
        }
    }

    private func measure(_ enforcer: Enforcer, _ credentials: [Digest], threads: Int) throws -> BenchResult {
        let each = calls / threads
        let before = Allocations.count
        let started = Clocks.now()
        let outcomes = try Parallel.run(threads) {
            Self.loop(enforcer, credentials, count: each, seed: 11 + UInt64($0))
        }
        let elapsed = Clocks.now() - started
        let after = Allocations.count
        let holds = outcomes.flatMap(\.holds).sorted()
        var extra = [
            "not_settled": Double(outcomes.reduce(0) { $0 + $1.failed }), "hold_p50_ns": Double(holds[holds.count / 2]),
        ]
        if let before, let after { extra["allocations_per_call"] = Double(after - before) / Double(calls) }
        return BenchResult(
            "spend",
            settings: [
                "cell": "hold + settle", "grants": "\(grants)", "levels": "\(Self.levels.count)",
                "units": "\(Self.units.count)", "threads": "\(threads)",
                "shards": "\(enforcer.shards.count)",
            ],
            samples: outcomes.flatMap(\.pairs), perSecond: Double(each * threads) / (Double(elapsed) / 1e9),
            floor: .init(name: "two clock reads", p50Ns: Parallel.clockFloor()), extra: extra)
    }

    struct Outcome: Sendable {
        var holds: [Int64] = []
        var pairs: [Int64] = []
        var failed = 0
    }

    private static func loop(_ enforcer: Enforcer, _ credentials: [Digest], count: Int, seed: UInt64) -> Outcome {
        var outcome = Outcome()
        outcome.holds.reserveCapacity(count)
        outcome.pairs.reserveCapacity(count)
        var random = seed &* 0x9E37_79B9_7F4A_7C15 | 1
        var call = Call(
            Presented(.zero), action: "tools/call", resourceType: "tool", resourceID: "git_log",
            amounts: CallAmounts(zip(units, [1, 4096, 7000]).map { Amount($0, $1) })!)
        call.holds = true
        let actual = CallAmounts(zip(units, [1, 1017, 1800]).map { Amount($0, $1) })!
        for _ in 0..<count {
            random ^= random << 13
            random ^= random >> 7
            random ^= random << 17
            call.credential = credentials[Int(random % UInt64(credentials.count))]
            let begin = Clocks.now()
            let verdict = enforcer.decide(call)
            let held = Clocks.now()
            do { try enforcer.settle(verdict, actual: actual) } catch { outcome.failed += 1 }
            let end = Clocks.now()
            outcome.holds.append(held - begin)
            outcome.pairs.append(end - begin)
        }
        return outcome
    }

    private func load(_ host: OfflineEnforcer) throws -> [Digest] {
        var log = try OfflineLog(grants: grants)
        for unit in Self.units {
            var parent = ""
            for (name, selector) in Self.levels {
                try log.append(
                    .budgetCreated(
                        Budget(
                            name: "\(name)-\(unit)", unit: unit, ceiling: 1 << 50, parent: parent, selector: selector)))
                parent = "\(name)-\(unit)"
            }
        }
        var credentials: [Digest] = []
        for number in 0..<grants {
            let credential = Credential.generate().digest
            var grant = BenchGrant.make(number, credential: credential, expiresAt: log.wall + 3_600_000)
            (grant.runID, grant.principalID) = ("run-1", "ann")
            grant.budgets = []
            try log.append(.grantIssued(grant))
            credentials.append(credential)
        }
        try host.start(log.view)
        for number in 0..<grants {
            for (index, unit) in Self.units.enumerated() {
                host.enforcer.fund(
                    grant: number, unit: unit, amount: 1 << 40, slice: Position(1_000_000 + number * 4 + index))
            }
        }
        return credentials
    }
}
