/// A named ceiling on one unit, perhaps under a parent.
///
/// Grants draw on it by naming it, by matching its selector, or through a budget that has it as its parent.
package struct Budget: Hashable, Sendable {
    package var name: String
    package var unit: String
    package var ceiling: Int64
    /// A budget of the same unit that everything drawn here is drawn from too; empty for none.
    package var parent: String
    /// Every grant that matches draws on it, whenever it was issued; nil for none but those that name it.
    package var selector: Selector?
    package var window: BudgetWindow
    /// The most that may be out in slices at once; 0 for no bound but the ceiling.
    package var maxOut: Int64
    /// Parts of the ceiling, in percent, at which a warning is due, ascending.
    package var warnAt: [UInt32]
    /// Nothing is drawn on it any more, and what draws on it is denied.
    package var isClosed = false

    package init(
        name: String, unit: String, ceiling: Int64, parent: String = "", selector: Selector? = nil,
        window: BudgetWindow = .none, maxOut: Int64 = 0,
        warnAt: [UInt32] = []
    ) {
        self.name = name
        self.unit = unit
        self.ceiling = ceiling
        self.parent = parent
        self.selector = selector
        self.window = window
        self.maxOut = maxOut
        self.warnAt = warnAt
    }
}

/// A grant's own budget, or one that has a name.
package enum BudgetKey: Hashable, Sendable {
    case grant(String, unit: String)
    case named(String)
}

/// The time that a ceiling is for. Only the ledger opens windows, and each has its number in the log.
package enum BudgetWindow: Hashable, Sendable {
    /// One ceiling for ever.
    case none
    /// Anew every so many milliseconds, counted from the Unix epoch.
    case fixed(milliseconds: Int64)
    /// Anew with each day, week, month or year of a time zone.
    case calendar(CalendarPeriod, zone: String)
    /// In any span of so many milliseconds. The span is counted in twelfths, and at most a thirteenth one beside them,
    /// so that no span of that length, wherever it begins, has more than the ceiling.
    case rolling(milliseconds: Int64)

    package enum CalendarPeriod: UInt8, Sendable, CaseIterable {
        case hour = 1, day, week, month, year
    }
}

/// The ledger opened a window of a budget: from here on, slices are drawn in it.
package struct WindowOpening: Hashable, Sendable {
    package var budget: String
    /// Strictly increasing for each budget.
    package var number: UInt64
    /// By the ledger's wall clock.
    package var start: WallTime
    package var end: WallTime

    package init(budget: String, number: UInt64, start: WallTime, end: WallTime) {
        self.budget = budget
        self.number = number
        self.start = start
        self.end = end
    }
}

/// What is changed of a named budget; nil leaves it as it is.
package struct BudgetChange: Hashable, Sendable {
    package var name: String
    /// Empty for none. What was drawn before stays where it was drawn.
    package var parent: String?
    package var maxOut: Int64?
    package var warnAt: [UInt32]?

    package init(name: String, parent: String? = nil, maxOut: Int64? = nil, warnAt: [UInt32]? = nil) {
        self.name = name
        self.parent = parent
        self.maxOut = maxOut
        self.warnAt = warnAt
    }
}

/// An operator settles a debt at another amount than was reported. Names both, so that none is settled unseen.
package struct DebtSettlement: Hashable, Sendable {
    package var position: Position
    package var reported: [Amount]
    package var charged: [Amount]

    package init(position: Position, reported: [Amount], charged: [Amount]) {
        self.position = position
        self.reported = reported
        self.charged = charged
    }
}

/// Real cost above what was held: it was spent, whatever the ceiling says. Beyond a tolerance it freezes its grant, and
/// every budget whose ceiling it exceeds.
package struct Debt: Hashable, Sendable {
    /// Whose decision it was; the same decision is charged once, however often it is told.
    package var incarnation: Incarnation
    package var decision: UInt64
    package var grantID: String
    package var amounts: [Amount]

    package init(incarnation: Incarnation, decision: UInt64, grantID: String, amounts: [Amount]) {
        self.incarnation = incarnation
        self.decision = decision
        self.grantID = grantID
        self.amounts = amounts
    }
}

extension BudgetWindow {
    /// The window that a moment lies in; nil where the core does not know it: a calendar is the shell's.
    package func bounds(at wall: WallTime) -> (start: WallTime, end: WallTime)? {
        switch self {
        case .none: return (.min, .max)
        case .calendar: return nil
        case .fixed(let length):
            let start = wall - wall % length
            return (start, start + length)
        case .rolling(let length):
            let part = max(1, length / Self.partsOfRolling)
            let start = wall - wall % part
            return (start, start + part)
        }
    }

    /// How far before a window's start what was spent still counts in it.
    package var lookback: Int64 {
        if case .rolling(let length) = self { length } else { 0 }
    }

    static let partsOfRolling: Int64 = 12

    /// Why it cannot be used, or nil.
    package var problem: String? {
        switch self {
        case .none: nil
        case .fixed(let length): (1000...Self.longest).contains(length) ? nil : "a window lasts 1 second to 366 days"
        case .rolling(let length):
            (12_000...Self.longest).contains(length) ? nil : "a rolling window lasts 12 seconds to 366 days"
        case .calendar(_, let zone):
            (1...64).contains(zone.utf8.count) ? nil : "a time zone has 1 to 64 bytes, such as Europe/Berlin"
        }
    }

    private static let longest: Int64 = 366 * 86_400_000
}
