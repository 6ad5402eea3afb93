internal import ArgumentParser
internal import Foundation
internal import PenstockCore
internal import PenstockEvidence
internal import PenstockNode
internal import PenstockProto
internal import SwiftProtobuf

struct Audit: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit",
        abstract:
            "Recorded decisions that enforcers have shipped: the newest, in the order in which the ledger got them.",
        discussion: """
            A decision has a row, and what ends its hold has another (settle, release, void, debt), with the same \
            decision_id and the same
            grant, run, agent, principal and resource. COST is what a row has spent: the sum over rows is what was \
            spent. What is held
            costs nothing yet.

            A node ships within a second, or as soon as it can; where a node has recorded more than is here, that is \
            said.
            --wait waits for it, and --coverage says how far each node is here. A loop of denials has a row for the \
            first few of a kind
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
        if follow, cursor?.isBefore == true || filter.until != nil {
            throw ValidationError(
                "--follow goes on without end: leave out --until, and take a cursor that goes forward")
        }
        if oldest || all, cursor?.isBefore == true {
            throw ValidationError("that cursor goes back from where a list began: leave out --oldest and --all")
        }
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
            let end = try search.read(from: place, limit: follow && limit == nil && cursor == nil ? .max : left) {
                try list.write($0)
            }
            if !follow, oldest || cursor?.isBefore == false, let end, try search.hasMore(behind: end) {
                Output.message("penstock: there are more: --cursor \(AuditCursor(end)) goes on")
            }
            if follow { try search.follow(from: end ?? place) { try list.write($0) } }
            try list.finish()
        }
    }
}

extension AuditCursor: ExpressibleByArgument {
    package init?(argument: String) { self.init(argument) }
}
