internal import PenstockCore
internal import Testing

/// G2 by random sequences, against a model that keeps every slice ever made and adds them up anew after each step.
@Suite struct BudgetConservationTests {
    private struct Made {
        var levels: [BudgetKey]
        var amount: Int64
        /// What its holder has spent, whether or not it has said so.
        var spent: Int64 = 0
        var known: Int64 = 0
        /// What it has given back, and how much of that is known.
        var returned: Int64 = 0
        var knownReturned: Int64 = 0
        var isOpen = true

        var left: Int64 { amount - spent - returned }
    }

    /// Grants a and b under two principals of one team, c under the team, all with budgets of their own.
    private static let ceilings: [BudgetKey: Int64] = [
        .named("org"): 500, .named("team"): 300, .named("p1"): 120, .named("p2"): 250,
        .grant("a", unit: "usd"): 100, .grant("b", unit: "usd"): 400, .grant("c", unit: "usd"): 90,
    ]
    private static let draws = ["a": "p1", "b": "p2", "c": "team"]
    private static let parents = ["p1": "team", "p2": "team", "team": "org", "org": ""]

    private func book() -> BudgetBook {
        var book = BudgetBook()
        for name in ["org", "team", "p1", "p2"] {
            book.create(
                Budget(name: name, unit: "usd", ceiling: Self.ceilings[.named(name)]!, parent: Self.parents[name]!))
        }
        for (id, draw) in Self.draws {
            book.issue(
                Make.grant(id) {
                    ($0.budgets, $0.draws) = ([Amount("usd", Self.ceilings[.grant(id, unit: "usd")]!)], [draw])
                })
        }
        return book
    }

    private func levels(_ grant: String) -> [BudgetKey] {
        var levels: [BudgetKey] = [.grant(grant, unit: "usd")]
        var name = Self.draws[grant]!
        while !name.isEmpty {
            levels.append(.named(name))
            name = Self.parents[name]!
        }
        return levels
    }

    @Test(arguments: 1...20) func everyLevelIsConservedAfterEachStep(seed: UInt64) throws {
        var random = SplitMix(seed: seed)
        var book = book()
        var made: [Position: Made] = [:]
        /// Reports under way: any may be lost, come late or come twice.
        var reports: [SliceReport.Use] = []
        var isSound = true
        for position in Position(1)...600 {
            switch Int.random(in: 0..<10, using: &random) {
            case 0..<4:
                let grant = ["a", "b", "c"].randomElement(using: &random)!
                let need = Int64.random(in: 0...40, using: &random)
                let holder = Make.incarnation(.random(in: 1...3, using: &random))
                let room = levels(grant).map { unallocated($0, made) }.min()!
                let want = need + .random(in: 0...60, using: &random)
                switch book.size(
                    levels: levels(grant), need: need, want: want, holder: holder, grant: grant, unit: "usd")
                {
                case .grant(let amount):
                    isSound = isSound && amount >= need && amount <= room
                    try book.reserve(
                        Slice(
                            grantID: grant, unit: "usd", amount: amount, node: "n", incarnation: holder,
                            requestID: Make.incarnation(position)),
                        levels: levels(grant), at: position)
                    made[position] = Made(levels: levels(grant), amount: amount)
                case .exhausted: isSound = isSound && room < max(need, 1)
                // A refill near the ceiling is refused with some room left.
                case .heldElsewhere: isSound = isSound && (need == 0 || room < need)
                case .frozen, .closed, .invalid: isSound = false
                }
            case 4..<7:
                guard let slice = made.keys.sorted().randomElement(using: &random), made[slice]!.isOpen else {
                    continue
                }
                made[slice]!.spent = made[slice]!.spent + .random(in: 0...made[slice]!.left, using: &random)
                // Some give back a part of what is unspent: it can be spent no more.
                if Int.random(in: 0..<3, using: &random) == 0 {
                    made[slice]!.returned += .random(in: 0...made[slice]!.left, using: &random)
                }
                reports.append(.init(slice: slice, used: made[slice]!.spent, returned: made[slice]!.returned))
            case 7..<9:
                guard let report = reports.randomElement(using: &random) else { continue }
                try book.report(report)
                guard made[report.slice]!.isOpen else { continue }
                made[report.slice]!.known = max(made[report.slice]!.known, report.used)
                made[report.slice]!.knownReturned = max(made[report.slice]!.knownReturned, report.returned)
            default:
                guard let slice = made.keys.sorted().randomElement(using: &random), made[slice]!.isOpen else {
                    continue
                }
                try book.close(.init(slice: slice, used: made[slice]!.spent))
                (made[slice]!.known, made[slice]!.isOpen) = (made[slice]!.spent, false)
            }
            isSound = isSound && agrees(book, made)
            if !isSound { break }
        }
        #expect(isSound, "seed \(seed)")
        #expect(made.count > 20, "the sequence hands out too little to prove anything")
    }

    private func settled(_ key: BudgetKey, _ made: [Position: Made]) -> Int64 {
        made.values.filter { $0.levels.contains(key) }.reduce(0) { $0 + $1.known }
    }

    private func out(_ key: BudgetKey, _ made: [Position: Made]) -> Int64 {
        made.values.filter { $0.isOpen && $0.levels.contains(key) }.reduce(0) {
            $0 + $1.amount - $1.known - $1.knownReturned
        }
    }

    private func unallocated(_ key: BudgetKey, _ made: [Position: Made]) -> Int64 {
        Self.ceilings[key]! - settled(key, made) - out(key, made)
    }

    private func agrees(_ book: BudgetBook, _ made: [Position: Made]) -> Bool {
        Self.ceilings.allSatisfy { key, ceiling in
            guard let entry = book.entries[key] else { return false }
            return entry.ceiling == ceiling && entry.settled == settled(key, made) && entry.out == out(key, made)
                && entry.unallocated >= 0 && entry.settled + entry.out + entry.unallocated == ceiling
        }
    }
}
