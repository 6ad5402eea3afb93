internal import PenstockCore
internal import Testing

/// Random operations on a purse against a model that keeps every slice and every hold.
@Suite struct PurseModelTests {
    private struct ModelSlice {
        var amount: Int64
        var used: Int64 = 0
        var held: Int64 = 0
        var returned: Int64 = 0
        var isOver = false

        mutating func giveBack() {
            returned += amount - used
            (amount, isOver) = (used, true)
        }
    }

    private struct Run {
        var random: SplitMix
        var purse = Purse()
        var accounts: [Int32] = []
        var model: [Int32: [Position: ModelSlice]] = [:]
        var holds: [Debit] = []
        var reported: [Position: SliceReport.Use] = [:]
        var nextSlice: Position = 1

        init(seed: UInt64) {
            random = SplitMix(seed: seed)
            accounts = ["usd", "tokens"].flatMap { unit in (0..<2).map { purse.open(grant: $0, unit: unit) } }
            for account in accounts { model[account] = [:] }
        }

        mutating func step() {
            let account = accounts.randomElement(using: &random)!
            switch Int.random(in: 0..<10, using: &random) {
            case 0..<2: fund(account)
            case 2..<6: take(account)
            case 6..<8: resolve()
            case 8: report()
            default:
                switch Int.random(in: 0..<8, using: &random) {
                case 0: close(account)
                case 1..<3: giveBack(account)
                default: break
                }
            }
        }

        private mutating func fund(_ account: Int32) {
            purse.lack(.random(in: 1...9, using: &random), account)
            while let reserve = purse.nextReserve(at: 0, requestID: Make.incarnation(nextSlice)) {
                var granted: [Purse.Granted] = []
                for part in reserve.parts {
                    let amount = Int64.random(in: 1...20, using: &random)
                    granted.append(.init(slice: nextSlice, unit: purse.account(part.account).unit, amount: amount))
                    model[part.account]![nextSlice] = ModelSlice(amount: amount)
                    nextSlice += 1
                }
                let isNew = purse.answered(reserve, granted: granted, refused: [])
                #expect(isNew)
            }
        }

        private mutating func take(_ account: Int32) {
            guard purse.available(account) > 0 else { return }
            let amount = Int64.random(in: 1...purse.available(account), using: &random)
            let holds = Bool.random(using: &random)
            var debits = [Debit]()
            purse.take(amount, from: account, holds: holds, into: &debits)
            var left = amount
            var expected: [Position: Int64] = [:]
            for (id, slice) in model[account]!.sorted(by: { $0.key < $1.key })
            where left > 0 && slice.used < slice.amount {
                let part = min(left, slice.amount - slice.used)
                model[account]![id]!.used += part
                if holds { model[account]![id]!.held += part }
                expected[id] = part
                left -= part
            }
            #expect(Dictionary(debits.map { ($0.slice, $0.amount) }, uniquingKeysWith: +) == expected)
            if holds { self.holds += debits }
        }

        private mutating func resolve() {
            guard !holds.isEmpty else { return }
            let debit = holds.remove(at: .random(in: holds.indices, using: &random))
            let spent = Int64.random(in: 0...debit.amount, using: &random)
            purse.resolve(debit, spent: spent, wasHeld: true)
            model[debit.account]![debit.slice]?.used -= debit.amount - spent
            model[debit.account]![debit.slice]?.held -= debit.amount
            if model[debit.account]![debit.slice]?.isOver == true { model[debit.account]![debit.slice]!.giveBack() }
        }

        private mutating func giveBack(_ account: Int32) {
            purse.giveBack(account: account)
            for id in model[account]!.keys { model[account]![id]!.giveBack() }
        }

        private mutating func report() {
            for (account, uses) in purse.unreported(from: 0, scan: 10, limit: 1000).uses {
                for use in uses {
                    let before = reported[use.slice] ?? .init(slice: use.slice, used: 0)
                    #expect(use != before, "a report says what the one that was taken before did not")
                    #expect(use.used >= before.used && use.returned >= before.returned)
                    #expect(use.returned == model[account]![use.slice]?.returned)
                    // One of four is lost or refused.
                    guard Int.random(in: 0..<4, using: &random) > 0 else { continue }
                    reported[use.slice] = use
                    purse.reported([use], of: account)
                }
            }
        }

        private mutating func close(_ account: Int32) {
            purse.close(account: account)
            let uses = purse.unclosed(limit: .max)
            for use in uses {
                #expect(use.used == model[account]![use.slice]?.used)
                #expect(use.used >= reported[use.slice]?.used ?? 0)
            }
            purse.closed(uses)
            model[account] = [:]
        }
    }

    @Test(arguments: 1...10) func purseIsItsModelAfterEachStep(seed: UInt64) {
        var run = Run(seed: seed)
        var settled: [Position: Int64] = [:]
        for _ in 0..<400 {
            run.step()
            for account in run.accounts {
                let model = run.model[account]!
                #expect(
                    run.purse.available(account) == model.values.reduce(0) { $0 + $1.amount - $1.used }, "seed \(seed)")
                for slice in run.purse.account(account).slices {
                    let expected = model[slice.id]
                    #expect(
                        [slice.amount, slice.used, slice.held] == [expected?.amount, expected?.used, expected?.held],
                        "seed \(seed)")
                    #expect(slice.held >= 0 && slice.held <= slice.used && slice.used <= slice.amount)
                    #expect(slice.settled >= settled[slice.id] ?? 0, "what is settled never falls")
                    settled[slice.id] = slice.settled
                }
            }
        }
    }
}
