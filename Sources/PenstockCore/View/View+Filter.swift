/// Whether a grant is one of those that are wanted.
extension View {
    struct WantedSymbols {
        var own: [(kind: Selector.Kind, symbol: Symbol)] = []
        var covering: Symbol?
    }

    /// Nil where a text is no grant's, so that nothing can be found.
    func symbols(_ filter: GrantFilter) -> WantedSymbols? {
        var wanted = WantedSymbols()
        for (kind, text) in filter.texts {
            guard let symbol = symbols.find(kind, text) else { return nil }
            wanted.own.append((kind, symbol))
        }
        if let selector = filter.coveredBy, selector != .all {
            guard selector.kind != .node, let symbol = symbol(of: selector) else { return nil }
            wanted.covering = symbol
        }
        return wanted
    }

    func takes(_ index: Int, _ filter: GrantFilter, _ wanted: WantedSymbols, at time: WallTime) -> Bool {
        let grant = grants[index]
        guard grant.expiresAt >= filter.expiresFrom,
            grant.expiresAt < filter.expiresBefore || filter.expiresBefore == .max,
            wanted.own.allSatisfy({ grant.symbol($0.kind) == $0.symbol })
        else { return false }
        if let selector = filter.coveredBy, let symbol = wanted.covering, !covers(selector.kind, symbol, index) {
            return false
        }
        if !filter.states.isEmpty, !filter.states.contains(state(ofGrant: index, at: time)) { return false }
        return !filter.isUnrated || !isRated(index, marks(onGrant: index)) || rates(ofGrant: index).isEmpty
    }
}
