internal import PenstockCore
internal import PenstockJournal

extension Predecessors {
    /// From what earlier incarnations left in a node's journal.
    init(_ journal: Journal) throws(EnforcerError) {
        self.init()
        for segment in journal.previous {
            if let incarnation = Incarnation(segment.incarnation) { add(incarnation, proven: segment.proven) }
        }
        var problem: String?
        journal.forEachPreviousRecord { incarnation, _, sequence, bytes in
            guard let record = DecisionRecord(bytes) else {
                problem = problem ?? "journal record \(sequence) cannot be read"
                return
            }
            guard let incarnation = Incarnation(incarnation) else {
                problem = problem ?? "the incarnation of journal record \(sequence) cannot be read"
                return
            }
            add(record, sequence: sequence, of: incarnation)
            if [.owed, .owedAgain].contains(record.kind) { add(owed: record, by: incarnation) }
        }
        if let problem {
            throw EnforcerError(
                .corrupt,
                """
                \(problem); restore the data folder, or move its journal away and have an operator decide on its slices
                """
            )
        }
    }
}
