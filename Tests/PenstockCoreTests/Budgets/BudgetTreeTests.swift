internal import PenstockCore
internal import Testing

/// Random trees of budgets and delegated grants, windows that end, ceilings that move, debts, holders that crash, and
/// reports that are lost, doubled and reordered. The ledger's own law is checked by every event (it throws); this holds
/// the tree to it.
@Suite struct BudgetTreeTests {
    private struct Tree {
        var ledger: Ledger
        var random: SplitMix
        var grants: [String] = []
        var names: [String] = []
        /// What each open slice's holder has spent and given back, whether or not it was told.
        var held: [Position: (used: Int64, returned: Int64)] = [:]
        /// Under way: any may be lost, come late, or come again.
        var reports: [SliceReport] = []
        var debts: [Position] = []
        var drawn = 0

        init(seed: UInt64) throws {
            ledger = try Ledger()
            random = SplitMix(seed: seed)
        }

        mutating func below(_ bound: Int) -> Int { Int.random(in: 0..<bound, using: &random) }

        mutating func step() throws {
            switch below(20) {
            case 0: try createBudget()
            case 1, 2: try issue()
            case 3..<9: try draw()
            case 9..<13: use()
            case 13..<16: if let report = reports.randomElement(using: &random) { try take(report) }
            case 16: try moveCeiling()
            case 17: try openWindows()
            case 18: try owe()
            default: try succeed()
            }
        }

        private mutating func createBudget() throws {
            guard names.count < 12 else { return }
            let name = "b\(names.count)"
            var budget = Budget(
                name: name, unit: "usd", ceiling: Int64(200 + below(800)),
                parent: below(3) == 0 ? "" : names.randomElement(using: &random) ?? "")
            budget.selector = [nil, nil, .principal("p\(below(3))"), .all][below(4)]
            budget.window = [.none, .none, .fixed(milliseconds: 1000), .rolling(milliseconds: 12_000)][below(4)]
            budget.maxOut = [0, 0, 60][below(3)]
            guard ledger.refusal(.budgetCreated(budget)) == nil else { return }
            try ledger.add(.budgetCreated(budget))
            names.append(name)
            try openWindows()
        }

        private mutating func issue() throws {
            guard grants.count < 15 else { return }
            let id = "g\(grants.count)"
            let (parent, own, draws) = (
                below(2) == 0 ? "" : grants.randomElement(using: &random) ?? "", Int64(100 + below(500)),
                below(3) == 0 ? names.randomElement(using: &random) : nil
            )
            let principal = parent.isEmpty ? "p\(below(3))" : ""
            let grant = Make.grant(id) { grant in
                (grant.parent, grant.principalID, grant.delegate) = (parent, principal, parent.isEmpty ? 3 : 0)
                grant.budgets = [Amount("usd", own)]
                grant.draws = draws.map { [$0] } ?? []
            }
            // A child that would have more than its parent is refused, and that is all.
            guard ledger.refusal(.grantIssued(grant), by: "issuer") == nil else { return }
            try ledger.add(.grantIssued(grant), by: "issuer")
            grants.append(id)
        }

        private mutating func draw() throws {
            guard let grant = grants.randomElement(using: &random) else { return }
            let need = Int64(below(30))
            guard
                let slice = try? ledger.reserve(
                    need, need + Int64(below(40)), grant: grant, incarnation: UInt64(1 + below(3)))
            else { return }
            held[slice] = (0, 0)
            drawn += 1
        }

        private mutating func use() {
            guard
                let (position, slice) = ledger.state.book.open.sorted(by: { $0.key < $1.key }).randomElement(
                    using: &random), var told = held[position]
            else { return }
            told.used += Int64.random(in: 0...slice.slice.amount - told.used - told.returned, using: &random)
            if below(3) == 0 {
                told.returned += Int64.random(in: 0...slice.slice.amount - told.used - told.returned, using: &random)
            }
            held[position] = told
            reports.append(
                SliceReport(
                    incarnation: slice.slice.incarnation,
                    uses: [.init(slice: position, used: told.used, returned: told.returned)]))
        }

        private mutating func take(_ report: SliceReport) throws {
            if ledger.refusal(.spendReported(report), by: "n1") == nil {
                try ledger.add(.spendReported(report), by: "n1")
            }
        }

        /// A holder has crashed: its successor closes what it had, from a journal that has all of it, or charges it in
        /// full.
        private mutating func succeed() throws {
            let incarnation = Make.incarnation(UInt64(1 + below(3)))
            let isProven = below(2) == 0
            let uses = ledger.state.book.open.filter { $0.value.slice.incarnation == incarnation }.map {
                position, slice in
                SliceReport.Use(
                    slice: position, used: isProven ? held[position]!.used : slice.slice.amount - slice.returned)
            }
            // The incarnation lives on here, under the same name: what it is refused for ever is not what this looks
            // at.
            for use in uses {
                try ledger.add(
                    .sliceClosed(SliceReport(incarnation: incarnation, uses: [use], reason: "stop")), by: "n1")
            }
        }

        private mutating func moveCeiling() throws {
            let keys = names.map { BudgetKey.named($0) } + grants.map { .grant($0, unit: "usd") }
            guard let key = keys.randomElement(using: &random) else { return }
            try ledger.add(.budgetCeilingSet(key, ceiling: Int64(100 + below(900)), reason: ""))
        }

        private mutating func openWindows() throws {
            ledger.wall += Int64(below(3000))
            for name in names {
                let entry = ledger.state.book.entries[.named(name)]!
                guard entry.window != .none, ledger.wall >= entry.current?.end ?? .min,
                    let bounds = entry.window.bounds(at: ledger.wall)
                else { continue }
                let opening = WindowOpening(
                    budget: name, number: (entry.current?.number ?? 0) + 1,
                    start: max(bounds.start, entry.current?.end ?? .min), end: bounds.end)
                try ledger.add(.windowOpened(opening), by: "ledger")
            }
        }

        private mutating func owe() throws {
            if below(2) == 0, let debt = debts.popLast() {
                try ledger.add(.debtsAccepted([debt], reason: ""))
            } else if let grant = grants.randomElement(using: &random) {
                let debt = Debt(
                    incarnation: Make.incarnation(1), decision: UInt64(ledger.position), grantID: grant,
                    amounts: [Amount("usd", Int64(1 + below(20)))])
                guard below(6) == 0, ledger.refusal(.debtRecorded(debt), by: "n1") == nil else { return }
                try ledger.add(.debtRecorded(debt), by: "n1")
                debts.append(ledger.position)
            }
        }

        /// Nothing is below zero, and what children have drawn, their parent has.
        var problem: String? {
            let book = ledger.state.book
            for (key, entry) in book.entries {
                let counted = entry.windows.filter(\.counts).reduce(0) { $0 + $1.settled + $1.out }
                if counted + entry.unallocated != entry.ceiling + entry.debt + entry.overcommitted {
                    return "\(key) does not add up: \(entry)"
                }
                let open = book.open.values.filter { $0.levels.contains { $0.key == key } }.reduce(0) {
                    $0 + $1.unspent
                }
                if open != entry.out { return "\(key): \(open) are in its open slices, \(entry.out) are out" }
            }
            let view = ledger.state.view
            for index in view.grants.indices {
                let children = view.grants.indices.filter { Int(view.grants[$0].parent) == index }.map {
                    charged(grants[$0])
                }
                if children.reduce(0, +) > charged(grants[index]) {
                    return "the children of \(grants[index]) have \(children), it has \(charged(grants[index]))"
                }
            }
            return nil
        }

        private func charged(_ grant: String) -> Int64 {
            let entry = ledger.state.book.entries[.grant(grant, unit: "usd")]!
            return entry.settled + entry.out
        }
    }

    @Test(arguments: 1...25) func everyTreeIsConservedAndNoChildHasMoreThanItsParent(seed: UInt64) throws {
        var tree = try Tree(seed: seed)
        for number in 1...700 {
            try tree.step()
            if number % 5 == 0 || number > 690, let problem = tree.problem {
                Issue.record("seed \(seed), step \(number): \(problem)")
                return
            }
        }
        #expect(tree.drawn > 10, "too little was drawn to prove anything")
    }
}
