/// Open slices by who has them and what they are drawn on: whoever asks for some looks at no others.
extension BudgetBook {
    /// Some open slices, oldest first.
    package struct OpenPart: Equatable, Sendable {
        package var positions: [Position]
        /// Whether none follows.
        package var isEnd: Bool

        init(_ found: [Position], most: Int) {
            positions = Array(found.prefix(most))
            isEnd = found.count <= most
        }
    }

    /// Those of a node that were handed out behind a position.
    package func slices(ofNode name: String, after: Position, most: Int) -> OpenPart {
        OpenPart(openAt[name]?.behind(after, most: most + 1) ?? [], most: most)
    }

    /// Those that are drawn on any of some budgets, handed out behind a position.
    package func slices(on keys: some Sequence<BudgetKey>, after: Position, most: Int) -> OpenPart {
        let found = Set(keys.flatMap { openOn[$0]?.behind(after, most: most + 1) ?? [] })
        return OpenPart(found.sorted(), most: most)
    }

    mutating func opened(_ slice: OpenSlice, at position: Position) {
        open[position] = slice
        openOf[slice.slice.incarnation, default: (0, 0)].slices += 1
        openOfGrant[slice.slice.grantID, default: 0] += 1
        openAt[slice.slice.node, default: OrderedPositions()].insert(position)
        for level in slice.levels { openOn[level.key, default: OrderedPositions()].insert(position) }
    }

    mutating func closed(_ slice: OpenSlice, at position: Position) {
        open[position] = nil
        count(slice.slice.incarnation) { $0.slices -= 1 }
        closed(slice.slice.grantID)
        Self.remove(position, from: slice.slice.node, &openAt)
        for level in slice.levels { Self.remove(position, from: level.key, &openOn) }
    }

    private static func remove<Key>(_ position: Position, from key: Key, _ places: inout [Key: OrderedPositions]) {
        places[key]?.remove(position)
        if places[key]?.isEmpty == true { places[key] = nil }
    }
}
