internal import PenstockCore
internal import Testing

@Suite struct BudgetBookTests {
    private let mine = Make.incarnation(1)
    private let theirs = Make.incarnation(2)
    private let levels: [BudgetKey] = [.grant("g", unit: "usd"), .named("team"), .named("org")]

    /// Grant g: its own 100 usd under team (60) under org (1000).
    private func book() -> BudgetBook {
        var book = BudgetBook()
        book.create(Budget(name: "org", unit: "usd", ceiling: 1000, parent: ""))
        book.create(Budget(name: "team", unit: "usd", ceiling: 60, parent: "org"))
        book.issue(
            Make.grant("g") { ($0.budgets, $0.draws) = ([Amount("usd", 100), Amount("tokens", 7)], ["team", "org"]) })
        return book
    }

    private func slice(_ amount: Int64, unit: String = "usd", by incarnation: UInt64 = 1, request: UInt64 = 9) -> Slice
    {
        Slice(
            grantID: "g", unit: unit, amount: amount, node: "n1", incarnation: Make.incarnation(incarnation),
            requestID: Make.incarnation(request))
    }

    private func out(_ book: BudgetBook) -> [Int64] {
        levels.map { book.entries[$0]!.out }
    }

    private func size(_ book: BudgetBook, need: Int64, want: Int64, holder: Incarnation, levels: [BudgetKey]? = nil)
        -> BudgetBook.Sizing
    {
        book.size(levels: levels ?? self.levels, need: need, want: want, holder: holder, grant: "g", unit: "usd")
    }

    @Test func everyLevelIsDebitedBeforeASliceIsOut() throws {
        var book = book()
        try book.reserve(slice(8), levels: levels, at: 5)
        #expect(out(book) == [8, 8, 8])
        #expect(book.entries[.grant("g", unit: "tokens")]?.out == 0)
    }

    @Test func needIsGivenWhenRoomSuffices() throws {
        var book = book()
        for need in [Int64(60), 59, 1] {
            #expect(size(book, need: need, want: 1 << 40, holder: mine) == .grant(need == 1 ? 30 : need))
        }
        // The last unit is given too: there are no phantom denials.
        try book.reserve(slice(59), levels: levels, at: 5)
        #expect(size(book, need: 1, want: 100, holder: mine) == .grant(1))
    }

    @Test func moreThanNeedIsAtMostAPartOfTheRoom() throws {
        var book = book()
        #expect(size(book, need: 1, want: 3, holder: mine) == .grant(3))
        #expect(size(book, need: 0, want: 50, holder: mine) == .grant(30))
        #expect(size(book, need: 0, want: 0, holder: mine) == .grant(1))
        // With another holder, half of an equal part each.
        try book.reserve(slice(20, by: 2), levels: levels, at: 5)
        #expect(size(book, need: 0, want: 50, holder: mine) == .grant(10))
        // Near the ceiling nothing is handed out ahead of need, and what a call needs still is.
        #expect(size(book, need: 0, want: 80, holder: mine) == .grant(10))
        #expect(size(book, need: 0, want: 81, holder: mine) == .heldElsewhere)
        #expect(size(book, need: 1, want: 81, holder: mine) == .grant(10))
    }

    @Test func exhaustedIsSaidWhereNobodyCanReturnEnough() throws {
        var book = book()
        #expect(size(book, need: 61, want: 61, holder: mine) == .exhausted)
        try book.reserve(slice(60), levels: levels, at: 5)
        try book.report(.init(slice: 5, used: 60))
        #expect(size(book, need: 1, want: 1, holder: theirs) == .exhausted)
        #expect(size(book, need: 0, want: 1, holder: theirs) == .exhausted)
    }

    @Test func heldElsewhereIsSaidWhileOthersCouldReturnEnough() throws {
        var book = book()
        try book.reserve(slice(50), levels: levels, at: 5)
        try book.report(.init(slice: 5, used: 10))
        #expect(size(book, need: 50, want: 50, holder: theirs) == .heldElsewhere)
        #expect(size(book, need: 51, want: 51, holder: theirs) == .exhausted)
        #expect(size(book, need: 11, want: 11, holder: mine) == .exhausted)
    }

    /// Of a budget that two grants draw on, what one holder keeps for the other grant may come back too.
    @Test func whatTheAskerHoldsForAnotherGrantMayComeBack() throws {
        var book = book()
        var other = Make.grant("h") { ($0.budgets, $0.draws) = ([Amount("usd", 1000)], ["team"]) }
        other.credentialDigest = Make.id("h")
        book.issue(other)
        let slice = Slice(
            grantID: "h", unit: "usd", amount: 60, node: "n1", incarnation: mine, requestID: Make.incarnation(99))
        try book.reserve(slice, levels: [.grant("h", unit: "usd"), .named("team"), .named("org")], at: 5)
        #expect(size(book, need: 1, want: 1, holder: mine) == .heldElsewhere)
        try book.report(.init(slice: 5, used: 60))
        #expect(size(book, need: 1, want: 1, holder: mine) == .exhausted)
    }

    @Test func askingForNoBudgetOrForNonsenseIsInvalid() {
        let book = book()
        #expect(size(book, need: 1, want: 1, holder: mine, levels: []) == .invalid)
        #expect(size(book, need: -1, want: 1, holder: mine) == .invalid)
        #expect(size(book, need: 2, want: 1, holder: mine) == .invalid)
        #expect(size(book, need: 0, want: Limits.amount + 1, holder: mine) == .invalid)
    }

    @Test func reportsInAnyOrderAndAnyNumberEndAlike() throws {
        var random = SplitMix(seed: 11)
        var ordered = book()
        try ordered.reserve(slice(50), levels: levels, at: 5)
        var shuffled = ordered
        let reports = (1...20).map { SliceReport.Use(slice: 5, used: Int64($0) * 2) }
        for use in reports { try ordered.report(use) }
        for use in (reports + reports).shuffled(using: &random) { try shuffled.report(use) }
        #expect(shuffled.entries == ordered.entries && shuffled.open == ordered.open)
        #expect(shuffled.open[5]?.used == 40)
    }

    @Test func reportAboveTheSliceCountsTheSliceOnly() throws {
        var book = book()
        try book.reserve(slice(8), levels: levels, at: 5)
        try book.report(.init(slice: 5, used: 100))
        #expect(book.entries[.named("team")]?.settled == 8)
        #expect(out(book) == [0, 0, 0])
    }

    @Test func closeReturnsTheUnspentToEveryLevelOnce() throws {
        var book = book()
        try book.reserve(slice(50), levels: levels, at: 5)
        try book.report(.init(slice: 5, used: 20))
        // A smaller figure than was reported gives nothing back.
        for _ in 0..<2 { try book.close(.init(slice: 5, used: 10)) }
        try book.report(.init(slice: 5, used: 50))
        #expect(out(book) == [0, 0, 0])
        #expect(levels.map { book.entries[$0]!.settled } == [20, 20, 20])
        #expect(book.entries[.named("team")]?.unallocated == 40)
    }

    @Test func repeatedRequestFindsItsSliceHoweverLateItComes() throws {
        var book = book()
        try book.reserve(slice(8, request: 9), levels: levels, at: 5)
        #expect(book.slices(forRequest: Make.incarnation(9)).first?.position == 5)
        #expect(book.slices(forRequest: Make.incarnation(8)).isEmpty)
        try book.close(.init(slice: 5, used: 0))
        #expect(
            book.slices(forRequest: Make.incarnation(9)).first?.position == 5, "a late copy must not get another slice")
    }

    @Test func sliceThatIsSpentToItsEndIsClosedByItsReport() throws {
        var book = book()
        try book.reserve(slice(8, request: 9), levels: levels, at: 5)
        try book.report(.init(slice: 5, used: 7))
        #expect(book.open[5]?.used == 7)
        try book.report(.init(slice: 5, used: 8))
        #expect(book.open[5] == nil)
        #expect(out(book) == [0, 0, 0])
    }
}
