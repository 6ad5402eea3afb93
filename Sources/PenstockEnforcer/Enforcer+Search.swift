package import PenstockCore
package import PenstockGatekeeper
internal import PenstockSystem

/// Who may do something. Subjects come in the order of their symbols, which a node gives as it meets them: a cursor is
/// good for one run of it.
extension Enforcer {
    package func subjects(_ kind: Selector.Kind, allowed call: Call, behind cursor: String, limit: Int) async -> Found?
    {
        guard var floor = place(cursor) else { return nil }
        var ids: [String] = []
        for _ in 0..<Limits.readingsPerSearch {
            let next = next(kind, above: floor, limit)
            guard let last = next.last else { return Found(ids, next: "") }
            ids += allowed(kind, Set(next), call).sorted { $0.symbol < $1.symbol }.map(\.id)
            floor = last
            if next.count < limit { return Found(ids, next: "") }
            if !ids.isEmpty || Task.isCancelled { break }
            await Task.yield()
        }
        return Found(ids, next: "\(incarnation).\(floor ?? 0)")
    }

    /// Nil for a cursor that this run of the node did not give.
    private func place(_ cursor: String) -> Symbol?? {
        if cursor.isEmpty { return .some(nil) }
        let parts = cursor.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 2, parts[0] == incarnation.description, let symbol = Symbol(parts[1]) else { return nil }
        return symbol
    }

    /// The next subjects that have a grant which has not expired.
    private func next(_ kind: Selector.Kind, above floor: Symbol?, _ limit: Int) -> [Symbol] {
        var least = Least(limit, above: floor)
        var place: Position? = 0
        while let after = place {
            place = state.withShard(0) { enforcement -> Position? in
                let time = enforcement.node.earliestTime(at: Clocks.now())
                return enforcement.view.eachGrant(after: after, looked: Limits.grantsPerPart) { _, grant in
                    if grant.expiresAt > time, let symbol = grant.symbol(kind) { least.offer(symbol) }
                }
            }
        }
        return least.symbols
    }

    private func allowed(_ kind: Selector.Kind, _ wanted: Set<Symbol>, _ call: Call) -> [(symbol: Symbol, id: String)] {
        var (call, left) = (call, wanted)
        var found: [(symbol: Symbol, id: String)] = []
        var place: Position? = 0
        while let after = place, !left.isEmpty {
            place = state.withShard(0) { enforcement -> Position? in
                let now = Clocks.now()
                return enforcement.view.eachGrant(after: after, looked: Limits.grantsAskedPerPart) { _, grant in
                    guard let symbol = grant.symbol(kind), left.contains(symbol) else { return }
                    call.credential = grant.credential
                    guard enforcement.node.preview(call, arrivedAt: .min, now: now).isAllow else { return }
                    left.remove(symbol)
                    found.append((symbol, enforcement.view.symbols.text(symbol)))
                }
            }
        }
        // What grants leave out is nobody's name.
        return found.filter { !$0.id.isEmpty }
    }
}
