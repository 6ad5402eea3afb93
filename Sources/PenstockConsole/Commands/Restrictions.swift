internal import ArgumentParser
internal import Foundation
internal import PenstockCore
internal import PenstockNode
internal import PenstockProto

struct Revoke: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Revoke: returns when every node has acknowledged it or can only deny.",
        discussion: """
            It covers matching grants of now and later, until 'penstock reinstate' lifts it or --for has passed.
            Exit status: 0 CLOSED; 5 PARTIAL, not every node within --timeout; 6 LIFTED, reinstated before it could close.
            """)
    @OptionGroup var mesh: MeshOptions
    @OptionGroup var selector: SelectorOptions
    @Option(help: "Why; kept in the log.") var reason = ""
    @Option(name: .customLong("for"), help: "Lift it by itself after this long.") var duration: DurationText?
    @Option(help: "How long to wait for every node, and for the receipt.") var timeout = DurationText(argument: "10s")!
    @Option(help: "Write the receipt to FILE, its proof to FILE.tlog-proof.") var receipt: String?

    func validate() throws {
        try Barriers.check(for: duration, timeout)
    }

    func run() throws {
        let selector = try selector.required()
        try Failure.run(mesh.output) {
            try Barriers.run(mesh, Restriction(level: .revoke, selector: selector, reason: reason, expiresAt: 0), for: duration, timeout, receipt: receipt)
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

    func validate() throws {
        try Barriers.check(for: duration, timeout)
    }

    func run() throws {
        let selector = try selector.required()
        try Failure.run(mesh.output) {
            try Barriers.run(mesh, Restriction(level: .suspend, selector: selector, reason: reason, expiresAt: 0), for: duration, timeout)
        }
    }
}

struct Throttle: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Throttle: leave a part of every rate, or so many calls, over all nodes together.",
        discussion: """
            --to scales every rate that a matching call falls under: a grant's own and those of 'rate create'. It changes nothing for a
            grant without a rate, and is refused where no matching grant has one.
            --rate needs none: all that matches together gets N calls per DURATION, and at most N at once.
            Example: penstock throttle --principal alice --rate 10/1s --for 10m
            """)
    @OptionGroup var mesh: MeshOptions
    @OptionGroup var selector: SelectorOptions
    @Option(help: "Percent of its rates that is left, 1 to 99.") var to: UInt32?
    @Option(help: "N/DURATION, such as 10/1s: calls over all nodes together.") var rate: String?
    @Option(help: "Why; kept in the log.") var reason = ""
    @Option(name: .customLong("for"), help: "Lift it by itself after this long.") var duration: DurationText?
    @Option(help: "How long to wait for every node.") var timeout = DurationText(argument: "10s")!

    func validate() throws {
        try Barriers.check(for: duration, timeout)
    }

    func run() throws {
        let selector = try selector.required()
        let level = try level()
        try Failure.run(mesh.output) {
            if case .scale = level { try checkRated(selector) }
            try Barriers.run(mesh, Restriction(level: level, selector: selector, reason: reason, expiresAt: 0), for: duration, timeout)
        }
    }
}

extension Throttle {
    /// A part of a rate that is not there is nothing: "enforced" would be a lie.
    private func checkRated(_ selector: Selector) throws {
        let view = try mesh.client(.operator).fold().view
        let now = Clocks.wall()
        let matching = view.grants.indices.filter { index in
            let isLive = view.grants[index].expiresAt == 0 || view.grants[index].expiresAt > now
            return isLive && !view.marks(onGrant: index).contains(.revoked) && (view.covers(selector, index) || selector.kind == .node)
        }
        let unrated = matching.count { view.rates(ofGrant: $0).isEmpty }
        guard unrated > 0 else { return }
        guard unrated < matching.count else {
            throw NodeError(.configuration, "none of the \(matching.count) grants that match has a rate, so that --to changes nothing; say how many calls are left instead, as in --rate 10/1s")
        }
        Output.message("penstock: \(unrated) of the \(matching.count) grants that match have no rate, and --to changes nothing for them; --rate 10/1s would")
    }

    private func level() throws -> Restriction.Level {
        if let to, rate == nil {
            guard (1...99).contains(to) else { throw ValidationError("--to is 1 to 99 percent; 'penstock suspend' leaves nothing") }
            return .scale(percent: to)
        }
        guard to == nil, let parts = rate?.split(separator: "/").map(String.init) else { throw ValidationError("name one of --to and --rate") }
        guard parts.count == 2, let calls = UInt32(parts[0]), calls > 0, let window = DurationText(argument: parts[1]) else { throw ValidationError("--rate is N/DURATION, such as 10/1s") }
        try window.check("--rate's DURATION", in: 1...86_400_000)
        return .throttle(calls: calls, windowMS: UInt32(clamping: window.milliseconds))
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
    /// Null when it stands until it is lifted.
    var until: OrNull<String>

    init(_ position: Position, _ standing: View.StandingRestriction) {
        self.position = position
        eventId = standing.eventID.hex
        level = Self.text(standing.restriction.level)
        selector = standing.restriction.selector.kind.name
        value = standing.restriction.selector.value
        reason = standing.restriction.reason
        self.operator = standing.origin
        since = Times.text(standing.createdAt)
        until = OrNull(time: standing.restriction.expiresAt)
    }

    static func text(_ level: Restriction.Level) -> String {
        switch level {
        case .revoke: "revoke"
        case .suspend: "suspend"
        case .scale(let percent): "throttle to \(percent) %"
        case .throttle(let calls, let window): "throttle \(calls)/\(DurationText(milliseconds: Int64(window)).defaultValueDescription)"
        }
    }

    static func standing(_ client: LedgerClient) throws -> [RestrictionView] {
        try client.fold().view.restrictions.sorted { $0.key < $1.key }.map { RestrictionView($0.key, $0.value) }
    }
}

struct RevocationCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "revocation", abstract: "Restrictions that stand.", subcommands: [List.self])

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Every revoke, suspend and throttle that stands, who made it, and why.")
        @OptionGroup var mesh: MeshOptions

        func run() throws {
            try Failure.run(mesh.output) {
                let rows = try RestrictionView.standing(mesh.client(.operator, .auditor, .issuer))
                try Output.print(list: rows, mesh.output) {
                    [["POSITION", "LEVEL", "SELECTOR", "SINCE", "UNTIL", "BY", "REASON", "EVENT"]]
                        + rows.map { ["\($0.position)", $0.level, "\($0.selector) \($0.value)", $0.since, $0.until.text, $0.operator, $0.reason, $0.eventId] }
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
    @OptionGroup var confirmation: ConfirmationOptions

    func run() throws {
        let chosen = selector.chosen
        guard (chosen == nil) != event.isEmpty, event.isEmpty || selector.isEmpty else { throw ValidationError("name either --event or exactly one selector") }
        try Failure.run(mesh.output) {
            let client = try mesh.client(.operator)
            let standing = try client.fold().view.restrictions.sorted { $0.key < $1.key }
            let matching = standing.filter { entry in
                chosen.map { entry.value.restriction.selector == $0 } ?? event.contains(entry.value.eventID.hex)
            }
            guard !matching.isEmpty else { throw NodeError(.notFound, "no such restriction stands; see 'penstock revocation list'") }
            let rows = matching.map { RestrictionView($0.key, $0.value) }
            struct Row: Encodable {
                var position: UInt64?
                var lifted: [String]
                var dryRun: Bool?
            }
            for row in rows where mesh.output == .table || !confirmation.dryRun {
                Output.message("\(confirmation.dryRun ? "would lift" : "lifting") \(row.level) of \(row.selector) \(Printable.text(row.value)), position \(row.position)")
            }
            if confirmation.dryRun {
                if mesh.output != .table { try Output.print(Row(lifted: rows.map(\.eventId), dryRun: true), mesh.output) { [] } }
                return
            }
            try confirmation.confirm("Lift these? Type yes:", "yes", otherwise: "nothing was lifted")
            let submitted = try client.change(.lifted(Lifting(eventIDs: matching.map(\.value.eventID), reason: reason, expired: false)))
            try Output.print(Row(position: submitted.position, lifted: rows.map(\.eventId)), mesh.output) { [["lifted \(rows.count) at position \(submitted.position)"]] }
        }
    }
}
