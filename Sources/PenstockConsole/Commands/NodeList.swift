internal import ArgumentParser
internal import PenstockCore
internal import PenstockNode
internal import PenstockProto
internal import PenstockWire
internal import SwiftProtobuf

extension NodeCommand {
    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "list", abstract: "All members, with state and freshness.")
        @OptionGroup var mesh: MeshOptions
        @Option(help: "Only of this role: \(Role.allCases.map(\.name).joined(separator: ", ")).") var role: String?
        @Option(help: "Only of this state: \(Self.states.joined(separator: ", ")).") var state: String?
        @OptionGroup var page: NamePageOptions

        private static let states = ["fresh", "stale", "gone", "member", "expelled"]

        func validate() throws {
            if let role, Role(name: role) == nil {
                throw ValidationError("--role is one of \(Role.allCases.map(\.name).joined(separator: ", "))")
            }
            if let state, !Self.states.contains(state) {
                throw ValidationError("--state is one of \(Self.states.joined(separator: ", "))")
            }
        }

        func run() throws {
            try Failure.run(mesh.output) {
                let query = Penstock_V1_MemberQuery.with {
                    if let role = role.flatMap(Role.init(name:)) { $0.role = role.proto }
                }
                let all = try NodeView.read(mesh.client(.operator, .auditor, .issuer, .enforcer), query)
                let nodes = page.cut(all.filter { state == nil || $0.state == state }, \.node)
                try Output.print(list: nodes, mesh.output) { NodeView.table(nodes) }
            }
        }
    }
}

/// A member, or one start of it, as JSON prints it.
struct NodeView: Encodable {
    var node: String
    var role: String
    var state: String
    var appliedPosition: UInt64
    var viewAgeMs: Int64
    var version: String
    var incarnation: String
    /// False for a start that is not heard any more while a later one is: a table folds it into that one's row.
    var current: Bool

    static func rows(_ members: [Penstock_V1_MemberStatus]) throws -> [NodeView] {
        let latest = Dictionary(grouping: members, by: \.node).compactMapValues { $0.map(\.viewAgeMs).min() }
        return try members.map {
            NodeView(
                node: $0.node, role: try Role($0.role).name, state: $0.expelled ? "expelled" : $0.state,
                appliedPosition: $0.appliedPosition, viewAgeMs: $0.viewAgeMs, version: $0.version,
                incarnation: Hex.encode($0.incarnation),
                current: $0.state == "fresh" || $0.viewAgeMs == latest[$0.node])
        }
    }

    /// All members, expelled ones too.
    static func read(_ client: LedgerClient, _ query: Penstock_V1_MemberQuery = .init()) throws -> [NodeView] {
        try rows(client.members(query).flatMap(\.starts))
    }

    /// A row for each node, and for each of its starts that is heard. Starts before, which no lease may be left of, are
    /// a number.
    static func table(_ nodes: [NodeView]) -> [[String]] {
        let earlier = Dictionary(grouping: nodes.filter { !$0.current }, by: \.node).mapValues(\.count)
        return [["NODE", "ROLE", "STATE", "APPLIED", "AGE MS", "VERSION", "INCARNATION"]]
            + nodes.filter(\.current).map { node in
                let isPerson = node.state == "member"
                let others = earlier[node.node].map { " and \($0) earlier" } ?? ""
                return [
                    node.node, node.role, node.state, isPerson ? "" : "\(node.appliedPosition)",
                    isPerson ? "" : "\(node.viewAgeMs)", node.version, node.incarnation + others,
                ]
            }
    }
}
