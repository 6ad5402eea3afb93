internal import PenstockCore
internal import PenstockProto
internal import PenstockSystem
internal import PenstockTransport
internal import PenstockWire
internal import SwiftProtobuf

/// Lists of what stands, out of the view: a page looks at so much at most, and never keeps a turn long.
extension Sequencer {
    /// Answered later: see `DecisionSearch.describe`.
    func list(_ query: Penstock_V1_GrantQuery, _ incoming: Incoming) throws {
        let filter = try Self.read { () throws(WireError) in try View.GrantFilter(query) }
        let view = ledger.state.view
        if try describeForgotten(filter, query, incoming) { return }
        let part = view.grants(
            filter, after: query.after, at: ledgerTime().latestMs,
            rows: query.countsOnly ? .max : Self.rows(query.limit),
            looked: filter.isUnrated ? Limits.grantsPerPart / 16 : Limits.grantsPerPart, countsOnly: query.countsOnly)
        guard search.describe(part, at: view.position, for: incoming) else {
            throw Self.isLooking(for: incoming)
        }
    }

    /// One that is forgotten is found by its id alone, as its event states it.
    private func describeForgotten(
        _ filter: View.GrantFilter, _ query: Penstock_V1_GrantQuery, _ incoming: Incoming
    ) throws -> Bool {
        guard let id = filter.texts[.grant], filter.texts.count == 1, filter.states.isEmpty, filter.coveredBy == nil,
            !query.countsOnly, !filter.isUnrated, ledger.state.view.index(ofGrant: id) == nil,
            let issued = ledger.state.forgottenGrant(id), issued > query.after
        else { return false }
        guard search.describe(forgotten: id, issuedAt: issued, at: ledger.state.view.position, for: incoming) else {
            throw Self.isLooking(for: incoming)
        }
        return true
    }

    static func isLooking(for incoming: Incoming) -> Refusal {
        Refusal(
            .busy, "the ledger looks for something for '\(incoming.sender.name)' already", retryAfterMS: 20)
    }

    func restrictions(_ query: Penstock_V1_RestrictionQuery) throws -> Penstock_V1_RestrictionPage {
        let filter = try Self.read { () throws(WireError) in try View.RestrictionFilter(query) }
        let view = ledger.state.view
        let part = view.restrictions(filter, after: query.after, rows: Self.rows(query.limit))
        return .with { ($0.position, $0.next, $0.rows) = (view.position, part.next ?? 0, part.rows.map(\.proto)) }
    }

    func rates(_ query: Penstock_V1_RateQuery) throws -> Penstock_V1_RatePage {
        let selector = try Self.read { () throws(WireError) in
            query.hasSelector ? try Selector(query.selector) : nil
        }
        let view = ledger.state.view
        let part = view.rates(after: query.after, rows: Self.rows(query.limit)) { named in
            (query.name.isEmpty || named.rate.name.isSame(as: query.name))
                && (query.unit.isEmpty || named.rate.unit.isSame(as: query.unit))
                && (selector == nil || named.selector == selector)
        }
        return .with { ($0.position, $0.next, $0.rows) = (view.position, part.next ?? 0, part.rows.map(\.proto)) }
    }

    func members(_ query: Penstock_V1_MemberQuery, for asker: NodeKeys) throws -> Penstock_V1_MemberPage {
        let role = try Self.read { () throws(WireError) in
            query.role == .unspecified ? nil : try Role(query.role)
        }
        let view = ledger.state.view
        let (members, isEnd) = view.members(after: query.after, rows: Self.rows(query.limit)) { member in
            (query.name.isEmpty || member.keys.name == query.name) && (role == nil || member.keys.role == role)
        }
        var page = Penstock_V1_MemberPage()
        page.position = view.position
        var rows = 0
        for member in members {
            let row = memberRow(member, for: asker, at: Clocks.now())
            // At least one, however often it has started.
            if rows > 0, rows + row.starts.count > Limits.rowsPerPage { break }
            rows += row.starts.count
            page.rows.append(row)
        }
        if !isEnd || page.rows.count < members.count { page.next = page.rows.last?.member.keys.name ?? "" }
        return page
    }

    private static func rows(_ limit: UInt32) -> Int {
        limit == 0 ? Limits.rowsPerPage : min(Int(limit), Limits.rowsPerPage)
    }

    private static func read<T>(_ body: () throws(WireError) -> T) throws(Refusal) -> T {
        do throws(WireError) { return try body() } catch { throw Refusal(error) }
    }
}
