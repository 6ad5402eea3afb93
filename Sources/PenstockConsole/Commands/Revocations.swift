internal import ArgumentParser
internal import PenstockCore
internal import PenstockEvidence
internal import PenstockNode
internal import PenstockProto
internal import PenstockWire
internal import SwiftProtobuf

struct RevocationCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "revocation", abstract: "Restrictions that stand.", subcommands: [List.self])

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "list", abstract: "Every revoke, suspend and throttle that stands, who made it, and why.",
            discussion: "A selector takes those that name it, exactly. All filters must hold.")
        @OptionGroup var mesh: MeshOptions
        @OptionGroup var selector: SelectorOptions
        @Option(help: "Only of this level: revoke, suspend or throttle.") var level: String?
        @Option(help: "Only those that this operator made.") var `operator`: String?
        @OptionGroup var page: PageOptions

        func validate() throws {
            try Ids.checkExact(`operator`, "--operator")
            guard let level, Self.levels[level] == nil else { return }
            throw ValidationError("--level is revoke, suspend or throttle")
        }

        private static let levels: [String: Penstock_V1_Restricted.Level] = [
            "revoke": .revoke, "suspend": .suspend, "throttle": .throttle,
        ]

        func run() throws {
            let selector = selector.isEmpty ? nil : try selector.required()
            try Failure.run(mesh.output) {
                let query = Penstock_V1_RestrictionQuery.with {
                    ($0.after, $0.origin) = (page.cursor ?? 0, `operator` ?? "")
                    if let selector { $0.selector = selector.proto }
                    $0.levels = level.flatMap { Self.levels[$0] }.map { [$0] } ?? []
                }
                let (found, next) = try mesh.client(.operator, .auditor, .issuer).restrictions(query, limit: page.most)
                let rows = found.map(RestrictionView.init)
                try Output.print(list: rows, mesh.output) {
                    [["POSITION", "LEVEL", "SELECTOR", "SINCE", "UNTIL", "BY", "REASON", "EVENT"]]
                        + rows.map {
                            [
                                "\($0.position)", $0.level, "\($0.selector) \($0.value)", $0.since, $0.until.text,
                                $0.operator, $0.reason, $0.eventId,
                            ]
                        }
                }
                PageOptions.sayMore(next)
            }
        }
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

    init(_ placed: ViewImage.PlacedRestriction) {
        let standing = placed.standing
        position = placed.position
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
        case .throttle(let calls, let window):
            "throttle \(calls)/\(DurationText(milliseconds: Int64(window)).defaultValueDescription)"
        }
    }
}
