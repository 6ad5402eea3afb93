internal import PenstockCore
package import PenstockNode
package import PenstockProto
internal import PenstockSystem
internal import SwiftProtobuf

/// Asks the ledger for decisions, page by page: it looks for them, and nothing but a page is held here.
package struct AuditSearch {
    private let client: LedgerClient
    private let query: Penstock_V1_DecisionQuery

    package init(_ client: LedgerClient, _ query: Penstock_V1_DecisionQuery) {
        self.client = client
        self.query = query
    }

    private func page(_ change: (inout Penstock_V1_DecisionQuery) -> Void) throws -> Penstock_V1_DecisionPage {
        var query = query
        change(&query)
        guard case .audit(let page) = try client.ask(.audit(query), timeoutMS: 30_000) else { throw client.unexpected }
        return page
    }

    /// The rows behind a place, at most so many. Returns where the next ones begin; nil when nothing was asked.
    package func read(from place: Penstock_V1_DecisionPlace, limit: Int, _ write: ([AuditRow]) throws -> Void) throws
        -> Penstock_V1_DecisionPlace?
    {
        var (place, left) = (place, limit)
        while left > 0 {
            let page = try page { ($0.from, $0.limit) = (place.orStart, UInt32(clamping: min(left, 1 << 20))) }
            let grants = Dictionary(page.grants.map { ($0.position, $0) }, uniquingKeysWith: { first, _ in first })
            let rows = page.rows.compactMap { AuditRow($0, grants) }
            if !rows.isEmpty { try write(rows) }
            left -= page.rows.count
            place = page.next
            if page.isEnd { break }
        }
        return place
    }

    package func follow(from place: Penstock_V1_DecisionPlace, _ write: ([AuditRow]) throws -> Void) throws {
        var place = place
        while true {
            place = try read(from: place, limit: .max, write) ?? place
            SystemThread.sleep(milliseconds: 250)
        }
    }

    /// Where the newest rows begin, how many they are, and a sentence where there are older ones.
    package func begin(ofNewest limit: Int, before: Penstock_V1_DecisionPlace?) throws -> (
        place: Penstock_V1_DecisionPlace, count: Int, more: String?
    ) {
        var (place, count) = (before, 0)
        while true {
            let page = try page {
                ($0.newestFirst, $0.countsOnly, $0.limit) = (true, true, UInt32(clamping: limit - count))
                if let place { $0.from = place }
            }
            (place, count) = (page.next, count + Int(page.count))
            if page.isEnd, count < limit { return (.init(), count, nil) }
            if count >= limit { break }
        }
        // The last one that was counted is the first to be read.
        let first = place!
        let cursor = AuditCursor(first, isBefore: true)
        let older = try page { ($0.newestFirst, $0.countsOnly, $0.limit, $0.from) = (true, true, 1, first) }
        let more =
            older.count > 0
            ? "there are older ones: --cursor \(cursor) has those before these"
            : older.isEnd ? nil : "there may be older ones: --cursor \(cursor) looks before these"
        return (.with { ($0.row, $0.sequence) = (first.row, max(first.sequence, 1) - 1) }, count, more)
    }

    /// Whether one more row lies behind a place.
    package func hasMore(behind place: Penstock_V1_DecisionPlace) throws -> Bool {
        var place = place
        while true {
            let page = try page { ($0.countsOnly, $0.limit, $0.from) = (true, 1, place) }
            if page.count > 0 { return true }
            if page.isEnd { return false }
            place = page.next
        }
    }

    /// How far each node's decisions are here.
    ///
    /// - Parameter milliseconds: how long to wait at most for what nodes had recorded when this was asked.
    package func coverage(waiting milliseconds: Int64) throws -> [NodeCoverage] {
        let begun = Clocks.now()
        var wanted: [String: UInt64] = [:]
        while true {
            let page = try page { ($0.countsOnly, $0.limit, $0.nodes, $0.newestFirst) = (true, 1, true, true) }
            let waited = (Clocks.now() - begun) / .nanosecondsPerMillisecond
            // What a node said before is older than the question.
            for node in page.nodes where 0..<waited ~= node.saidMsAgo && wanted[node.node] == nil {
                wanted[node.node] = node.recorded
            }
            let isLacking = page.nodes.contains { node in
                wanted[node.node].map { node.shipped < $0 } ?? (node.saidMsAgo.magnitude < 10_000)
            }
            guard isLacking, waited < milliseconds else { return page.nodes.map(NodeCoverage.init) }
            SystemThread.sleep(milliseconds: 50)
        }
    }
}

extension Penstock_V1_DecisionPlace {
    /// Behind nothing: the first row has number 1.
    fileprivate var orStart: Penstock_V1_DecisionPlace { row == 0 ? .with { ($0.row, $0.sequence) = (0, .max) } : self }
}
