internal import Foundation
internal import PenstockCore
internal import PenstockProto
internal import PenstockStore
internal import PenstockSystem
internal import PenstockWire
internal import SwiftProtobuf

/// Looks for decisions, and for what only events say, on a thread of its own, a part of the store at a time: neither a
/// revoke nor the decisions that come wait for it, and what it holds in memory does not grow with what is stored.
final class DecisionSearch: Sendable {
    struct Question: Sendable {
        var incoming: Sequencer.Incoming
        var filter: DecisionFilter
        var batches: BatchSearch
        /// Behind it, or before it. Nil for all there is.
        var from: Place?
        var limit: Int
        var countsOnly: Bool
        /// Names of nodes whose last decision is asked for.
        var nodes: [String]
        /// What a grant's event must state whose decisions are meant, where the view has forgotten some.
        var texts: [Selector.Kind: String] = [:]
    }

    /// A batch's row, and a number in its node's journal.
    struct Place: Sendable, Equatable {
        var row: Int64
        var sequence: UInt64
    }

    struct Answer: Sendable {
        var incoming: Sequencer.Incoming
        var reply: Result<Reply.OneOf_Kind, StoreError>
    }

    let store: any EventStore & EvidenceStore
    private let queue: RequestQueue<Answer>

    /// How long one answer is worked on.
    private static let patience = 200 * Nanoseconds.nanosecondsPerMillisecond
    static let mostRows = 1_000
    /// Of rows in one answer: a page of them fits one message with the grants that they name.
    private static let mostBytes = 2 * Limits.pageBytes

    init(_ store: any EventStore & EvidenceStore, wake: WakeSignal) {
        self.store = store
        // A command asks one after another.
        queue = RequestQueue("audit", mostWaiting: 4, wake: wake)
    }

    /// Whether there was room. The answer is told by `takeAnswers`, after a wake.
    func ask(_ question: Question) -> Bool {
        answer(question.incoming) { [self] () throws(StoreError) in .audit(try search(question)) }
    }

    /// As `ask`, with what is found by `work`.
    func answer(_ incoming: Sequencer.Incoming, _ work: @escaping @Sendable () throws(StoreError) -> Reply.OneOf_Kind)
        -> Bool
    {
        queue.add(for: incoming.sender.name) {
            Answer(incoming: incoming, reply: Result { () throws(StoreError) in try work() })
        }
    }

    func takeAnswers() -> [Answer] { queue.take() }

    /// Waits for what was begun.
    func finish() { queue.finish() }

    private func search(_ question: Question) throws(StoreError) -> Penstock_V1_DecisionPage {
        let isDescending = question.batches.newestFirst
        let deadline = Clocks.now() + Self.patience
        var found = Found(question)
        var batches = question.batches
        if let incarnation = batches.incarnation {
            batches.successorsOf = try store.node(ofIncarnation: incarnation.name)
        }
        // Read before the rows: whatever is said to be here was searched.
        if !question.nodes.isEmpty { found.page.nodes = try lastDecisions(question.nodes) }
        var place = question.from ?? (isDescending ? Place(row: .max, sequence: 0) : Place(row: 0, sequence: .max))
        var row =
            isDescending
            ? (place.sequence == 0 ? place.row - 1 : place.row) : (place.sequence == .max ? place.row + 1 : place.row)
        search: while true {
            let (rows, through, isEnd) = try store.decisionBatches(batches, from: row)
            for row in rows {
                guard let batch = try store.decisionBatch(row: row) else { continue }
                if !question.texts.isEmpty { try look(atGrantsOf: batch, &found) }
                if let last = found.take(batch, row, behind: place) {
                    place = Place(row: row, sequence: last)
                    break search
                }
                place = Place(row: row, sequence: isDescending ? 0 : .max)
                if Clocks.now() >= deadline { break search }
            }
            place = Place(row: through, sequence: isDescending ? 0 : .max)
            found.page.isEnd = isEnd
            if isEnd || Clocks.now() >= deadline { break }
            row = isDescending ? through - 1 : through + 1
        }
        found.page.next = .with { ($0.row, $0.sequence) = (place.row, place.sequence) }
        found.page.grants = try subjects(found.grants)
        return found.page
    }

    private func lastDecisions(_ nodes: [String]) throws(StoreError) -> [Penstock_V1_NodeDecisions] {
        var all: [Penstock_V1_NodeDecisions] = []
        for node in nodes {
            let last = try store.lastDecision(ofNode: node)
            all.append(
                .with {
                    $0.node = node
                    guard let last else { return }
                    $0.incarnation = Data(Hex.decode(last.incarnation) ?? [])
                    $0.shipped = last.sequence
                })
        }
        return all
    }

    /// What one answer has so far.
    struct Found {
        let question: Question
        var filter: DecisionFilter
        /// Grants whose events were read for `texts`.
        var looked: Set<Position> = []
        var page = Penstock_V1_DecisionPage()
        var grants: Set<Position> = []
        private var bytes = 0

        init(_ question: Question) { (self.question, filter) = (question, question.filter) }

        /// Takes a batch's records that are asked for. Returns the number of the last one that it took once the answer
        /// is full.
        mutating func take(_ batch: DecisionBatchRow, _ row: Int64, behind place: Place) -> UInt64? {
            let isDescending = question.batches.newestFirst
            var matching: [(sequence: UInt64, bytes: [UInt8])] = []
            let run = Hex.decode(batch.incarnation).flatMap { Incarnation($0) }
            DecisionRecord.forEach(inBatch: batch.bytes) { index, bytes in
                let sequence = batch.firstSequence &+ UInt64(index)
                if row == place.row, isDescending ? sequence >= place.sequence : sequence <= place.sequence { return }
                if filter.takes(bytes, sequence: sequence, of: run) {
                    matching.append((sequence, question.countsOnly ? [] : [UInt8](bytes)))
                }
            }
            if isDescending { matching.reverse() }
            for match in matching {
                add(match.sequence, match.bytes, batch, row)
                if page.count >= UInt64(question.limit) || bytes >= DecisionSearch.mostBytes { return match.sequence }
            }
            return nil
        }

        private mutating func add(_ sequence: UInt64, _ record: [UInt8], _ batch: DecisionBatchRow, _ row: Int64) {
            page.count += 1
            guard !question.countsOnly else { return }
            bytes += record.count + 64
            if let grant = record.withUnsafeBytes({ DecisionRecord.Head($0) })?.grant, grant > 0 {
                grants.insert(grant)
            }
            page.rows.append(
                .with {
                    $0.place = .with { ($0.row, $0.sequence) = (row, sequence) }
                    $0.node = batch.node
                    $0.incarnation = Data(Hex.decode(batch.incarnation) ?? [])
                    $0.record = Data(record)
                })
        }
    }
}
