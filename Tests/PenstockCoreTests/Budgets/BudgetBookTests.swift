internal import PenstockCore
internal import Testing

@Suite struct BudgetBookTests {
    private let mine = Make.incarnation(1)
    private let theirs = Make.incarnation(2)

    /// Grant g: its own 100 usd under team (60) under org (1000).
    private func book() -> BudgetBook {
        var book = BudgetBook()
        book.create(Budget(name: "org", unit: "usd", ceiling: 1000, parent: ""))
        book.create(Budget(name: "team", unit: "usd", ceiling: 60, parent: "org"))
        book.issue(Make.grant("g") { ($0.budgets, $0.draws) = ([Amount("usd", 100), Amount("tokens", 7)], ["team", "org"]) })
        return book
    }

    private func slice(_ amount: Int64, unit: String = "usd", by incarnation: UInt64 = 1, request: UInt64 = 9) -> Slice {
        Slice(grantID: "g", unit: unit, amount: amount, node: "n1", incarnation: Make.incarnation(incarnation), requestID: Make.incarnation(request))
    }

    private func out(_ book: BudgetBook) -> [Int64] {
        book.levels(grant: "g", unit: "usd").map { book.entries[$0]!.out }
    }

    @Test func levelsAreItsOwnAndEachNamedOneOnce() {
        #expect(book().levels(grant: "g", unit: "usd") == [.grant("g", unit: "usd"), .named("team"), .named("org")])
        #expect(book().levels(grant: "g", unit: "tokens") == [.grant("g", unit: "tokens")])
        #expect(book().levels(grant: "g", unit: "calls") == [])
        #expect(book().levels(grant: "h", unit: "usd") == [])
    }

    /// G8: what siblings spend comes out of their parent's budget, whatever their own say.
    @Test func childDrawsOnEveryGrantAboveIt() {
        var book = book()
        for (id, parent) in [("child", "g"), ("grandchild", "child")] {
            book.issue(Make.grant(id) { ($0.budgets, $0.parent) = (id == "child" ? [Amount("usd", 50)] : [], parent) })
        }
        #expect(book.levels(grant: "grandchild", unit: "usd") == [.grant("child", unit: "usd"), .grant("g", unit: "usd"), .named("team"), .named("org")])
        #expect(book.levels(grant: "grandchild", unit: "tokens") == [.grant("g", unit: "tokens")])
        book.reserve(Slice(grantID: "child", unit: "usd", amount: 45, node: "n1", incarnation: mine, requestID: Make.incarnation(9)), at: 5)
        book.issue(Make.grant("sibling") { ($0.budgets, $0.parent) = ([Amount("usd", 50)], "g") })
        #expect(book.size(grant: "sibling", unit: "usd", need: 16, want: 16, holder: theirs) == .refuse(.budgetHeldElsewhere))
    }

    @Test func everyLevelIsDebitedBeforeASliceIsOut() {
        var book = book()
        book.reserve(slice(8), at: 5)
        #expect(out(book) == [8, 8, 8])
        #expect(book.entries[.grant("g", unit: "tokens")]?.out == 0)
    }

    @Test func needIsGivenWhenRoomSuffices() {
        var book = book()
        for need in [Int64(60), 59, 1] {
            #expect(book.size(grant: "g", unit: "usd", need: need, want: 1 << 40, holder: mine) == .grant(need == 1 ? 7 : need))
        }
        // The last unit is given too: there are no phantom denials.
        book.reserve(slice(59), at: 5)
        #expect(book.size(grant: "g", unit: "usd", need: 1, want: 100, holder: mine) == .grant(1))
    }

    @Test func moreThanNeedIsAtMostAPartOfTheRoom() {
        let book = book()
        #expect(book.size(grant: "g", unit: "usd", need: 1, want: 3, holder: mine) == .grant(3))
        #expect(book.size(grant: "g", unit: "usd", need: 0, want: 50, holder: mine) == .grant(7))
        #expect(book.size(grant: "g", unit: "usd", need: 0, want: 0, holder: mine) == .grant(0))
    }

    @Test func exhaustedIsSaidWhereNobodyCanReturnEnough() {
        var book = book()
        #expect(book.size(grant: "g", unit: "usd", need: 61, want: 61, holder: mine) == .refuse(.budgetExhausted))
        book.reserve(slice(60), at: 5)
        book.report(.init(slice: 5, used: 60))
        #expect(book.size(grant: "g", unit: "usd", need: 1, want: 1, holder: theirs) == .refuse(.budgetExhausted))
        #expect(book.size(grant: "g", unit: "usd", need: 0, want: 1, holder: theirs) == .refuse(.budgetExhausted))
    }

    @Test func heldElsewhereIsSaidWhileOthersCouldReturnEnough() {
        var book = book()
        book.reserve(slice(50), at: 5)
        book.report(.init(slice: 5, used: 10))
        #expect(book.size(grant: "g", unit: "usd", need: 50, want: 50, holder: theirs) == .refuse(.budgetHeldElsewhere))
        #expect(book.size(grant: "g", unit: "usd", need: 51, want: 51, holder: theirs) == .refuse(.budgetExhausted))
        #expect(book.size(grant: "g", unit: "usd", need: 11, want: 11, holder: mine) == .refuse(.budgetExhausted))
    }

    /// Of a budget that two grants draw on, what one holder keeps for the other grant may come back too.
    @Test func whatTheAskerHoldsForAnotherGrantMayComeBack() {
        var book = book()
        var other = Make.grant("h") { ($0.budgets, $0.draws) = ([Amount("usd", 1000)], ["team"]) }
        other.credentialDigest = Make.id("h")
        book.issue(other)
        book.reserve(Slice(grantID: "h", unit: "usd", amount: 60, node: "n1", incarnation: mine, requestID: Make.incarnation(99)), at: 5)
        #expect(book.size(grant: "g", unit: "usd", need: 1, want: 1, holder: mine) == .refuse(.budgetHeldElsewhere))
        book.report(.init(slice: 5, used: 60))
        #expect(book.size(grant: "g", unit: "usd", need: 1, want: 1, holder: mine) == .refuse(.budgetExhausted))
    }

    @Test func askingForNoBudgetOrForNonsenseIsInvalid() {
        let book = book()
        #expect(book.size(grant: "g", unit: "calls", need: 1, want: 1, holder: mine) == .refuse(.invalid))
        #expect(book.size(grant: "g", unit: "usd", need: -1, want: 1, holder: mine) == .refuse(.invalid))
        #expect(book.size(grant: "g", unit: "usd", need: 2, want: 1, holder: mine) == .refuse(.invalid))
        #expect(book.size(grant: "g", unit: "usd", need: 0, want: Limits.amount + 1, holder: mine) == .refuse(.invalid))
    }

    @Test func reportsInAnyOrderAndAnyNumberEndAlike() {
        var random = SplitMix(seed: 11)
        var ordered = book()
        ordered.reserve(slice(50), at: 5)
        var shuffled = ordered
        let reports = (1...20).map { SliceReport.Use(slice: 5, used: Int64($0) * 2) }
        for report in reports { ordered.report(report) }
        for report in (reports + reports).shuffled(using: &random) { shuffled.report(report) }
        #expect(shuffled.entries == ordered.entries)
        #expect(shuffled.open == ordered.open)
        #expect(shuffled.open[5]?.used == 40)
    }

    @Test func reportAboveTheSliceCountsTheSliceOnly() {
        var book = book()
        book.reserve(slice(8), at: 5)
        book.report(.init(slice: 5, used: 100))
        #expect(book.entries[.named("team")]?.settled == 8)
        #expect(out(book) == [0, 0, 0])
    }

    @Test func closeReturnsTheUnspentToEveryLevelOnce() {
        var book = book()
        book.reserve(slice(50), at: 5)
        book.report(.init(slice: 5, used: 20))
        // A smaller figure than was reported gives nothing back.
        for _ in 0..<2 { book.close(.init(slice: 5, used: 10)) }
        book.report(.init(slice: 5, used: 50))
        #expect(out(book) == [0, 0, 0])
        #expect(book.levels(grant: "g", unit: "usd").map { book.entries[$0]!.settled } == [20, 20, 20])
        #expect(book.entries[.named("team")]?.unallocated == 40)
    }

    @Test func repeatedRequestFindsItsSliceHoweverLateItComes() {
        var book = book()
        book.reserve(slice(8, request: 9), at: 5)
        #expect(book.slice(forRequest: Make.incarnation(9))?.0 == 5)
        #expect(book.slice(forRequest: Make.incarnation(8)) == nil)
        book.close(.init(slice: 5, used: 0))
        #expect(book.slice(forRequest: Make.incarnation(9))?.0 == 5, "a late copy must not get another slice")
    }

    @Test func sliceThatIsSpentToItsEndIsClosedByItsReport() {
        var book = book()
        book.reserve(slice(8, request: 9), at: 5)
        book.report(.init(slice: 5, used: 7))
        #expect(book.open[5]?.used == 7)
        book.report(.init(slice: 5, used: 8))
        #expect(book.open[5] == nil)
        #expect(out(book) == [0, 0, 0])
    }
}
