/// Slots of grants and of their rules: one that comes free is taken first.
extension View {
    mutating func place(_ record: GrantRecord) -> Int {
        for kind in Selector.Kind.allCases where kind != .subtree {
            if let symbol = record.symbol(kind) { symbols.retain(symbol) }
        }
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
