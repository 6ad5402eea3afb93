/// A grant that the view forgets.
extension CallTable {
    /// Ends a grant's holds, which it returns, and forgets its ids.
    mutating func forget(grant: Int32) -> [Hold] {
        var ended: [Hold] = []
        while let first = holdsOf[grant]?.first, let hold = end(holds[first].decision, .overdue) { ended.append(hold) }
        while let oldest = namesOf[grant]?.oldest { forget(oldest) }
        return ended
    }
}
