/// Where restrictions stand in the log, by what they name and by the event that made them: whoever asks for some looks
/// at no others.
struct RestrictionIndex: Sendable {
    /// All of them.
    private(set) var positions = OrderedPositions()
    private var ofSymbol: [Symbol: Levels] = [:]
    /// Those that name `all`.
    private var ofMesh = Levels()
    /// One each, as a rule: a second one was told ahead of the log, which has it elsewhere.
    private var ofEvent: [Digest: OrderedPositions] = [:]

    /// - Parameter symbol: what the restriction names; nil for `all`.
    mutating func insert(_ standing: View.StandingRestriction, at position: Position, naming symbol: Symbol?) {
        let level = View.Marks(standing.restriction.level)
        positions.insert(position)
        ofEvent[standing.eventID, default: OrderedPositions()].insert(position)
        if let symbol {
            ofSymbol[symbol, default: Levels()][level].insert(position)
        } else {
            ofMesh[level].insert(position)
        }
    }

    mutating func remove(_ standing: View.StandingRestriction, at position: Position, naming symbol: Symbol?) {
        let level = View.Marks(standing.restriction.level)
        positions.remove(position)
        ofEvent[standing.eventID]?.remove(position)
        if ofEvent[standing.eventID]?.isEmpty == true { ofEvent[standing.eventID] = nil }
        if let symbol {
            ofSymbol[symbol]?[level].remove(position)
            if ofSymbol[symbol]?.marks.isEmpty == true { ofSymbol[symbol] = nil }
        } else {
            ofMesh[level].remove(position)
        }
    }

    /// The first that an event made.
    func position(ofEvent id: Digest) -> Position? { ofEvent[id]?.behind(0, most: 1).first }

    /// The levels that stand on a symbol; nil for `all`.
    func marks(on symbol: Symbol?) -> View.Marks { levels(on: symbol)?.marks ?? [] }

    /// Restrictions of one level that name a symbol; nil for `all`. Ascending.
    func forEach(_ level: View.Marks, on symbol: Symbol?, _ body: (Position) -> Void) {
        levels(on: symbol)?[level].forEach(body)
    }

    private func levels(on symbol: Symbol?) -> Levels? {
        if let symbol { ofSymbol[symbol] } else { ofMesh }
    }

    private struct Levels: Sendable {
        private var revokes = OrderedPositions()
        private var suspensions = OrderedPositions()
        private var throttles = OrderedPositions()

        var marks: View.Marks {
            var marks: View.Marks = []
            if !revokes.isEmpty { marks.insert(.revoked) }
            if !suspensions.isEmpty { marks.insert(.suspended) }
            if !throttles.isEmpty { marks.insert(.throttled) }
            return marks
        }

        subscript(level: View.Marks) -> OrderedPositions {
            get {
                switch level {
                case .revoked: revokes
                case .suspended: suspensions
                default: throttles
                }
            }
            _modify {
                switch level {
                case .revoked: yield &revokes
                case .suspended: yield &suspensions
                default: yield &throttles
                }
            }
        }
    }
}
