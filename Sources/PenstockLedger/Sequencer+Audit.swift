internal import Foundation
internal import Logging
internal import PenstockCore
internal import PenstockProto
internal import PenstockStore
internal import PenstockSystem
internal import PenstockWire

/// Questions about decisions: whose grants are meant is known here, what the store has is looked for elsewhere.
extension Sequencer {
    /// - Parameter grants: positions of those that are meant, in order; nil where all are, and what none was found for.
    func look(_ query: Penstock_V1_DecisionQuery, ofGrants grants: [Position]?, _ incoming: Incoming) throws(Refusal) {
        // Rows are counted from 1, and numbers beside either end are reckoned with.
        guard !query.hasFrom || (0..<Int64.max).contains(query.from.row) else {
            throw Refusal(.malformed, "no decision has row \(query.from.row)")
        }
        var filter = try Self.filter(query)
        filter.grants = grants
        var batches = BatchSearch()
        batches.newestFirst = query.newestFirst
        batches.node = query.node.isEmpty ? nil : query.node
        (batches.since, batches.until) = (filter.since, filter.until)
        // The index of batches knows positions only: of grants that are forgotten, their events tell who is meant.
        let texts = query.grantID.isEmpty && !ledger.state.forgotten.isEmpty ? Self.texts(query) : [:]
        if texts.isEmpty, let grants = filter.grants, grants.count <= StoreLimits.grantsPerSearch {
            batches.grants = grants
        }
        if query.sequence > 0 {
            guard let incarnation = Incarnation(query.incarnation) else {
                throw Refusal(.malformed, "a decision is named by its incarnation and its number")
            }
            batches.incarnation = (incarnation.description, query.sequence)
            filter.decision = (incarnation, query.sequence)
        }
        let most = query.countsOnly ? Int(Int32.max) : DecisionSearch.mostRows
        let nodes =
            query.nodes
            ? ledger.state.view.members.values.filter { $0.keys.role == .enforcer && $0.belongs }.map(\.keys.name)
                .sorted() : []
        let question = DecisionSearch.Question(
            incoming: incoming, filter: filter, batches: batches,
            from: query.hasFrom ? .init(row: query.from.row, sequence: query.from.sequence) : nil,
            limit: query.limit == 0 ? most : min(Int(query.limit), most), countsOnly: query.countsOnly, nodes: nodes,
            texts: texts)
        guard search.ask(question) else {
            throw Refusal(
                .busy, "the ledger looks for decisions for '\(incoming.sender.name)' already", retryAfterMS: 200)
        }
    }

    private static func filter(_ query: Penstock_V1_DecisionQuery) throws(Refusal) -> DecisionFilter {
        var filter = DecisionFilter()
        if query.sinceMs != 0 { filter.since = query.sinceMs }
        if query.untilMs != 0 { filter.until = query.untilMs }
        filter.words = Set(query.kinds)
        guard filter.words.isSubset(of: DecisionRecord.filterWords) else {
            throw Refusal(.malformed, "kinds are \(DecisionRecord.filterWords.joined(separator: ", "))")
        }
        if !query.reason.isEmpty {
            guard let reason = Reason.allCases.first(where: { $0.name == query.reason }) else {
                throw Refusal(.malformed, "no reason is called '\(query.reason)'")
            }
            filter.reason = reason
        }
        if !query.action.isEmpty { filter.action = Pattern(query.action) }
        if !query.resource.isEmpty {
            guard let resource = ResourcePattern(query.resource) else {
                throw Refusal(.malformed, "a resource is TYPE:PATTERN")
            }
            filter.resource = resource
        }
        return filter
    }

    func answerSearched() {
        for answer in search.takeAnswers() {
            guard ledger.state.view.member(answer.incoming.sender.name) == answer.incoming.sender else {
                refuse(answer.incoming, Refusal(.notPermitted, "the member was expelled"))
                continue
            }
            switch answer.reply {
            case .success(var reply):
                if case .audit(var page) = reply {
                    for index in page.grants.indices { complete(&page.grants[index]) }
                    for index in page.nodes.indices { note(&page.nodes[index], at: Clocks.now()) }
                    reply = .audit(page)
                }
                let bytes = send(Reply(id: answer.incoming.id, reply), to: answer.incoming.route)
                shares.replied(bytes, to: answer.incoming.sender.name, at: Clocks.now())
            case .failure(let error):
                logger.error("the store could not be read", metadata: ["error": "\(error)"])
                refuse(
                    answer.incoming,
                    Refusal(.unavailable, "the ledger could not read its store: \(error)", retryAfterMS: 1000))
            }
        }
    }
}
