internal import ArgumentParser
internal import Foundation
internal import PenstockCore
internal import PenstockCrypto
internal import PenstockEvidence
internal import PenstockNode
internal import PenstockProto
internal import PenstockWire

struct LogCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "log", abstract: "The log of record.",
        subcommands: [Show.self, Verify.self, Export.self, Backup.self, Restore.self])

    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(commandName: "show", abstract: "Events, one a line.")
        @OptionGroup var mesh: MeshOptions
        @Option(help: "First position.") var from: UInt64 = 1
        @Option(help: "At most so many.") var limit: Int?

        func validate() throws {
            if let limit, limit < 1 { throw ValidationError("--limit is 1 or more") }
        }

        func run() throws {
            try Failure.run(mesh.output) {
                var rows: [EventView] = []
                struct Enough: Error {}
                do {
                    try mesh.client(.auditor, .operator, .issuer, .enforcer).readLog(from: max(1, from)) {
                        position, entry in
                        rows.append(EventView(position, try SignedEvent(entry: entry).event))
                        if rows.count == limit { throw Enough() }
                    }
                } catch is Enough {
                    let last = rows.last?.position ?? 0
                    if case .head(let head)? = try? mesh.client(.auditor, .operator, .issuer, .enforcer).ask(
                        .head(.init())), head.position > last
                    {
                        Output.message("penstock: the log goes on to position \(head.position): --from \(last + 1)")
                    }
                }
                try Output.print(list: rows, mesh.output) {
                    [["POSITION", "TIME", "KIND", "ORIGIN", "WHAT"]] + rows.map(\.row)
                }
            }
        }
    }

    struct Verify: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "verify",
            abstract: "Derive the tree, every signature, every authority and the fold again from the entries.",
            discussion: """
                Compares the root with the checkpoint that the ledger signs, and the ledger's snapshots of its state
                with the fold, byte for byte. Exit status 1 when anything is wrong.
                """)
        @OptionGroup var mesh: MeshOptions

        func run() throws {
            try Failure.run(mesh.output) {
                let report = try LogVerification.run(mesh.client(.auditor, .operator, .issuer, .enforcer)) {
                    Output.progress("\($0) of \($1)")
                }
                try Output.print(report, mesh.output) {
                    [[report.ok ? "log verified: position \(report.position), root \(report.root)" : "LOG IS WRONG"]]
                        + report.problems.map { [$0] }
                }
                if !report.ok { throw Exit.local }
            }
        }
    }
}

/// An event as `log show` and `watch` print it.
struct EventView: Encodable {
    var position: UInt64
    var id: String
    var time: String
    var kind: String
    var origin: String
    var what: String

    init(_ position: Position, _ event: Event) {
        self.position = position
        id = event.id.hex
        time = Times.text(event.createdAt)
        kind = event.kind.name.rawValue
        origin = event.origin
        what = Self.describe(event.kind)
    }

    var row: [String] { ["\(position)", time, kind, origin, what] }

    static func describe(_ kind: EventKind) -> String {
        switch kind {
        case .genesis(let nodes, let settings):
            "\(nodes.map(\.name).joined(separator: ", ")); max staleness \(settings.maxStalenessMS) ms"
        case .nodeAdmitted(let keys, _): "\(keys.name) as \(keys.role.name)"
        case .nodeExpelled(let name, let reason): "\(name) \(reason)"
        case .joinTokenMade(let token): "for \(token.role.name)"
        case .epochOpened(let epoch, let reason): "\(epoch) \(reason)"
        case .settingsChanged(let settings):
            "max staleness \(settings.maxStalenessMS) ms, debt tolerance \(settings.debtTolerance.written)"
        case .grantIssued(let grant): "\(grant.grantID) run \(grant.runID) agent \(grant.agentID)"
        case .grantRenewed(let id, let expiresAt): "\(id) until \(Times.text(expiresAt))"
        case .restricted(let restriction):
            "\(RestrictionView.text(restriction.level)) \(restriction.selector) \(restriction.reason)"
        case .lifted(let lifting):
            "\(lifting.eventIDs.count) restrictions\(lifting.expired ? ", expired" : "") \(lifting.reason)"
        case .budgetCreated(let budget): "\(budget.name): \(budget.ceiling) \(budget.unit)"
        case .budgetCeilingSet(.named(let name), let ceiling, let reason): "\(name): \(ceiling) \(reason)"
        case .budgetCeilingSet(.grant(let id, let unit), let ceiling, let reason): "\(id)/\(unit): \(ceiling) \(reason)"
        case .budgetWarned(let name, let percent, let settled): "\(name): \(percent) % reached, \(settled) settled"
        case .windowOpened(let opening): "\(opening.budget): window \(opening.number) until \(Times.text(opening.end))"
        case .debtRecorded(let debt):
            "\(debt.amounts.map { "\($0.value) \($0.unit)" }.joined(separator: ", ")) on \(debt.grantID)"
        case .debtsAccepted(let positions, let reason): positions.map { "\($0)" }.joined(separator: " ") + " \(reason)"
        case .debtSettled(let settlement, let reason):
            """
            debt of position \(settlement.position): \
            \(zip(settlement.reported, settlement.charged).map {
                "\($0.value) \($0.unit) reported, \($1.value) charged"
            }.joined(separator: "; ")) \(reason)
            """
        case .budgetChanged(let change, let reason): "\(change.name): \(change.written) \(reason)"
        case .budgetClosed(let name, let reason): "\(name) \(reason)"
        case .rateChanged(let rate, let reason): "\(rate.name): \(RateText.written(rate)) \(rate.unit) \(reason)"
        case .rateClosed(let name, let reason): "\(name) \(reason)"
        case .rateCreated(let named):
            "\(named.rate.name): \(RateText.written(named.rate)) \(named.rate.unit) for \(named.selector)"
        case .sliceReserved(let slice): "\(slice.amount) \(slice.unit) of \(slice.grantID) to \(slice.node)"
        case .spendReported(let report): report.uses.map { "\($0.slice)=\($0.used)" }.joined(separator: " ")
        case .sliceClosed(let report):
            report.uses.map { "\($0.slice)=\($0.used)" }.joined(separator: " ") + " \(report.reason)"
        case .decisionBatch(let batch): "\(batch.count) from \(batch.firstSequence)"
        case .timeAccepted(let leap, let reason): "a leap of \(leap) ms \(reason)"
        case .timeNoted: ""
        case .forgotten(let forgetting): forgetting.written
        }
    }
}

extension Forgetting {
    /// What is forgotten, for people.
    fileprivate var written: String {
        let parts = grants.isEmpty ? [] : ["grants of positions " + grants.map { "\($0)" }.joined(separator: " ")]
        return (parts + (tokens.isEmpty ? [] : ["\(tokens.count) join tokens"])).joined(separator: ", ")
    }
}
