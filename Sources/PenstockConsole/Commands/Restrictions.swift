internal import ArgumentParser
internal import Foundation
internal import PenstockCore
internal import PenstockEvidence
internal import PenstockNode
internal import PenstockProto
internal import PenstockWire
internal import SwiftProtobuf

struct Revoke: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "revoke", abstract: "Revoke: returns when every node has acknowledged it or can only deny.",
        discussion: """
            It covers matching grants of now and later, until 'penstock reinstate' lifts it or --for has passed.
            Exit status: 0 CLOSED; 5 PARTIAL, not every node within --timeout; 6 LIFTED, reinstated before it could \
            close.
            """)
    @OptionGroup var mesh: MeshOptions
    @OptionGroup var selector: SelectorOptions
    @OptionGroup var barrier: BarrierOptions
    @Option(help: "Write the receipt to FILE, its proof to FILE.tlog-proof; --timeout bounds the wait for it too.")
    var receipt: String?

    func run() throws {
        let selector = try selector.required()
        try Failure.run(mesh.output) {
            try Barriers.run(mesh, .revoke, selector, barrier, receipt: receipt)
        }
    }
}

struct Suspend: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "suspend", abstract: "Suspend: like revoke, but meant to be lifted; denials say 'suspended'.")
    @OptionGroup var mesh: MeshOptions
    @OptionGroup var selector: SelectorOptions
    @OptionGroup var barrier: BarrierOptions

    func run() throws {
        let selector = try selector.required()
        try Failure.run(mesh.output) {
            try Barriers.run(mesh, .suspend, selector, barrier)
        }
    }
}

struct Reinstate: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reinstate", abstract: "Lift restrictions, by their event ids or by the selector they name.",
        discussion:
            "It lifts exactly the events that stand when it is run, so never one that its operator has not seen.")
    @OptionGroup var mesh: MeshOptions
    @OptionGroup var selector: SelectorOptions
    @Option(help: "Event id of a restriction, as 'revocation list' prints it. Repeatable.") var event: [String] = []
    @Option(help: "Why; kept in the log.") var reason = ""
    @OptionGroup var confirmation: ConfirmationOptions

    func run() throws {
        let chosen = selector.chosen
        guard (chosen == nil) != event.isEmpty, event.isEmpty || selector.isEmpty else {
            throw ValidationError("name either --event or exactly one selector")
        }
        try Failure.run(mesh.output) {
            let client = try mesh.client(.operator)
            var query = Penstock_V1_RestrictionQuery()
            if let chosen { query.selector = chosen.proto }
            // What is no id names none.
            query.eventIds = event.compactMap { Hex.decode($0).flatMap { Digest($0) } }.map { Data($0.bytes) }
            let asks = chosen != nil || !query.eventIds.isEmpty
            let matching = asks ? try client.restrictions(query).rows : []
            guard !matching.isEmpty else {
                throw NodeError(.notFound, "no such restriction stands; see 'penstock revocation list'")
            }
            let rows = matching.map(RestrictionView.init)
            struct Row: Encodable {
                var position: UInt64?
                var lifted: [String]
                var dryRun: Bool?
            }
            for row in rows where mesh.output == .table || !confirmation.dryRun {
                Output.message(
                    """
                    \(confirmation.dryRun ? "would lift" : "lifting") \(row.level) of \(row.selector) \
                    \(Printable.text(row.value)), position \(row.position)
                    """
                )
            }
            if confirmation.dryRun {
                if mesh.output != .table {
                    try Output.print(Row(lifted: rows.map(\.eventId), dryRun: true), mesh.output) { [] }
                }
                return
            }
            try confirmation.confirm("Lift these? Type yes:", "yes", otherwise: "nothing was lifted")
            let submitted = try client.change(
                .lifted(Lifting(eventIDs: matching.map(\.standing.eventID), reason: reason, expired: false)))
            try Output.print(Row(position: submitted.position, lifted: rows.map(\.eventId)), mesh.output) {
                [["lifted \(rows.count) at position \(submitted.position)"]]
            }
        }
    }
}
