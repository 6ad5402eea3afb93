internal import ArgumentParser
internal import Foundation
internal import PenstockCore
internal import PenstockNode
internal import PenstockProto
internal import SwiftProtobuf

struct Audit: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Recorded decisions that enforcers have shipped: the newest, in the order in which the ledger got them.",
        discussion: """
            A decision has a row, and what ends its hold has another (settle, release, void, debt), with the same decision_id and the same
            grant, run, agent, principal and resource. COST is what a row has spent: the sum over rows is what was spent. What is held
            costs nothing yet.

            A node ships within a second, or as soon as it can; where a node has recorded more than is here, that is said.
            --wait waits for it, and --coverage says how far each node is here. A loop of denials has a row for the first few of a kind
            in ten seconds, and one row with the COUNT of the rest, once these have passed.

            A list that is cut says so, and gives the --cursor that goes on.
            """)
    @OptionGroup var mesh: MeshOptions
    @OptionGroup var filter: AuditFilterOptions
    @Option(help: "At most so many. (default: 1000; with --follow, 10 and those that come)") var limit: Int?
    @Flag(help: "All of them, however many.") var all = false
    @Flag(help: "The oldest in place of the newest.") var oldest = false
    @Option(help: "Go on where another list ended: as it said, or as a row's 'cursor' has it.") var cursor: AuditCursor?
    @Flag(help: "Go on with those that come, until Ctrl-C.") var follow = false
    @Option(help: "Wait at most so long for what nodes had recorded when asked.") var wait: DurationText?
    @Flag(help: "Say how far each node's decisions are here, in place of them.") var coverage = false

    func validate() throws {
        if let limit, limit < 1 { throw ValidationError("--limit is 1 or more") }
        try wait?.check("--wait", in: DurationText.waits)
        if all, limit != nil { throw ValidationError("--all and --limit are both there") }
        if follow, cursor?.isBefore == true || filter.until != nil { throw ValidationError("--follow goes on without end: leave out --until, and take a cursor that goes forward") }
        if oldest || all, cursor?.isBefore == true { throw ValidationError("that cursor goes back from where a list began: leave out --oldest and --all") }
    }

    func run() throws {
        try Failure.run(mesh.output) {
            let client = try mesh.client(.auditor, .operator)
            let search = AuditSearch(client, try filter.query())
            let nodes = try search.coverage(waiting: wait?.milliseconds ?? 0)
            if coverage { return try NodeCoverage.print(nodes, mesh.output) }
            for line in nodes.compactMap(\.shortfall) { Output.message("penstock: \(line)") }
            let list = ListWriter<AuditRow>(mesh.output, AuditRow.heading)
            var (place, left) = (Penstock_V1_DecisionPlace(), all ? Int.max : limit ?? 1000)
            if let cursor, !cursor.isBefore {
                place = cursor.place
            } else if !oldest, !all, !(follow && filter.since != nil && limit == nil) {
                let most = limit ?? (follow ? 10 : 1000)
                let begin = try search.begin(ofNewest: most, before: cursor?.place)
                (place, left) = (begin.place, begin.count)
                if let more = begin.more { Output.message("penstock: \(more)") }
            }
            let end = try search.read(from: place, limit: follow && limit == nil && cursor == nil ? .max : left) { try list.write($0) }
            if !follow, oldest || cursor?.isBefore == false, let end, try search.hasMore(behind: end) {
                Output.message("penstock: there are more: --cursor \(AuditCursor(end)) goes on")
            }
            if follow { try search.follow(from: end ?? place) { try list.write($0) } }
            try list.finish()
        }
    }
}

/// Which decisions are meant.
struct AuditFilterOptions: ParsableArguments {
    @Option(help: "Only this agent's.") var agent: String?
    @Option(name: .customLong("run"), help: "Only this run's.") var runID: String?
    @Option(help: "Only this grant's.") var grant: String?
    @Option(help: "Only this principal's.") var principal: String?
    @Option(help: "Only of this class of agents.") var agentClass: String?
    @Option(help: "Only for this purpose.") var purpose: String?
    @Option(help: "Only for this audience.") var audience: String?
    @Option(help: "Only of grants of this issuer.") var issuer: String?
    @Option(help: "Only this node's.") var node: String?
    @Option(help: "Only this tool: --resource tool:NAME.") var tool: String?
    @Option(help: "Only this resource: TYPE:PATTERN, exact or ending in '*'.") var resource: String?
    @Option(help: "Only this action, exact or ending in '*'.") var action: String?
    @Option(help: "Only of this kind: \(DecisionRecord.filterWords.joined(separator: ", ")). Repeatable.") var kind: [String] = []
    @Option(help: "A decision's id: that decision, and what ended it. Or a kind, as with --kind.") var decision: String?
    @Option(help: "Only this reason, by its name.") var reason: String?
    @Option(help: "Not before: an RFC 3339 time, or how long ago, as in 15m; by the node's clock.") var since: TimeText?
    @Option(help: "Before: as --since.") var until: TimeText?

    func validate() throws {
        let words = DecisionRecord.filterWords
        for word in kind where !words.contains(word) { throw ValidationError("--kind is one of \(words.joined(separator: ", "))") }
        if let decision, !words.contains(decision), DecisionID(decision) == nil {
            throw ValidationError("--decision is a decision's id, INCARNATION-NUMBER, or one of \(words.joined(separator: ", "))")
        }
        let reasons = Reason.allCases.map(\.name)
        if let reason, !reasons.contains(reason) { throw ValidationError("--reason is one of \(reasons.joined(separator: ", "))") }
        if let tool, let problem = ResourcePattern.problem("tool:\(tool)") { throw ValidationError("--tool: \(problem)") }
        if let resource, let problem = ResourcePattern.problem(resource) { throw ValidationError("--resource: \(problem)") }
        if let action, let problem = Pattern.problem(action) { throw ValidationError("--action: \(problem)") }
        if tool != nil, resource != nil { throw ValidationError("name one of --tool and --resource") }
        if let since, let until, since.milliseconds >= until.milliseconds { throw ValidationError("--until lies at or before --since: nothing is between") }
        for (name, text) in [("agent", agent), ("run", runID), ("grant", grant), ("principal", principal), ("agent-class", agentClass), ("purpose", purpose), ("audience", audience), ("issuer", issuer), ("node", node)] {
            try Ids.checkExact(text, "--\(name)")
        }
    }

    func query() throws -> Penstock_V1_DecisionQuery {
        .with {
            (($0.agentID, $0.runID), ($0.grantID, $0.principalID)) = ((agent ?? "", runID ?? ""), (grant ?? "", principal ?? ""))
            (($0.agentClass, $0.purpose), ($0.audience, $0.issuer)) = ((agentClass ?? "", purpose ?? ""), (audience ?? "", issuer ?? ""))
            ($0.node, $0.action, $0.reason) = (node ?? "", action ?? "", reason ?? "")
            $0.resource = resource ?? tool.map { "tool:\($0)" } ?? ""
            $0.kinds = kind
            if let decision {
                if let id = DecisionID(decision) { ($0.incarnation, $0.sequence) = (Data(id.incarnation.bytes), id.sequence) } else { $0.kinds.append(decision) }
            }
            ($0.sinceMs, $0.untilMs) = (since?.milliseconds ?? 0, until?.milliseconds ?? 0)
        }
    }
}

/// `INCARNATION-NUMBER`, as answers, the audit and cancellations name a decision.
struct DecisionID {
    var incarnation: Incarnation
    var sequence: UInt64

    init?(_ text: String) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 2, let bytes = Hex.decode(String(parts[0])), let incarnation = Incarnation(bytes), let sequence = UInt64(parts[1]), sequence > 0 else { return nil }
        (self.incarnation, self.sequence) = (incarnation, sequence)
    }
}

/// A place in the list of decisions, and which way a list goes on from there.
struct AuditCursor: ExpressibleByArgument, CustomStringConvertible {
    var place: Penstock_V1_DecisionPlace
    var isBefore: Bool

    init(_ place: Penstock_V1_DecisionPlace, isBefore: Bool = false) { (self.place, self.isBefore) = (place, isBefore) }

    init?(argument: String) {
        guard let way = argument.first, way == "a" || way == "b" else { return nil }
        let parts = argument.dropFirst().split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 2, let row = Int64(parts[0]), let sequence = UInt64(parts[1]), row >= 0 else { return nil }
        place = .with { ($0.row, $0.sequence) = (row, sequence) }
        isBefore = way == "b"
    }

    var description: String { "\(isBefore ? "b" : "a")\(place.row).\(place.sequence)" }
}
