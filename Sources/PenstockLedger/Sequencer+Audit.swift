internal import Foundation
internal import Logging
internal import PenstockCore
internal import PenstockNode
internal import PenstockProto
internal import PenstockStore
internal import PenstockWire

/// Questions about decisions: whose grants are meant is known here, what the store has is looked for elsewhere.
extension Sequencer {
    func look(_ query: Penstock_V1_DecisionQuery, _ incoming: Incoming) throws(Refusal) {
        guard incoming.sender.role == .operator || incoming.sender.role == .auditor else { throw Refusal(.notPermitted, "decisions are for operators and auditors") }
        // Rows are counted from 1, and numbers beside either end are reckoned with.
        guard !query.hasFrom || (0..<Int64.max).contains(query.from.row) else { throw Refusal(.malformed, "no decision has row \(query.from.row)") }
        var filter = try filter(query)
        var batches = BatchSearch()
        batches.newestFirst = query.newestFirst
        batches.node = query.node.isEmpty ? nil : query.node
        (batches.since, batches.until) = (filter.since, filter.until)
        if let grants = filter.grants, grants.count <= StoreLimits.grantsPerSearch { batches.grants = grants }
        if query.sequence > 0 {
            guard let incarnation = Incarnation(query.incarnation) else { throw Refusal(.malformed, "a decision is named by its incarnation and its number") }
            batches.incarnation = (incarnation.description, query.sequence)
            filter.decision = (incarnation, query.sequence)
        }
        let most = query.countsOnly ? Int(Int32.max) : DecisionSearch.mostRows
        let nodes = query.nodes ? ledger.state.view.members.values.filter { $0.keys.role == .enforcer && $0.belongs }.map(\.keys.name).sorted() : []
        let question = DecisionSearch.Question(
            incoming: incoming, filter: filter, batches: batches,
            from: query.hasFrom ? .init(row: query.from.row, sequence: query.from.sequence) : nil,
            limit: query.limit == 0 ? most : min(Int(query.limit), most), countsOnly: query.countsOnly, nodes: nodes)
        guard search.ask(question) else { throw Refusal(.busy, "the ledger looks for decisions for '\(incoming.sender.name)' already", retryAfterMS: 200) }
    }

    private func filter(_ query: Penstock_V1_DecisionQuery) throws(Refusal) -> DecisionFilter {
        var filter = DecisionFilter()
        if query.sinceMs != 0 { filter.since = query.sinceMs }
        if query.untilMs != 0 { filter.until = query.untilMs }
        filter.words = Set(query.kinds)
        guard filter.words.isSubset(of: DecisionRecord.filterWords) else { throw Refusal(.malformed, "kinds are \(DecisionRecord.filterWords.joined(separator: ", "))") }
        if !query.reason.isEmpty {
            guard let reason = Reason.allCases.first(where: { $0.name == query.reason }) else { throw Refusal(.malformed, "no reason is called '\(query.reason)'") }
            filter.reason = reason
        }
        if !query.action.isEmpty { filter.action = Pattern(query.action) }
        if !query.resource.isEmpty {
            guard let resource = ResourcePattern(query.resource) else { throw Refusal(.malformed, "a resource is TYPE:PATTERN") }
            filter.resource = resource
        }
        filter.grants = grants(query)
        return filter
    }

    /// Positions of the grants that a question means, in order; nil where it means all, and what no grant was found for.
    private func grants(_ query: Penstock_V1_DecisionQuery) -> [Position]? {
        let view = ledger.state.view
        let wanted: [(Selector.Kind, String, KeyPath<GrantRecord, Symbol>)] = [
            (.grant, query.grantID, \.grant), (.run, query.runID, \.run), (.agent, query.agentID, \.agent), (.agentClass, query.agentClass, \.agentClass),
            (.principal, query.principalID, \.principal), (.purpose, query.purpose, \.purpose), (.audience, query.audience, \.audience), (.issuer, query.issuer, \.issuer),
        ].filter { !$0.1.isEmpty }
        guard !wanted.isEmpty else { return nil }
        var conditions: [(KeyPath<GrantRecord, Symbol>, Symbol)] = []
        for (kind, text, member) in wanted {
            guard let symbol = view.symbols.find(kind, text) else { return [] }
            conditions.append((member, symbol))
        }
        if !query.grantID.isEmpty {
            let found = view.index(ofGrant: query.grantID).map { view.grants[$0] }
            return found.map { grant in conditions.allSatisfy { grant[keyPath: $0.0] == $0.1 } ? [grant.position] : [] } ?? []
        }
        return view.grants.lazy.filter { grant in conditions.allSatisfy { grant[keyPath: $0.0] == $0.1 } }.map(\.position)
    }

    func answerSearched() {
        for answer in search.takeAnswers() {
            guard ledger.state.view.member(answer.incoming.sender.name) == answer.incoming.sender else {
                refuse(answer.incoming, Refusal(.notPermitted, "the member was expelled"))
                continue
            }
            switch answer.page {
            case .success(var page):
                for index in page.grants.indices { complete(&page.grants[index]) }
                for index in page.nodes.indices { note(&page.nodes[index], at: Clocks.now()) }
                let bytes = send(Reply(id: answer.incoming.id, .audit(page)), to: answer.incoming.route)
                shares.replied(bytes, to: answer.incoming.sender.name, at: Clocks.now())
            case .failure(let error):
                logger.error("decisions could not be read", metadata: ["error": "\(error)"])
                refuse(answer.incoming, Refusal(.unavailable, "the ledger could not read its decisions: \(error)", retryAfterMS: 1000))
            }
        }
    }

    /// What a grant has by itself, and from its parents.
    func complete(_ row: inout Penstock_V1_GrantInForce) {
        let view = ledger.state.view
        guard let index = view.index(ofGrant: row.grantID) else { return }
        let grant = view.grants[index]
        row.position = grant.position
        row.runID = view.symbols.text(grant.run)
        row.agentID = view.symbols.text(grant.agent)
        row.agentClass = view.symbols.text(grant.agentClass)
        row.principalID = view.symbols.text(grant.principal)
        row.purpose = view.symbols.text(grant.purpose)
        row.audience = view.symbols.text(grant.audience)
        row.issuer = view.symbols.text(grant.issuer)
        row.expiresAtMs = view.chain(ofGrant: index).map { view.grants[$0].expiresAt }.min() ?? grant.expiresAt
    }

    /// What a node has said of its journal last.
    private func note(_ row: inout Penstock_V1_NodeDecisions, at now: Instant) {
        guard let said = recorded[row.node] else {
            row.saidMsAgo = -1 - (now - startedAt) / .nanosecondsPerMillisecond
            return
        }
        row.recorded = said.sequence
        row.saidMsAgo = (now - said.at) / .nanosecondsPerMillisecond
        let incarnation = Data(said.incarnation.bytes)
        // What an earlier one has shipped says nothing of this one's.
        if row.incarnation != incarnation { (row.incarnation, row.shipped) = (incarnation, 0) }
    }
}
