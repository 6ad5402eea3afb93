/// Slots of grants and of their rules: one that comes free is taken first.
extension View {
    mutating func place(_ record: GrantRecord) -> Int {
        record.forEachSymbol { symbol, _ in symbols.retain(symbol) }
        countFromAbove(record, 1)
        ruleUses[Int(record.rules)] += 1
        let index: Int
        if let free = freeGrants.popLast() {
            index = Int(free)
            grants[index] = record
        } else {
            index = grants.count
            grants.growInHugePages()
            grants.append(record)
        }
        handles.append(Int32(index))
        return index
    }

    /// Counts a grant to what covers it through the grants above it alone, or no longer.
    mutating func countFromAbove(_ record: GrantRecord, _ step: Int32) {
        guard record.parent >= 0 else { return }
        var counted: Set<Symbol> = []
        record.forEachSymbol { symbol, _ in counted.insert(symbol) }
        var above = Int(record.parent)
        while above >= 0 {
            let grant = grants[above]
            grant.forEachSymbol { symbol, _ in
                guard counted.insert(symbol).inserted else { return }
                let count = (coveredFromAbove[symbol] ?? 0) + step
                coveredFromAbove[symbol] = count == 0 ? nil : count
            }
            above = Int(grant.parent)
        }
    }

    mutating func number(_ shape: GrantRules) -> Int32 {
        if let number = ruleNumbers[shape] { return number }
        let number = freeRules.popLast() ?? Int32(rules.count)
        if Int(number) == rules.count {
            rules.append(shape)
            ruleUses.append(0)
        } else {
            rules[Int(number)] = shape
        }
        ruleNumbers[shape] = number
        return number
    }
}
