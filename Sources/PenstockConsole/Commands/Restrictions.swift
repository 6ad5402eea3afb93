internal import ArgumentParser
internal import Foundation
internal import PenstockCore
internal import PenstockNode
internal import PenstockProto

struct Revoke: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Revoke: returns when every node has acknowledged it or can only deny.",
        discussion: "It covers matching grants of now and later, until 'penstock reinstate' lifts it or --for has passed.")
    @OptionGroup var mesh: MeshOptions
    @OptionGroup var selector: SelectorOptions
    @Option(help: "Why; kept in the log.") var reason = ""
    @Option(name: .customLong("for"), help: "Lift it by itself after this long.") var duration: DurationText?
    @Option(help: "How long to wait for every node.") var timeout = DurationText(argument: "10s")!
    @Option(help: "Write the receipt to FILE, its proof to FILE.tlog-proof.") var receipt: String?

    func run() throws {
        let selector = try selector.required()
        try Failure.run(mesh.output) {
            let client = try mesh.client(.operator)
            let expiresAt = duration.map { Clocks.wall() + $0.milliseconds } ?? 0
            let restriction = Restriction(level: .revoke, selector: selector, reason: reason, expiresAt: expiresAt)
            let (submitted, barrier) = try client.submit(.restricted(restriction), barrierMS: Int(timeout.milliseconds))
            let view = BarrierView(barrier!)
            try Output.print(view, mesh.output) { view.table }
            if let receipt {
                let files = try ReceiptFiles(client, position: submitted.position, patienceMS: 3000)
                try files.write(to: receipt)
                Output.message("receipt in \(receipt), proof in \(receipt).tlog-proof\(files.receipt.complete ? "" : "; not every node has cosigned yet: 'penstock receipt show \(submitted.position)' has the rest later")")
            }
            if view.state == "PARTIAL" { throw Exit.partial }
        }
    }
}

struct Suspend: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Suspend: like revoke, but meant to be lifted; denials say 'suspended'.")
    @OptionGroup var mesh: MeshOptions
    @OptionGroup var selector: SelectorOptions
    @Option(help: "Why; kept in the log.") var reason = ""
    @Option(name: .customLong("for"), help: "Lift it by itself after this long.") var duration: DurationText?
    @Option(help: "How long to wait for every node.") var timeout = DurationText(argument: "10s")!

    func run() throws {
        let selector = try selector.required()
        try Failure.run(mesh.output) { try Restrict.run(mesh, .suspend, selector, reason, duration, timeout) }
    }
}

struct Throttle: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Throttle: at most N admitted calls per window at each enforcement node.",
        discussion: "The bound over the whole mesh is N times the number of nodes: nodes do not share it.")
    @OptionGroup var mesh: MeshOptions
    @OptionGroup var selector: SelectorOptions
    @Option(help: "N/DURATION, such as 10/1s.") var rate: String
    @Option(help: "Why; kept in the log.") var reason = ""
    @Option(name: .customLong("for"), help: "Lift it by itself after this long.") var duration: DurationText?
    @Option(help: "How long to wait for every node.") var timeout = DurationText(argument: "10s")!

    func run() throws {
        let selector = try selector.required()
        let parts = rate.split(separator: "/").map(String.init)
        guard parts.count == 2, let calls = UInt32(parts[0]), let window = DurationText(argument: parts[1]) else { throw ValidationError("--rate is N/DURATION, such as 10/1s") }
        try Failure.run(mesh.output) {
            try Restrict.run(mesh, .throttle(calls: calls, windowMS: UInt32(clamping: window.milliseconds)), selector, reason, duration, timeout)
        }
    }
}

enum Restrict {
    static func run(_ mesh: MeshOptions, _ level: Restriction.Level, _ selector: Selector, _ reason: String, _ duration: DurationText?, _ timeout: DurationText) throws {
        let restriction = Restriction(level: level, selector: selector, reason: reason, expiresAt: duration.map { Clocks.wall() + $0.milliseconds } ?? 0)
        let (_, barrier) = try mesh.client(.operator).submit(.restricted(restriction), barrierMS: Int(timeout.milliseconds))
        let view = BarrierView(barrier!)
        try Output.print(view, mesh.output) { view.table }
        if view.state == "PARTIAL" { throw Exit.partial }
    }
}

/// A standing restriction as JSON prints it.
struct RestrictionView: Encodable {
    var position: UInt64
    var eventId: String
    var level: String
    var selector: String
    var value: String
    var reason: String
    var `operator`: String
    var since: String
    var until: String

    init(_ position: Position, _ standing: View.StandingRestriction) {
        self.position = position
        eventId = standing.eventID.hex
        switch standing.restriction.level {
        case .revoke: level = "revoke"
        case .suspend: level = "suspend"
        case .throttle(let calls, let window): level = "throttle \(calls)/\(window)ms"
        }
        selector = standing.restriction.selector.kind.name
        value = standing.restriction.selector.value
        reason = standing.restriction.reason
        self.operator = standing.origin
        since = Times.text(standing.createdAt)
        until = Times.text(standing.restriction.expiresAt)
    }

    static func standing(_ client: LedgerClient) throws -> [RestrictionView] {
        try client.fold().view.restrictions.sorted { $0.key < $1.key }.map { RestrictionView($0.key, $0.value) }
    }
}

struct RevocationCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "revocation", abstract: "Restrictions that stand.", subcommands: [List.self])

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Every revoke, suspend and throttle that stands.")
        @OptionGroup var mesh: MeshOptions

        func run() throws {
            try Failure.run(mesh.output) {
                let rows = try RestrictionView.standing(mesh.client(.operator, .auditor, .issuer))
                try Output.print(list: rows, mesh.output) {
                    [["POSITION", "LEVEL", "SELECTOR", "SINCE", "UNTIL", "EVENT"]]
                        + rows.map { ["\($0.position)", $0.level, "\($0.selector) \($0.value)", $0.since, $0.until, $0.eventId] }
                }
            }
        }
    }
}

struct Reinstate: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Lift restrictions, by their event ids or by the selector they name.",
        discussion: "It lifts exactly the events that stand when it is run, so never one that its operator has not seen.")
    @OptionGroup var mesh: MeshOptions
    @OptionGroup var selector: SelectorOptions
    @Option(help: "Event id of a restriction, as 'revocation list' prints it. Repeatable.") var event: [String] = []
    @Option(help: "Why; kept in the log.") var reason = ""
    @Flag(help: "Do not ask.") var yes = false
    @Flag(help: "Say what would be lifted, and do nothing.") var dryRun = false

    func run() throws {
        let chosen = selector.chosen
        guard (chosen == nil) != event.isEmpty else { throw ValidationError("name either --event or exactly one selector") }
        try Failure.run(mesh.output) {
            let client = try mesh.client(.operator)
            let standing = try client.fold().view.restrictions.sorted { $0.key < $1.key }
            let matching = standing.filter { entry in
                chosen.map { entry.value.restriction.selector == $0 } ?? event.contains(entry.value.eventID.hex)
            }
            guard !matching.isEmpty else { throw NodeError(.notFound, "no such restriction stands; see 'penstock revocation list'") }
            let rows = matching.map { RestrictionView($0.key, $0.value) }
            for row in rows { Output.message("\(dryRun ? "would lift" : "lifting") \(row.level) of \(row.selector) \(row.value), position \(row.position)") }
            if dryRun { return }
            if !yes, isatty(0) == 1 {
                Output.message("Lift these? Type yes:")
                guard readLine() == "yes" else { throw NodeError(.configuration, "nothing was lifted") }
            }
            let (submitted, _) = try client.submit(.lifted(Lifting(eventIDs: matching.map(\.value.eventID), reason: reason, expired: false)))
            struct Row: Encodable {
                var position: UInt64
                var lifted: [String]
            }
            try Output.print(Row(position: submitted.position, lifted: rows.map(\.eventId)), mesh.output) { [["lifted \(rows.count) at position \(submitted.position)"]] }
        }
    }
}
