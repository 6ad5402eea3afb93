/// Moving parts between buckets of one process, exactly.
extension TokenBucket {
    /// Parts and tokens of another bucket of the same rate come, exactly. Refill both first.
    mutating func absorb(_ other: TokenBucket) {
        share += other.share
        tokens += other.tokens
        refilledAt = max(refilledAt, other.refilledAt)
        version = max(version, other.version) &+ 1
    }

    /// All of it in parts, exactly: as many parts as `shares` says, which come to its own, and tokens first for those
    /// that need some, the rest by their parts. A debt is everyone's.
    func split(_ shares: [Int64], first needs: [(index: Int, tokens: Int128)], _ rate: Rate) -> [TokenBucket] {
        var parts = shares.map { share in
            var part = self
            (part.share, part.tokens, part.version) = (share, 0, version &+ 1)
            return part
        }
        var left = tokens
        func give(_ wanted: Int128, _ index: Int) {
            let most = parts[index].capacity(rate) - parts[index].tokens
            let given = min(wanted, most, left)
            parts[index].tokens += given
            left -= given
        }
        if tokens > 0 { for (index, wanted) in needs { give(wanted, index) } }
        var unserved = Int128(share)
        for index in shares.indices where unserved > 0 {
            let fair = Self.floor(left * Int128(shares[index]), unserved)
            unserved -= Int128(shares[index])
            if left > 0 {
                give(fair, index)
            } else {
                parts[index].tokens += fair
                left -= fair
            }
        }
        // What did not fit where it was due fits elsewhere: together they hold as much as this one.
        for index in shares.indices where left > 0 { give(left, index) }
        if left < 0 { parts[0].tokens += left }
        return parts
    }
}
