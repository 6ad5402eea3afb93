internal import PenstockCore
internal import Testing

/// Open slices, a bounded part at a time, by who has them and what they are drawn on.
@Suite struct OpenSliceTests {
    private static let keys: [BudgetKey] = [
        .named("org"), .named("team"), .grant("g", unit: "usd"), .grant("h", unit: "usd"),
    ]

    private func book() -> BudgetBook {
        var book = BudgetBook()
        for name in ["org", "team"] { book.create(Budget(name: name, unit: "usd", ceiling: 1 << 40, parent: "")) }
        for id in ["g", "h"] { book.issue(Make.grant(id) { $0.budgets = [Amount("usd", 1 << 30)] }) }
        return book
    }

    private func reserve(_ book: inout BudgetBook, at position: Position, grant: String, node: UInt64) throws {
        let slice = Slice(
            grantID: grant, unit: "usd", amount: 4, node: "n\(node)", incarnation: Make.incarnation(node),
            requestID: Make.incarnation(position))
        // Every other slice of g is drawn on the team too.
        let isTeam = grant == "g" && position.isMultiple(of: 2)
        try book.reserve(
            slice, levels: [.grant(grant, unit: "usd"), .named("org")] + (isTeam ? [.named("team")] : []), at: position)
    }

    /// All parts of a list, each of at most so many.
    private func all(_ most: Int, _ part: (Position) -> BudgetBook.OpenPart) -> [Position] {
        var (found, after) = ([Position](), Position(0))
        while true {
            let part = part(after)
            #expect(part.positions.count <= most && (part.isEnd || part.positions.count == most))
            found += part.positions
            guard !part.isEnd, let last = part.positions.last else { return found }
            after = last
        }
    }

    private func check(_ book: BudgetBook, most: Int = 7) {
        for key in Self.keys {
            let expected = book.open.filter { $0.value.levels.contains { $0.key == key } }.keys.sorted()
            #expect(all(most) { book.slices(on: [key], after: $0, most: most) } == expected, "\(key)")
        }
        #expect(all(most) { book.slices(on: Self.keys, after: $0, most: most) } == book.open.keys.sorted())
        for node in ["n1", "n2", "nobody"] {
            let expected = book.open.filter { $0.value.slice.node == node }.keys.sorted()
            #expect(all(most) { book.slices(ofNode: node, after: $0, most: most) } == expected, "\(node)")
        }
    }

    @Test func partsTogetherAreWhatIsOpen() throws {
        var (book, random) = (book(), SplitMix(seed: 7))
        for position in Position(1)...600 {
            try reserve(
                &book, at: position, grant: ["g", "h"].randomElement(using: &random)!,
                node: .random(in: 1...2, using: &random))
            for _ in 0..<Int.random(in: 0...2, using: &random) {
                guard let slice = book.open.keys.sorted().randomElement(using: &random) else { continue }
                if Bool.random(using: &random) {
                    try book.close(.init(slice: slice, used: 1))
                } else {
                    try book.report(.init(slice: slice, used: .random(in: 1...4, using: &random)))
                }
            }
            if position.isMultiple(of: 40) { check(book) }
        }
        check(try BudgetBook(image: book.image), most: 1)
        for slice in book.open.keys.sorted() { try book.close(.init(slice: slice, used: 0)) }
        check(book)
        #expect(book.slices(on: Self.keys, after: 0, most: 9) == book.slices(ofNode: "n1", after: 0, most: 9))
    }

    /// Of many, no more are named than were asked for, wherever the part begins.
    @Test func partOfManyIsBounded() throws {
        var book = book()
        for position in Position(1)...20_000 { try reserve(&book, at: position, grant: "g", node: 1) }
        // The oldest have gone.
        for position in Position(1)...9_000 { try book.close(.init(slice: position, used: 0)) }
        for (after, first) in [(Position(0), Position(9_001)), (9_500, 9_501), (19_990, 19_991), (.max, 0)] {
            let parts = [
                book.slices(on: [.named("org")], after: after, most: 400),
                book.slices(ofNode: "n1", after: after, most: 400),
            ]
            for part in parts {
                #expect(part.positions == Array((first..<20_001).prefix(first == 0 ? 0 : 400)))
                #expect(part.isEnd == (after >= 19_600))
            }
        }
    }

    /// A ledger lives for years: what it remembers of requests does not grow with them.
    @Test func requestsAreRememberedForAWhile() throws {
        var book = book()
        let count = Position(3 * Limits.requestsRemembered)
        for position in 1...count {
            try reserve(&book, at: position, grant: "g", node: 1)
            try book.close(.init(slice: position, used: 4))
        }
        let remembered = (1...count).filter { !book.slices(forRequest: Make.incarnation($0)).isEmpty }
        #expect(remembered.count >= Limits.requestsRemembered && remembered.count < 2 * Limits.requestsRemembered)
        #expect(remembered == Array(count - Position(remembered.count) + 1...count))
        #expect(book.image.requests.count == remembered.count)
    }
}
