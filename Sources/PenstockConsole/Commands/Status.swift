internal import ArgumentParser
internal import PenstockCore
internal import PenstockNode
internal import PenstockProto
internal import PenstockWire
internal import SwiftProtobuf

struct Status: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Nodes, freshness, positions and pending barriers.")
    @OptionGroup var mesh: MeshOptions

    func run() throws {
        try Failure.run(mesh.output) {
            let status = try StatusView(mesh.client(.operator, .auditor, .issuer, .enforcer))
            try Output.print(status, mesh.output) {
                [["mesh \(status.mesh), position \(status.position)\(status.halted.isEmpty ? "" : ", HALTED: " + status.halted)"]]
                    + status.warnings.map { ["WARNING: \($0)"] } + status.strangerLines + status.nodeTable
                    + status.barriers.map { ["barrier \($0.position): waiting for \($0.nodes.filter { $0.state == "pending" }.map(\.node).joined(separator: ", "))"] }
            }
        }
    }
}

/// `penstock status` as JSON has it.
struct StatusView: Encodable {
    struct Node: Encodable {
        var node: String
        var role: String
        var state: String
        var appliedPosition: UInt64
        var viewAgeMs: Int64
        var version: String
        var incarnation: String
        /// False for a start of a node that is not heard any more while a later one is: 'penstock status' folds it as a table.
        var current: Bool
    }

    /// Who was refused at the handshake since the ledger started, as no member's key, and who came too often.
    struct Strangers: Encodable {
        var door: String
        var refused: UInt64
        var deferred: UInt64
    }

    /// The file system of the ledger's log: see DiskStatus in penstock.proto.
    struct Disk: Encodable {
        var freeBytes: UInt64
        var reserveBytes: UInt64
        var state: String
    }

    var mesh: String
    var position: UInt64
    var epoch: UInt64
    var halted: String
    /// Sentences for an operator: what works less than it should, and what to do.
    var warnings: [String]
    var disk: Disk
    /// As 'penstock time show' has it.
    var ledgerTime: String
    var clockLeapMs: Int64
    var nodes: [Node]
    var barriers: [BarrierView]
    var counters: [String: UInt64]
    var strangers: [Strangers]

    init(_ client: LedgerClient) throws {
        guard case .status(var reply) = try client.ask(.status(.init())) else { throw client.unexpected }
        while reply.next != 0 {
            let from = reply.next
            guard case .status(let page) = try client.ask(.status(.with { $0.from = from })) else { throw client.unexpected }
            reply.nodes += page.nodes
            reply.barriers += page.barriers
            reply.next = page.next
        }
        mesh = reply.mesh
        position = reply.position
        epoch = reply.epoch
        halted = reply.halted
        warnings = reply.warnings
        disk = Disk(freeBytes: reply.disk.freeBytes, reserveBytes: reply.disk.reserveBytes, state: Self.name(reply.disk.state))
        ledgerTime = Times.text(reply.time.continuedMs)
        clockLeapMs = reply.time.leapMs
        let latest = Dictionary(grouping: reply.nodes, by: \.node).compactMapValues { $0.map(\.viewAgeMs).min() }
        nodes = try reply.nodes.map {
            Node(
                node: $0.node, role: try Role($0.role).name, state: $0.expelled ? "expelled" : $0.state, appliedPosition: $0.appliedPosition,
                viewAgeMs: $0.viewAgeMs, version: $0.version, incarnation: Hex.encode($0.incarnation), current: $0.state == "fresh" || $0.viewAgeMs == latest[$0.node])
        }
        let counts = reply.counters
        strangers = ["members", "join"].map {
            Strangers(door: $0, refused: counts["handshakes_refused_\($0)"] ?? 0, deferred: counts["handshakes_deferred_\($0)"] ?? 0)
        }
        barriers = try reply.barriers.map { BarrierView(try client.complete($0)) }
        counters = reply.counters
    }

    private static func name(_ state: Penstock_V1_DiskStatus.State) -> String {
        switch state {
        case .room: "room"
        case .restrictionsOnly: "restrictions_only"
        case .nothing: "nothing"
        case .unspecified, .UNRECOGNIZED: "unknown"
        }
    }

    var strangerLines: [[String]] {
        let refused = strangers.filter { $0.refused > 0 }.map { "\($0.refused) at the door for \($0.door == "join" ? "joining" : "members")" }
        return refused.isEmpty ? [] : [["strangers refused at the handshake since the ledger started: \(refused.joined(separator: ", "))"]]
    }

    /// A row for each node, and for each of its starts that is heard. Starts before, which no lease may be left of, are a number.
    var nodeTable: [[String]] {
        let earlier = Dictionary(grouping: nodes.filter { !$0.current }, by: \.node).mapValues(\.count)
        return [["NODE", "ROLE", "STATE", "APPLIED", "AGE MS", "VERSION", "INCARNATION"]]
            + nodes.filter(\.current).map { node in
                let isPerson = node.state == "member"
                let others = earlier[node.node].map { " and \($0) earlier" } ?? ""
                return [
                    node.node, node.role, node.state, isPerson ? "" : "\(node.appliedPosition)", isPerson ? "" : "\(node.viewAgeMs)", node.version,
                    node.incarnation + others,
                ]
            }
    }
}
