/// A slice as its holder has it.
package struct HeldSlice: Sendable, Equatable {
    package var id: Position
    /// What it still is: what was handed out, less what was given back.
    package var amount: Int64
    /// Taken from it: spent, and held at its maximum.
    package var used: Int64 = 0
    /// The part of `used` whose calls are still under way.
    package var held: Int64 = 0
    package var returned: Int64 = 0
    /// Its window's end by the ledger's wall clock; `.max` for never.
    package var endsAt: WallTime = .max
    /// Nothing more is taken from it: what comes back from calls under way goes on to the ledger.
    package var isOver = false
    /// What the ledger has taken a report of.
    package var reported = Reported()

    package struct Reported: Sendable, Equatable {
        package var settled: Int64 = 0
        package var returned: Int64 = 0
        package var held: Int64 = 0
    }

    package init(id: Position, amount: Int64, endsAt: WallTime = .max) {
        self.id = id
        self.amount = amount
        self.endsAt = endsAt
    }

    static let none = HeldSlice(id: 0, amount: 0)

    /// What is spent for good. It never falls, so it is what reports carry.
    package var settled: Int64 { used - held }
    var unspent: Int64 { amount - used }
    var isToReport: Bool { settled != reported.settled || returned != reported.returned || held != reported.held }
    /// Nothing of it can change any more, and the ledger knows.
    var isDone: Bool { settled == amount && !isToReport }

    var use: SliceReport.Use { .init(slice: id, used: settled, returned: returned, held: held) }

    /// Ends the spending from it: what is not taken goes back.
    mutating func giveBack() {
        returned += unspent
        amount = used
        isOver = true
    }
}

/// A part of one slice taken for one call.
package struct Debit: Sendable, Equatable {
    package var account: Int32
    package var slice: Position
    package var amount: Int64
}
