internal import ArgumentParser
internal import Foundation
internal import PenstockCore
internal import PenstockEvidence
internal import PenstockNode
internal import PenstockProto
internal import PenstockSystem
internal import SwiftProtobuf

/// What `revoke`, `suspend` and `throttle` do: submit, wait for every node, and say what it came to.
enum Barriers {
    /// All of it takes `options.timeout` at most, and a second for an answer that does not come.
    static func run(
        _ mesh: MeshOptions, _ level: Restriction.Level, _ selector: Selector, _ options: BarrierOptions,
        receipt path: String? = nil
    ) throws {
        try path.map(ReceiptFiles.check)
        let deadline = Clocks.later(byMS: options.timeout.milliseconds)
        let client = try mesh.client(.operator)
        let expiresAt = options.duration.map { end(after: $0, client) } ?? 0
        let restriction = Restriction(level: level, selector: selector, reason: options.reason, expiresAt: expiresAt)
        let (submitted, answer) = try client.submit(
            .restricted(restriction), barrierMS: Int(options.timeout.milliseconds), progress: Output.progress)
        Changes.add(.restricted(restriction), submitted)
        // It stands in any case; of what the nodes did, nothing is known where the ledger has not said it in time.
        let unheard = Penstock_V1_BarrierReply.with {
            $0.position = submitted.position
            $0.eventID = submitted.eventID
            $0.state = .partial
        }
        let view = BarrierView(answer.map { (try? client.complete($0)) ?? $0 } ?? unheard)
        if answer == nil {
            Output.message(
                """
                penstock: it stands at position \(submitted.position); the ledger has not said which nodes enforce \
                it: 'penstock status' tells
                """
            )
        }
        try Output.print(view, mesh.output) { view.table }
        if answer != nil, let warning = warning(selector, view) { Output.message("penstock: \(warning)") }
        if let path {
            do { try write(path, view, client, submitted.position, until: deadline) } catch {
                throw NodeError(
                    .configuration,
                    "\(printed(error)); 'penstock receipt show \(submitted.position) --receipt FILE' writes its receipt"
                )
            }
        }
        if let exit = exit(view.state) { throw exit }
    }

    /// Counted from the latest time that it could be at the ledger, so that it is never shorter than asked. Where the
    /// ledger does not say, by this machine's clock: nothing delays a revoke for long.
    private static func end(after duration: DurationText, _ client: LedgerClient) -> WallTime {
        min(Times.last, ((try? client.time(timeoutMS: 500))?.latestMs ?? Clocks.wall()) + duration.milliseconds)
    }

    /// Where a mistyped name would otherwise pass for a revoke that worked.
    private static func warning(_ selector: Selector, _ view: BarrierView) -> String? {
        switch selector {
        case .all: nil
        case .node(let name):
            view.nodes.contains { $0.node == name }
                ? nil : "no enforcer is called '\(Printable.text(name))' now; it stands for one that comes"
        default:
            view.matchedGrants > 0
                ? nil : "no grant matches \(Printable.text("\(selector)")) now; it stands for grants that come"
        }
    }

    private static func write(
        _ path: String, _ view: BarrierView, _ client: LedgerClient, _ position: Position, until deadline: Instant
    ) throws {
        // Only a barrier that has closed can become complete.
        let files = try ReceiptFiles(client, position: position, completeBy: view.state == "CLOSED" ? deadline : 0)
        try files.write(to: path)
        Output.message("receipt in \(path), proof in \(path).tlog-proof")
        let state = files.receipt.barrier.state
        if state != view.state { Output.message("it was made after the answer above, and says \(state)") }
        if !files.receipt.complete {
            Output.message("it is not complete: 'penstock receipt show \(position) --receipt FILE' has the rest later")
        }
    }

    static func exit(_ state: String) -> ExitCode? {
        switch state {
        case "CLOSED": nil
        case "LIFTED": Exit.lifted
        default: Exit.partial
        }
    }

    /// What a state other than CLOSED says, after its name.
    static func meaning(_ state: String) -> String {
        switch state {
        case "CLOSED": ""
        case "LIFTED": ": it was lifted before every node was enforced or fenced"
        default: ": not every node was enforced or fenced"
        }
    }
}
