/// Lists of what a view holds, a bounded part at a time. Each is in the log's order, and goes on behind a position:
/// what is added meanwhile moves nothing from one part to another.
extension View {
    /// What a grant is good for now. The first that applies, from `revoked` on; the raw values are those of the wire.
    /// No view has one that is forgotten.
    package enum GrantState: UInt8, Sendable, CaseIterable {
        case live = 1, revoked, suspended, expired, forgotten

        /// As `grant list --state` is written.
        package var name: String { "\(self)" }
    }

    /// Which grants are wanted. What is not set excludes nothing.
    package struct GrantFilter: Sendable {
        /// The grant's own texts, byte for byte. A child has from its parent what it leaves out.
        package var texts: [Selector.Kind: String] = [:]
        package var states: Set<GrantState> = []
        /// That a restriction of this selector would stand on: also through a grant above.
        package var coveredBy: Selector?
        /// When it ends: not before, …
        package var expiresFrom: WallTime = .min
        /// … and before.
        package var expiresBefore: WallTime = .max
        /// Only those whose calls no rate bounds.
        package var isUnrated = false

        package init() {}
    }

    /// A grant as the view has it, and what became of it.
    package struct GrantRow: Sendable {
        package var placed: ViewImage.PlacedGrant
        package var state: GrantState
        /// Grants above it.
        package var depth: Int
        /// Grants that were delegated from it directly.
        package var children: Int
    }

    /// A part of a list.
    package struct Part<Row: Sendable>: Sendable {
        package var rows: [Row] = []
        /// How many rows there are, also where only that was asked for.
        package var count = 0
        /// Behind which position the next part begins; nil at the end.
        package var next: Position?
    }

    /// Grants issued behind a position that a filter takes.
    ///
    /// - Parameters:
    ///   - time: by which a grant has expired.
    ///   - rows: so many at most.
    ///   - looked: so many grants are looked at, at most; a part may have no row and not be the last.
    package func grants(
        _ filter: GrantFilter, after: Position, at time: WallTime, rows: Int, looked: Int, countsOnly: Bool = false
    ) -> Part<GrantRow> {
        part(filter, after: after, at: time, rows: rows, looked: looked) { countsOnly ? nil : row($0, at: time) }
    }

    /// As above, all of those that are looked at, by the positions of their events.
    package func positions(_ filter: GrantFilter, after: Position, looked: Int) -> Part<Position> {
        part(filter, after: after, at: .min, rows: .max, looked: looked) { grants[$0].position }
    }

    private func part<Row: Sendable>(
        _ filter: GrantFilter, after: Position, at time: WallTime, rows: Int, looked: Int, _ row: (Int) -> Row?
    ) -> Part<Row> {
        var part = Part<Row>()
        guard rows > 0, looked > 0, let wanted = symbols(filter) else { return part }
        var first = firstGrant(after: after)
        var end = first + min(looked, handles.count - first)
        // One that is named need not be looked for.
        if let id = filter.texts[.grant] {
            guard let index = index(ofGrant: id), grants[index].position > after else { return part }
            first = firstGrant(after: grants[index].position - 1)
            end = first + 1
        }
        for place in first..<end where takes(Int(handles[place]), filter, wanted, at: time) {
            part.count += 1
            if let row = row(Int(handles[place])) { part.rows.append(row) }
            guard part.count == rows else { continue }
            end = place + 1
            break
        }
        if end < handles.count, filter.texts[.grant] == nil { part.next = grants[Int(handles[end - 1])].position }
        return part
    }

    /// How many grants a restriction of a selector would stand on.
    package func matchedGrants(_ selector: Selector) -> Int {
        if selector == .all { return handles.count }
        guard selector.kind != .node, let symbol = symbol(of: selector) else { return 0 }
        return symbols.uses(symbol) + Int(coveredFromAbove[symbol] ?? 0)
    }

    package func row(_ index: Int, at time: WallTime) -> GrantRow {
        GrantRow(
            placed: placedGrant(index), state: state(ofGrant: index, at: time), depth: depth(ofGrant: index),
            children: Int(children[Int32(index)] ?? 0))
    }

    package func state(ofGrant index: Int, at time: WallTime) -> GrantState {
        let marks = marks(onGrant: index)
        if marks.contains(.revoked) { return .revoked }
        if marks.contains(.suspended) { return .suspended }
        return grants[index].expiresAt <= time ? .expired : .live
    }

    private func depth(ofGrant index: Int) -> Int {
        var (depth, above) = (0, grants[index].parent)
        while above >= 0 { (depth, above) = (depth + 1, grants[Int(above)].parent) }
        return depth
    }

    /// The place in `handles` of the first of the grants that were issued behind a position.
    package func firstGrant(after position: Position) -> Int {
        var (low, high) = (0, handles.count)
        while low < high {
            let middle = (low + high) / 2
            if grants[Int(handles[middle])].position <= position { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
