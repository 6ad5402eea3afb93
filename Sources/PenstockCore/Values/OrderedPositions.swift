/// Positions in ascending order, of which any may go.
///
/// Each step costs the logarithm of how many there are; once half of them have gone, one of them costs a pass over all.
struct OrderedPositions: Sendable {
    /// Ascending. One that has gone keeps its place, marked, until the next pass.
    private var places: [Position] = []
    private var goneCount = 0

    private static let gone: Position = 1 << 63
    /// Fewer are not worth a pass.
    private static let worthAPass = 16

    var isEmpty: Bool { places.count == goneCount }

    mutating func insert(_ position: Position) {
        // Nearly always it is the newest.
        let index = places.last.map { $0 & ~Self.gone < position } ?? true ? places.count : place(of: position)
        if index < places.count, places[index] & ~Self.gone == position {
            if places[index] != position { goneCount -= 1 }
            places[index] = position
        } else {
            places.insert(position, at: index)
        }
    }

    mutating func remove(_ position: Position) {
        let index = place(of: position)
        guard index < places.count, places[index] == position else { return }
        places[index] |= Self.gone
        goneCount += 1
        guard goneCount > Self.worthAPass, 2 * goneCount > places.count else { return }
        places.removeAll { $0 & Self.gone != 0 }
        goneCount = 0
    }

    /// Ascending.
    func forEach(_ body: (Position) -> Void) {
        for position in places where position & Self.gone == 0 { body(position) }
    }

    /// The first ones behind a position.
    func behind(_ position: Position, most: Int) -> [Position] {
        guard position < .max else { return [] }
        return Array(places[place(of: position + 1)...].lazy.filter { $0 & Self.gone == 0 }.prefix(most))
    }

    /// Where it is, or would be.
    private func place(of position: Position) -> Int {
        var (low, high) = (0, places.count)
        while low < high {
            let middle = (low + high) / 2
            if places[middle] & ~Self.gone < position { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
