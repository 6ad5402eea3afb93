internal import Foundation
internal import PenstockCore
internal import PenstockNode
internal import PenstockProto
internal import PenstockTransport
internal import PenstockWire
internal import SwiftProtobuf

/// What the ledger answers, from bytes.
extension Link {
    func takeReplies() {
        while case .message(let message)? = try? dealer.receive() {
            guard let reply = try? Reply(bytes: message.payload), let kind = reply.kind else { continue }
            if case .recall(let recall) = kind {
                take(.recall(recall.units.map { ($0.grantID, $0.unit) }))
            } else if let decoded = decoded(kind) {
                take(.reply(decoded, id: reply.id))
            }
            perform()
        }
    }

    /// Nil for what no node asks for.
    private func decoded(_ reply: Reply.OneOf_Kind) -> NodeReply? {
        switch reply {
        case .submitted: return .submitted
        case .done: return .cosigned
        case .decisions(let reply): return .stored(through: reply.through)
        case .echo(let echo):
            return .echo(
                EchoReply(
                    nonce: echo.nonce, epoch: echo.epoch, head: echo.head, ledgerTime: echo.ledgerTimeMs,
                    latest: echo.latestMs == 0 ? nil : echo.latestMs,
                    rates: echo.hasRates ? RateReply(echo.rates) : nil))
        case .reserved(let reserved): return .reserved(reserved.granted, refused: reserved.refusals)
        case .fetched(let page):
            takePage(page.events, from: page.first)
            return .fetched(head: page.head)
        case .snapshot(let chunk): return .snapshot(SnapshotChunk(chunk))
        case .budgets(let page):
            let slices = page.budgets.first?.slices.compactMap(Follower.OpenSlice.init) ?? []
            return .openSlices(slices, after: page.afterSlice, next: page.nextSlice)
        case .receipt(let receipt): return .checkpoint(note: receipt.checkpoint)
        case .refused(let refused): return .refused(Refusal(refused))
        default: return nil
        }
    }
}

extension SnapshotChunk {
    fileprivate init(_ chunk: Penstock_V1_SnapshotChunk) {
        self.init(
            position: chunk.position, epoch: chunk.epoch, digest: Digest([UInt8](chunk.digest)) ?? .zero,
            signature: [UInt8](chunk.signature), frontier: chunk.frontier.compactMap { Digest([UInt8]($0)) },
            head: chunk.head, byteCount: Int(clamping: chunk.totalBytes), offset: Int(clamping: chunk.offset),
            bytes: [UInt8](chunk.bytes))
    }
}

extension Follower.OpenSlice {
    /// Nil where the incarnation cannot be read.
    fileprivate init?(_ slice: Penstock_V1_SliceStatus) {
        guard let incarnation = Incarnation([UInt8](slice.incarnation)) else { return nil }
        self.init(
            slice: slice.slice, incarnation: incarnation, amount: slice.amount - slice.returned, used: slice.used)
    }
}
