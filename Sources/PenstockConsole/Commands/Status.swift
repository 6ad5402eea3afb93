internal import ArgumentParser
internal import PenstockCore
internal import PenstockEvidence
internal import PenstockNode
internal import PenstockProto
internal import PenstockWire
internal import SwiftProtobuf

struct Status: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Nodes, freshness, positions and pending barriers.")
    @OptionGroup var mesh: MeshOptions

    func run() throws {
        try Failure.run(mesh.output) {
            let status = try StatusView(mesh.client(.operator, .auditor, .issuer, .enforcer))
            try Output.print(status, mesh.output) {
                [
                    [
                        """
                        mesh \(status.mesh), position \
                        \(status.position)\(status.halted.isEmpty ? "" : ", HALTED: " + status.halted)
                        """
                    ]
                ]
                    + status.warnings.map { ["WARNING: \($0)"] } + status.strangerLines + NodeView.table(status.nodes)
                    + [[status.disk.line]]
                    + status.barriers.map {
                        [
                            """
                            barrier \($0.position): waiting for \
                            \($0.nodes.filter { $0.state == "pending" }.map(\.node).joined(separator: ", "))
                            """
                        ]
                    }
            }
        }
    }
}

/// `penstock status` as JSON has it.
struct StatusView: Encodable {
    /// Who was refused at the handshake since the ledger started, as no member's key, and who came too often.
    struct Strangers: Encodable {
        var door: String
        var refused: UInt64
        var deferred: UInt64
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
    var nodes: [NodeView]
    var barriers: [BarrierView]
    var counters: [String: UInt64]
    var strangers: [Strangers]

    init(_ client: LedgerClient) throws {
        guard case .status(var reply) = try client.ask(.status(.init())) else { throw client.unexpected }
        while reply.next != 0 {
            let from = reply.next
            guard case .status(let page) = try client.ask(.status(.with { $0.from = from })) else {
                throw client.unexpected
            }
            reply.nodes += page.nodes
            reply.barriers += page.barriers
            reply.next = page.next
        }
        mesh = reply.mesh
        position = reply.position
        epoch = reply.epoch
        halted = reply.halted
        warnings = reply.warnings
        disk = Disk(reply.disk)
        ledgerTime = Times.text(reply.time.continuedMs)
        clockLeapMs = reply.time.leapMs
        nodes = try NodeView.rows(reply.nodes)
        let counts = reply.counters
        strangers = ["members", "join"].map {
            Strangers(
                door: $0, refused: counts["handshakes_refused_\($0)"] ?? 0,
                deferred: counts["handshakes_deferred_\($0)"] ?? 0)
        }
        barriers = try reply.barriers.map { BarrierView(try client.complete($0)) }
        counters = reply.counters
    }

    var strangerLines: [[String]] {
        let refused = strangers.filter { $0.refused > 0 }.map {
            "\($0.refused) at the door for \($0.door == "join" ? "joining" : "members")"
        }
        return refused.isEmpty
            ? [] : [["strangers refused at the handshake since the ledger started: \(refused.joined(separator: ", "))"]]
    }
}
