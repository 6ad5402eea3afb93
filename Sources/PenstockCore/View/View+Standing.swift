/// What stands, and lists of it, of rates and of members. A view holds so few rates and members that each part looks at
/// all: a thousand members are sorted by name in less than a millisecond.
extension View {
    package func standing(id: Digest) -> (position: Position, restriction: StandingRestriction)? {
        restricted.position(ofEvent: id).flatMap { position in restrictions[position].map { (position, $0) } }
    }

    /// In place of what stands there.
    mutating func stand(_ standing: StandingRestriction, at position: Position) {
        drop(restriction: position)
        let selector = standing.restriction.selector
        restrictions[position] = standing
        restricted.insert(standing, at: position, naming: selector == .all ? nil : intern(selector))
        mark(selector, Marks(standing.restriction.level))
    }

    mutating func drop(restriction position: Position) {
        guard let standing = restrictions.removeValue(forKey: position) else { return }
        let selector = standing.restriction.selector
        // It has one as long as something stands on it.
        let symbol = selector == .all ? nil : intern(selector)
        restricted.remove(standing, at: position, naming: symbol)
        let left = restricted.marks(on: symbol)
        guard let symbol else {
            meshMarks = meshMarks.intersection(.lasting).union(left)
            return
        }
        marks[Int(symbol)] = marks[Int(symbol)].intersection(.lasting).union(left)
        dropIfUnused(symbol, selector.kind == .subtree ? .grant : selector.kind)
    }

    /// Restrictions of a level that stand on a grant's calls at a node. One may come twice.
    func forEachStanding(
        _ level: Marks, onGrant index: Int, at node: String, _ body: (Position, Restriction) -> Void
    ) {
        func visit(_ symbol: Symbol?) {
            restricted.forEach(level, on: symbol) { position in
                if let standing = restrictions[position] { body(position, standing.restriction) }
            }
        }
        if meshMarks.contains(level) { visit(nil) }
        if let symbol = symbols.find(.node, node), marks[Int(symbol)].contains(level) { visit(symbol) }
        var index = index
        while index >= 0 {
            let grant = grants[index]
            grant.forEachSymbol { symbol, _ in
                if marks[Int(symbol)].contains(level) { visit(symbol) }
            }
            index = Int(grant.parent)
        }
    }

    /// Which restrictions are wanted. What is not set excludes nothing.
    package struct RestrictionFilter: Sendable {
        /// That it names, exactly.
        package var selector: Selector?
        package var eventIDs: Set<Digest> = []
        /// Who made it.
        package var origin = ""
        /// Any of these.
        package var levels: Marks = []

        package init() {}

        fileprivate func takes(_ standing: StandingRestriction) -> Bool {
            (selector == nil || standing.restriction.selector == selector)
                && (eventIDs.isEmpty || eventIDs.contains(standing.eventID))
                && (origin.isEmpty || standing.origin.isSame(as: origin))
                && (levels.isEmpty || levels.contains(Marks(standing.restriction.level)))
        }
    }

    /// Restrictions that stand, made behind a position.
    ///
    /// - Parameter looked: so many are looked at, at most; a part may have no row and not be the last.
    package func restrictions(
        _ filter: RestrictionFilter, after: Position, rows: Int, looked: Int = Limits.grantsPerPart
    ) -> Part<ViewImage.PlacedRestriction> {
        var part = Part<ViewImage.PlacedRestriction>()
        let places = restricted.positions.behind(after, most: looked + 1).prefix { $0 <= position }
        for place in places.prefix(looked) {
            // Each has its place.
            let standing = restrictions[place]!
            guard filter.takes(standing) else { continue }
            if part.count == rows {
                part.next = part.rows.last?.position ?? 0
                return part
            }
            part.rows.append(.init(position: place, standing: standing))
            part.count += 1
        }
        if places.count > looked { part.next = places[looked - 1] }
        return part
    }

    /// Named rates, made behind a position.
    ///
    /// - Parameter takes: whether one is wanted.
    package func rates(after: Position, rows: Int, where takes: (NamedRate) -> Bool) -> Part<PlacedRate> {
        Self.part(rates.filter { $0.position > after && takes($0.named) }, rows: rows, \.position)
    }

    /// Members by their names' bytes, behind a name.
    ///
    /// - Parameter takes: whether one is wanted.
    package func members(after: String, rows: Int, where takes: (Member) -> Bool) -> (rows: [Member], isEnd: Bool) {
        let found = members.values.filter { $0.keys.name.isBehind(after) && takes($0) }
            .sorted { $1.keys.name.isBehind($0.keys.name) }
        return (Array(found.prefix(rows)), found.count <= rows)
    }

    /// The first of some rows, by position.
    private static func part<Row: Sendable>(
        _ found: some Sequence<Row>, rows: Int, _ position: (Row) -> Position
    ) -> Part<Row> {
        var part = Part<Row>()
        let sorted = found.sorted { position($0) < position($1) }
        part.rows = Array(sorted.prefix(max(0, rows)))
        part.count = part.rows.count
        if part.count < sorted.count { part.next = part.rows.last.map(position) ?? 0 }
        return part
    }
}

extension View.StandingRestriction {
    init(_ restriction: Restriction, of event: Event) {
        self.init(eventID: event.id, restriction: restriction, createdAt: event.createdAt, origin: event.origin)
    }
}

extension String {
    /// By bytes: the order must be the same for whoever asks for the next part.
    fileprivate func isBehind(_ other: String) -> Bool { other.utf8.lexicographicallyPrecedes(utf8) }
}
