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
                    + status.warnings.map { ["WARNING: \($0)"] } + status.nodeTable
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
        nodes = try reply.nodes.map {
            Node(
                node: $0.node, role: try Role($0.role).name, state: $0.expelled ? "expelled" : $0.state, appliedPosition: $0.appliedPosition,
                viewAgeMs: $0.viewAgeMs, version: $0.version, incarnation: Hex.encode($0.incarnation))
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

    var nodeTable: [[String]] {
        [["NODE", "ROLE", "STATE", "APPLIED", "AGE MS", "VERSION"]]
            + nodes.map { [$0.node, $0.role, $0.state, "\($0.appliedPosition)", "\($0.viewAgeMs)", $0.version] }
    }
}
