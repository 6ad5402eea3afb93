internal import Foundation
internal import PenstockCore
internal import PenstockNode
internal import PenstockProto
internal import PenstockTransport
internal import PenstockWire
internal import SwiftProtobuf

/// The lane of the log, and the connections.
extension Sequencer {
    /// In pages, the last one with the checkpoint.
    func publish(log events: [VerifiedEvent], from first: Position, checkpoint: String) {
        var page: [VerifiedEvent] = []
        var pageFirst = first
        var bytes = 0
        for event in events {
            page.append(event)
            bytes += event.entry.count
            if bytes > Limits.pageBytes {
                publish(page: page, from: pageFirst, checkpoint: "")
                pageFirst += Position(page.count)
                (page, bytes) = ([], 0)
            }
        }
        publish(page: page, from: pageFirst, checkpoint: checkpoint)
    }

    private func publish(page: [VerifiedEvent], from first: Position, checkpoint: String) {
        guard !page.isEmpty || !checkpoint.isEmpty else { return }
        _ = log.send(
            encode(
                LogPublication.with {
                    $0.epoch = ledger.state.epoch
                    $0.first = first
                    $0.events = page.map { Data($0.entry) }
                    $0.checkpoint = checkpoint
                }))
    }

    /// libzmq asks about a key only at the handshake: every peer must shake hands again.
    func cutConnections() {
        for (socket, endpoint) in endpoints {
            do {
                try socket.cycle(endpoint: endpoint)
            } catch {
                halt("an expelled node could not be cut off: \(error)")
            }
        }
    }
}
