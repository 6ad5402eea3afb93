internal import ArgumentParser
internal import PenstockCore
internal import PenstockNode
internal import PenstockProto
internal import SwiftProtobuf

struct TimeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "time", abstract: "Ledger time, by which grants expire and restrictions end.",
        discussion: """
            Ledger time goes on by the continuous clock of the ledger's machine. When its wall clock leaps, by an \
            operator's or an
            attacker's hand, the leap is held: grants expire by the later of the two, and restrictions end by the \
            earlier. It is
            over when the clock is set right, or once an operator accepts it.
            """,
        subcommands: [Show.self, Accept.self])

    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "show", abstract: "What time it is at the ledger, and whether its clock has leapt.")
        @OptionGroup var mesh: MeshOptions

        func run() throws {
            try Failure.run(mesh.output) {
                let view = LedgerTimeView(try LedgerTimeView.ask(mesh.client(.operator, .auditor, .issuer, .enforcer)))
                try Output.print(view, mesh.output) { view.table }
            }
        }
    }

    struct Accept: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "accept", abstract: "Accept that the ledger's wall clock is right, though it has leapt.",
            discussion:
                """
                An event in the log. A leap forward then ends restrictions whose time has come; one back lets \
                grants live again that had expired.
                """
        )
        @OptionGroup var mesh: MeshOptions
        @Option(help: "Why; kept in the log.") var reason = ""
        @OptionGroup var confirmation: ConfirmationOptions

        func run() throws {
            try Failure.run(mesh.output) {
                let client = try mesh.client(.operator)
                let time = try LedgerTimeView.ask(client)
                var view = LedgerTimeView(time)
                guard time.leapMs != 0 else {
                    return try Output.print(view, mesh.output) { [["the clocks agree; there is nothing to accept"]] }
                }
                let (ends, revives) = try consequences(of: time, client)
                Output.message(
                    """
                    the ledger's wall clock shows \(Times.text(time.continuedMs + time.leapMs)), its continuous \
                    clock \(Times.text(time.continuedMs))
                    """
                )
                Output.message("to accept it ends \(ends) restrictions, and lets \(revives) expired grants live again")
                if confirmation.dryRun { return try Output.print(view, mesh.output) { view.table } }
                try confirmation.confirm("Accept the wall clock? Type yes:", "yes", otherwise: "nothing was accepted")
                view.position = try client.change(.timeAccepted(leapMS: time.leapMs, reason: reason)).position
                try Output.print(view, mesh.output) {
                    [["accepted a leap of \(time.leapMs) ms at position \(view.position!)"]]
                }
            }
        }

        private func consequences(of time: Penstock_V1_LedgerTime, _ client: LedgerClient) throws -> (
            ends: Int, revives: Int
        ) {
            let accepted = time.continuedMs + time.leapMs
            let ends = try client.restrictions().rows.count {
                $0.standing.restriction.expiresAt != 0 && $0.standing.restriction.expiresAt <= accepted
            }
            guard accepted < time.continuedMs else { return (ends, 0) }
            let revived = Penstock_V1_GrantQuery.with {
                ($0.expiresFromMs, $0.expiresBeforeMs) = (accepted + 1, time.continuedMs + 1)
            }
            return (ends, try client.count(revived))
        }
    }
}

/// `penstock time show` as JSON has it.
struct LedgerTimeView: Encodable {
    var earliest: String
    var continued: String
    var latest: String
    /// How far the wall clock is ahead; 0 while the clocks agree.
    var clockLeapMs: Int64
    /// Of the event that accepts the leap.
    var position: UInt64?

    init(_ time: Penstock_V1_LedgerTime) {
        earliest = Times.text(time.earliestMs)
        continued = Times.text(time.continuedMs)
        latest = Times.text(time.latestMs)
        clockLeapMs = time.leapMs
    }

    static func ask(_ client: LedgerClient) throws -> Penstock_V1_LedgerTime {
        guard let time = try client.time() else {
            throw NodeError(.protocolError, "the ledger's version is older, and does not tell its time")
        }
        return time
    }

    var table: [[String]] {
        clockLeapMs == 0
            ? [["ledger time \(continued); the clocks agree"]]
            : [
                ["ledger time is between \(earliest) and \(latest)"],
                [
                    """
                    the wall clock has leapt by \(clockLeapMs) ms; set it right, or accept it with 'penstock time \
                    accept'
                    """
                ],
            ]
    }
}
