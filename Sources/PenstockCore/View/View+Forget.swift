/// Forgetting, as the log says it: a slot that comes free goes to another grant.
extension View {
    /// Whether a grant has ended for so long that it may be forgotten: it can neither be used nor renewed.
    package func isOver(_ index: Int, by time: WallTime, keptMS: Int64 = Limits.keptMS) -> Bool {
        max(grants[index].expiresAt, grants[index].renewableUntil) <= time - keptMS
    }

    package func isOver(_ token: JoinToken, by time: WallTime, keptMS: Int64 = Limits.keptMS) -> Bool {
        token.expiresAt <= time - keptMS
    }

    /// Whether a grant that was delegated from it is kept.
    package func hasChildren(_ index: Int) -> Bool { children[Int32(index)] != nil }

    /// - Parameter time: by which the ledger forgets.
    mutating func forget(_ forgetting: Forgetting, by time: WallTime, at next: Position) throws(FoldError) {
        let time = LedgerTime.clamped(time)
        var (places, restricted): (Set<Int>, Set<Symbol>) = ([], [])
        for position in forgetting.grants {
            let place = firstGrant(after: max(position, 1) - 1)
            guard place < handles.count, grants[Int(handles[place])].position == position,
                places.insert(place).inserted
            else { throw FoldError(position: next, problem: "forgets no grant at position \(position)") }
            let index = Int(handles[place])
            if let why = whyKept(index, by: time) {
                throw FoldError(position: next, problem: "forgets the grant of position \(position), which \(why)")
            }
            let symbol = grants[index].grant
            if !marks[Int(symbol)].isSubset(of: .lasting) { restricted.insert(symbol) }
            remove(index)
        }
        liftAll(from: restricted)
        for place in places { handles[place] = -1 }
        if !places.isEmpty { handles.removeAll { $0 < 0 } }
        for hash in forgetting.tokens {
            guard let state = tokens[hash], isOver(state.token, by: time) else {
                throw FoldError(position: next, problem: "forgets a join token that is not there, or has not ended")
            }
            tokens[hash] = nil
        }
    }

    /// What stands on these grants alone covers nothing any more: no id is issued again, and no child is left.
    private mutating func liftAll(from grants: Set<Symbol>) {
        guard !grants.isEmpty else { return }
        // Before any is lifted: a text that nothing has any more loses its number.
        var ended: [Position] = []
        for symbol in grants {
            for level in [Marks.revoked, .suspended, .throttled] {
                restricted.forEach(level, on: symbol) { ended.append($0) }
            }
        }
        for position in ended where position <= self.position { drop(restriction: position) }
    }

    private func whyKept(_ index: Int, by time: WallTime) -> String? {
        if !isOver(index, by: time) { return "has not ended for long" }
        if hasChildren(index) { return "has children" }
        let id = symbols.text(grants[index].grant)
        return debtsOfGrant[id] == nil ? nil : "owes"
    }

    /// Its place in `handles` is the caller's to end.
    private mutating func remove(_ index: Int) {
        let grant = grants[index]
        credentials.remove(grant.credential, in: grants)
        grantOfSymbol[grant.grant] = nil
        if grant.parent >= 0 {
            // It was counted when it came.
            children[grant.parent]! -= 1
            if children[grant.parent] == 0 { children[grant.parent] = nil }
            countFromAbove(grant, -1)
            grants[index].parent = -1
        }
        grant.forEachSymbol { symbol, kind in
            symbols.release(symbol)
            dropIfUnused(symbol, kind)
        }
        ruleUses[Int(grant.rules)] -= 1
        if ruleUses[Int(grant.rules)] == 0 {
            ruleNumbers[rules[Int(grant.rules)]] = nil
            rules[Int(grant.rules)] = Self.noRules
            freeRules.append(grant.rules)
        }
        freeGrants.append(Int32(index))
    }

    private static let noRules = GrantRules(Grant(), unitOf: { _ in nil })

    /// A node keeps the number of its own name, and whatever is good for any audience has that of none.
    mutating func dropIfUnused(_ symbol: Symbol, _ kind: Selector.Kind) {
        guard kind != .node, symbol != noAudience, !symbols.isUsed(symbol), marks[Int(symbol)].isEmpty else { return }
        symbols.drop(symbol, kind)
    }
}
