extension BudgetBook {
    package struct OpenSlice: Hashable, Sendable {
        package var slice: Slice
        package var used: Int64 = 0
        package var returned: Int64 = 0
        /// Of what its holder has taken from it, the part whose calls are still under way, as far as it told.
        package var held: Int64 = 0
        /// Where it was drawn, each with its window.
        package var levels: [Level]
        package var account: Int64

        package init(
            slice: Slice, used: Int64 = 0, returned: Int64 = 0, held: Int64 = 0, levels: [Level], account: Int64
        ) {
            self.slice = slice
            self.used = used
            self.returned = returned
            self.held = held
            self.levels = levels
            self.account = account
        }

        package var unspent: Int64 { slice.amount - used - returned }
    }

    package struct Level: Hashable, Sendable {
        package var key: BudgetKey
        package var window: UInt64
        package init(key: BudgetKey, window: UInt64) { (self.key, self.window) = (key, window) }
    }

    /// A debt and where it was charged.
    package struct OwedDebt: Hashable, Sendable {
        package var debt: Debt
        package var charges: [Charge]
        package var isAccepted = false

        package init(debt: Debt, charges: [Charge], isAccepted: Bool = false) {
            self.debt = debt
            self.charges = charges
            self.isAccepted = isAccepted
        }
    }

    package struct Charge: Hashable, Sendable {
        package var level: Level
        /// Which of the debt's amounts it is of, by its place.
        package var part: Int
        /// What was put on the account there, and what of it is debt there.
        package var amount: Int64
        package var debt: Int64

        package init(level: Level, part: Int, amount: Int64, debt: Int64) {
            self.level = level
            self.part = part
            self.amount = amount
            self.debt = debt
        }
    }

    /// A grant's unit.
    package struct Account: Hashable, Sendable {
        package var grant: String
        package var unit: String
        package init(grant: String, unit: String) { (self.grant, self.unit) = (grant, unit) }
    }
}

extension BudgetKey: Comparable {
    /// Named budgets first.
    package static func < (a: BudgetKey, b: BudgetKey) -> Bool {
        switch (a, b) {
        case (.named(let a), .named(let b)): a < b
        case (.named, .grant): true
        case (.grant, .named): false
        case (.grant(let a, let unit), .grant(let b, let other)): (a, unit) < (b, other)
        }
    }
}
