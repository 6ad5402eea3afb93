internal import PenstockCore
internal import Testing

/// Windows, and ceilings that move: the law is checked by the book after every move.
@Suite struct BudgetWindowTests {
    private let day: BudgetKey = .named("day")

    private func book(_ window: BudgetWindow, ceiling: Int64 = 100) -> BudgetBook {
        var book = BudgetBook()
        book.create(Budget(name: "day", unit: "usd", ceiling: ceiling, window: window))
        return book
    }

    private func slice(_ amount: Int64) -> Slice {
        Slice(
            grantID: "g", unit: "usd", amount: amount, node: "n1", incarnation: Make.incarnation(1),
            requestID: Make.incarnation(UInt64(amount)))
    }

    private func open(_ book: inout BudgetBook, _ number: UInt64, _ start: WallTime, _ end: WallTime) throws {
        try book.open(WindowOpening(budget: "day", number: number, start: start, end: end))
    }

    private func figures(_ book: BudgetBook) -> [Int64] {
        let entry = book.entries[day]!
        return [entry.settled, entry.out, entry.unallocated, entry.overcommitted]
    }

    @Test(arguments: [
        (BudgetWindow.fixed(milliseconds: 1000), WallTime(2999), WallTime(2000), WallTime(3000)),
        (.fixed(milliseconds: 1000), 3000, 3000, 4000), (.rolling(milliseconds: 12_000), 2999, 2000, 3000),
        (.none, 5, .min, .max),
    ])
    func windowIsTheOneThatTheMomentLiesIn(window: BudgetWindow, wall: WallTime, start: WallTime, end: WallTime) throws
    {
        let bounds = try #require(window.bounds(at: wall))
        #expect([bounds.start, bounds.end] == [start, end])
    }

    @Test(arguments: [
        (BudgetWindow.fixed(milliseconds: 999), false), (.fixed(milliseconds: 1000), true),
        (.rolling(milliseconds: 11_999), false),
        (.rolling(milliseconds: 12_000), true), (.fixed(milliseconds: 366 * 86_400_000 + 1), false), (.none, true),
        (.calendar(.day, zone: ""), false), (.calendar(.day, zone: "Europe/Berlin"), true),
    ])
    func windowLastsAsLongAsItMay(window: BudgetWindow, isUsable: Bool) {
        #expect((window.problem == nil) == isUsable)
    }

    @Test func nothingIsDrawnBeforeAWindowIsOpen() {
        var book = book(.fixed(milliseconds: 1000))
        #expect(book.entries[day]?.current == nil)
        #expect(throws: BudgetEntry.Imbalance.self) { try book.reserve(slice(1), levels: [day], at: 5) }
    }

    @Test func fixedWindowCountsAnew() throws {
        var book = book(.fixed(milliseconds: 1000))
        try open(&book, 1, 0, 1000)
        try book.reserve(slice(70), levels: [day], at: 5)
        try book.report(.init(slice: 5, used: 70))
        #expect(figures(book) == [70, 0, 30, 0])
        try open(&book, 2, 1000, 2000)
        #expect(figures(book) == [0, 0, 100, 0])
        #expect(book.entries[day]?.windows.map(\.number) == [2])
    }

    @Test func lateReturnCreditsItsOwnWindow() throws {
        var book = book(.fixed(milliseconds: 1000))
        try open(&book, 1, 0, 1000)
        try book.reserve(slice(70), levels: [day], at: 5)
        try open(&book, 2, 1000, 2000)
        // What is out of the old window does not count in the new one, and is remembered.
        #expect(figures(book) == [0, 70, 100, 0])
        try book.reserve(slice(10), levels: [day], at: 6)
        try book.report(.init(slice: 5, used: 20, returned: 30))
        #expect(figures(book) == [0, 30, 90, 0], "neither spent nor given back in the new window")
        #expect(book.entries[day]?.windows.map(\.number) == [1, 2])
        try book.close(.init(slice: 5, used: 25))
        #expect(book.entries[day]?.windows.map(\.number) == [2])
        try book.close(.init(slice: 6, used: 4))
        #expect(figures(book) == [4, 0, 96, 0])
    }

    @Test func rollingWindowLooksBackItsWholeLength() throws {
        var book = book(.rolling(milliseconds: 12_000))
        for number in UInt64(0)..<13 {
            try open(&book, number + 1, WallTime(number) * 1000, WallTime(number + 1) * 1000)
            try book.reserve(slice(Int64(number) + 1), levels: [day], at: Position(number) + 5)
            try book.report(.init(slice: Position(number) + 5, used: Int64(number) + 1))
            #expect(book.entries[day]?.settled == Int64((number + 1) * (number + 2) / 2))
        }
        // The first part ended 12 seconds before this one begins.
        try open(&book, 14, 13_000, 14_000)
        #expect(book.entries[day]?.settled == 90)
        // A gap leaves everything behind that is older than that.
        try open(&book, 15, 24_999, 25_999)
        #expect(figures(book) == [13, 0, 87, 0])
        try open(&book, 16, 25_999, 26_000)
        #expect(figures(book) == [0, 0, 100, 0])
    }

    // MARK: Ceilings

    @Test func loweredCeilingIsOvercommittedUntilEnoughComesBack() throws {
        var book = book(.none)
        try book.reserve(slice(80), levels: [day], at: 5)
        try book.setCeiling(day, 50)
        #expect(figures(book) == [0, 80, 0, 30])
        #expect(book.pressed == [day])
        try book.report(.init(slice: 5, used: 10, returned: 20))
        #expect(figures(book) == [10, 50, 0, 10])
        #expect(book.pressed == [day])
        try book.report(.init(slice: 5, used: 10, returned: 40))
        #expect(figures(book) == [10, 30, 10, 0])
        #expect(book.pressed.isEmpty)
    }

    @Test func raisedCeilingCoversWhatIsOvercommittedFirst() throws {
        var book = book(.none)
        try book.reserve(slice(80), levels: [day], at: 5)
        try book.setCeiling(day, 0)
        #expect(figures(book) == [0, 80, 0, 80])
        try book.setCeiling(day, 60)
        #expect(figures(book) == [0, 80, 0, 20])
        try book.setCeiling(day, 130)
        #expect(figures(book) == [0, 80, 50, 0])
        #expect(book.pressed.isEmpty)
    }

    @Test func noMoreThanItsBoundIsOutAtOnce() throws {
        var book = BudgetBook()
        book.create(Budget(name: "day", unit: "usd", ceiling: 100, maxOut: 30))
        try book.reserve(slice(20), levels: [day], at: 5)
        #expect(book.entries[day]?.room == 10)
        try book.report(.init(slice: 5, used: 15))
        #expect(book.entries[day]?.room == 25)
        try book.setCeiling(day, 22)
        #expect(book.entries[day]?.room == 2)
    }

    @Test func windowThatCoversWhatWasOvercommittedCallsNothingBack() throws {
        var book = book(.fixed(milliseconds: 1000))
        try open(&book, 1, 0, 1000)
        try book.reserve(slice(80), levels: [day], at: 5)
        try book.setCeiling(day, 50)
        #expect(book.pressed == [day])
        try open(&book, 2, 1000, 2000)
        #expect(figures(book) == [0, 80, 50, 0])
        #expect(book.pressed.isEmpty)
    }
}
