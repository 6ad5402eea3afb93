package import PenstockCore
package import PenstockProto
internal import PenstockWire
internal import SwiftProtobuf

/// The ledger's lists, page by page.
extension LedgerClient {
    /// The rest of a barrier's nodes, where one answer did not hold them.
    package func complete(_ barrier: Penstock_V1_BarrierReply, timeoutMS: Int = 5000) throws -> Penstock_V1_BarrierReply
    {
        var whole = barrier
        while whole.nextNode != 0 {
            let from = whole.nextNode
            let query = Penstock_V1_BarrierQuery.with { ($0.position, $0.fromNode) = (barrier.position, from) }
            guard case .barrier(let page) = try ask(.barrier(query), timeoutMS: timeoutMS),
                page.nextNode == 0 || page.nextNode > from
            else { throw unexpected }
            whole.nodes += page.nodes
            whole.nextNode = page.nextNode
        }
        return whole
    }

    /// Grants that a query takes, at most so many, from `query.after` on.
    ///
    /// - Returns: where the list goes on; 0 at its end.
    package func grants(
        _ query: Penstock_V1_GrantQuery, limit: Int = .max, _ body: ([Penstock_V1_GrantRow]) throws -> Void
    ) throws -> Position {
        var (query, left) = (query, limit)
        while left > 0 {
            query.limit = UInt32(clamping: left)
            guard case .grants(let page) = try ask(.grants(query)), page.next == 0 || page.next > query.after else {
                throw unexpected
            }
            if !page.rows.isEmpty { try body(page.rows) }
            left -= page.rows.count
            query.after = page.next
            if page.next == 0 { break }
        }
        return query.after
    }

    /// The grant of that id; nil where there is none.
    package func grant(_ id: String) throws -> Penstock_V1_GrantRow? {
        var found: Penstock_V1_GrantRow?
        _ = try grants(.with { $0.grantID = id }) { found = $0.first }
        return found
    }

    /// How many grants a query takes.
    ///
    /// - Parameter most: where this is reached, no more are counted.
    package func count(_ query: Penstock_V1_GrantQuery, most: Int = .max) throws -> Int {
        var (query, count) = (query, 0)
        query.countsOnly = true
        repeat {
            guard case .grants(let page) = try ask(.grants(query)), page.next == 0 || page.next > query.after else {
                throw unexpected
            }
            count += Int(page.count)
            query.after = page.next
        } while query.after != 0 && count < most
        return count
    }

    /// Restrictions that a query takes, at most so many; and where the list goes on, 0 at its end.
    package func restrictions(_ query: Penstock_V1_RestrictionQuery = .init(), limit: Int = .max) throws -> (
        rows: [ViewImage.PlacedRestriction], next: Position
    ) {
        var (query, rows) = (query, [ViewImage.PlacedRestriction]())
        repeat {
            query.limit = UInt32(clamping: limit - rows.count)
            guard case .restrictions(let page) = try ask(.restrictions(query)),
                page.next == 0 || page.next > query.after
            else { throw unexpected }
            for row in page.rows { rows.append(try ViewImage.PlacedRestriction(row)) }
            query.after = page.next
        } while query.after != 0 && rows.count < limit
        return (rows, query.after)
    }

    /// Named rates that a query takes, at most so many; and where the list goes on, 0 at its end.
    package func rates(_ query: Penstock_V1_RateQuery = .init(), limit: Int = .max) throws -> (
        rows: [View.PlacedRate], next: Position
    ) {
        var (query, rows) = (query, [View.PlacedRate]())
        repeat {
            query.limit = UInt32(clamping: limit - rows.count)
            guard case .rates(let page) = try ask(.rates(query)), page.next == 0 || page.next > query.after else {
                throw unexpected
            }
            for row in page.rows { rows.append(try View.PlacedRate(row)) }
            query.after = page.next
        } while query.after != 0 && rows.count < limit
        return (rows, query.after)
    }

    /// Members that a query takes, expelled ones too, by name.
    package func members(_ query: Penstock_V1_MemberQuery = .init()) throws -> [Penstock_V1_MemberRow] {
        var (query, rows) = (query, [Penstock_V1_MemberRow]())
        repeat {
            guard case .members(let page) = try ask(.members(query)), page.next.isEmpty || page.next != query.after
            else { throw unexpected }
            rows += page.rows
            query.after = page.next
        } while !query.after.isEmpty
        return rows
    }
}
