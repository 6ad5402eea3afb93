/// Who has grants: by what grants have in common.
extension View {
    /// Shows the grants that were issued behind a position, in the log's order.
    ///
    /// - Parameter looked: so many at most.
    /// - Returns: behind which position the next part begins; nil at the end.
    package func eachGrant(
        after: Position, looked: Int, _ body: (Int, GrantRecord) -> Void
    ) -> Position? {
        let first = firstGrant(after: after)
        let end = first + min(looked, handles.count - first)
        for place in first..<end { body(Int(handles[place]), grants[Int(handles[place])]) }
        return end < handles.count ? grants[Int(handles[end - 1])].position : nil
    }

    package func symbol(_ kind: Selector.Kind, _ id: String) -> Symbol? { symbols.find(kind, id) }
}

/// The least of what is offered, each once.
package struct Least {
    package private(set) var symbols: [Symbol] = []
    private let limit: Int
    private let floor: Symbol?

    /// - Parameter floor: what is wanted lies above.
    package init(_ limit: Int, above floor: Symbol?) { (self.limit, self.floor) = (limit, floor) }

    package mutating func offer(_ symbol: Symbol) {
        if let floor, symbol <= floor { return }
        if symbols.count == limit, let last = symbols.last, symbol >= last { return }
        var (low, high) = (0, symbols.count)
        while low < high {
            let middle = (low + high) / 2
            if symbols[middle] < symbol { low = middle + 1 } else { high = middle }
        }
        if low < symbols.count, symbols[low] == symbol { return }
        symbols.insert(symbol, at: low)
        if symbols.count > limit { symbols.removeLast() }
    }
}
