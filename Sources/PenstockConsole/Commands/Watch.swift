internal import ArgumentParser
internal import PenstockCore
internal import PenstockNode
internal import PenstockProto
internal import PenstockSystem
internal import PenstockWire

struct Watch: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "watch", abstract: "Live events, until Ctrl-C; with a selector, those that concern it.",
        discussion: """
            A selector shows grants that it covers, their slices and reports of spend, and restrictions that cover any \
            of
            them; --node shows what a node is or does. Decisions are in 'penstock audit'.
            """)
    @OptionGroup var mesh: MeshOptions
    @OptionGroup var selector: SelectorOptions
    @Option(help: "First position; the newest when absent.") var from: UInt64?

    func run() throws {
        let chosen = selector.isEmpty ? nil : try selector.required()
        try Failure.run(mesh.output) {
            let client = try mesh.client(.auditor, .operator, .issuer)
            guard case .head(let head) = try client.ask(.head(.init())) else { throw client.unexpected }
            let first = max(1, from ?? head.position + 1)
            var filter = chosen.flatMap { $0 == .all ? nil : WatchFilter($0) }
            // What an event concerns is known from those before it.
            var next = filter == nil ? first : 1
            while true {
                try client.readLog(from: next) { position, entry in
                    let event = try SignedEvent(entry: entry).event
                    next = position + 1
                    guard try filter?.takes(event, at: position) ?? true, position >= first else { return }
                    let row = EventView(position, event)
                    try Output.write(
                        mesh.output == .table ? Table.text([row.row]) : try StrictJSON.text(row, pretty: false) + "\n")
                }
                SystemThread.sleep(milliseconds: 200)
            }
        }
    }
}

/// Tells which events concern a selector, by folding the log as it passes.
struct WatchFilter {
    private let selector: Selector
    private var state = LedgerState()

    init(_ selector: Selector) { self.selector = selector }

    mutating func takes(_ event: Event, at position: Position) throws -> Bool {
        // A closed slice and a lifted restriction are gone once the event is folded; a new grant is there only then.
        let before = concerns(event)
        try state.apply(event, at: position)
        return before || concerns(event)
    }

    private func concerns(_ event: Event) -> Bool {
        if case .node(let name) = selector { return event.origin == name || Self.names(event.kind, name) }
        return switch event.kind {
        case .grantIssued(let grant): covers(grant.grantID)
        case .grantRenewed(let id, _): covers(id)
        case .sliceReserved(let slice): covers(slice.grantID)
        case .spendReported(let report), .sliceClosed(let report):
            report.uses.contains { use in state.book.open[use.slice].map { covers($0.slice.grantID) } ?? false }
        case .restricted(let restriction): meets(restriction.selector)
        case .lifted(let lifting):
            state.view.restrictions.values.contains {
                lifting.eventIDs.contains($0.eventID) && meets($0.restriction.selector)
            }
        default: false
        }
    }

    private static func names(_ kind: EventKind, _ node: String) -> Bool {
        switch kind {
        case .nodeAdmitted(let keys, _): keys.name == node
        case .nodeExpelled(let name, _): name == node
        case .sliceReserved(let slice): slice.node == node
        case .restricted(let restriction): restriction.selector == .node(node)
        default: false
        }
    }

    private func covers(_ grantID: String) -> Bool {
        state.view.index(ofGrant: grantID).map { state.view.covers(selector, $0) } ?? false
    }

    private func meets(_ other: Selector) -> Bool {
        other == selector
            || state.view.handles.contains {
                state.view.covers(other, Int($0)) && state.view.covers(selector, Int($0))
            }
    }
}
