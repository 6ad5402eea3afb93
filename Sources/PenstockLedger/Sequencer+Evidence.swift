internal import Foundation
internal import Logging
internal import PenstockCore
internal import PenstockCrypto
internal import PenstockNode
internal import PenstockProto
internal import PenstockStore
internal import PenstockSystem
internal import PenstockTransport
internal import PenstockWire
internal import SwiftProtobuf

/// Checkpoints, cosignatures and receipts: what proves a revoke to those who were not there.
extension Sequencer {
    /// Signs the tree's head for restrictions that were just made durable; nodes that have applied it cosign.
    func signCheckpoint(for positions: [Position]) -> String {
        let note = signedHead()
        turn.evidence.signed(.init(size: tree.size, note: note.encoded), for: positions)
        return note.encoded
    }

    func signedHead() -> SignedNote {
        do {
            return checkpointSigner.sign(
                try PenstockCrypto.Checkpoint(origin: identity.member.mesh, size: tree.size, root: tree.root))
        } catch {
            preconditionFailure("the mesh's name was a key's name before, so it is an origin: \(error)")
        }
    }

    func take(_ cosign: Penstock_V1_Cosignature, _ incoming: Incoming) {
        do throws(Refusal) {
            let checkpoint = try turn.evidence.checkpoint(ofSize: cosign.size)
            if !turn.evidence.isCosigned(size: cosign.size, by: incoming.sender.name) {
                guard isSigned(cosign, under: checkpoint, by: incoming.sender) else {
                    throw Refusal(.badSignature, "the cosignature does not verify")
                }
                try turn.evidence.cosign(size: cosign.size, node: incoming.sender, line: cosign.line)
            }
            send(Reply(id: incoming.id, .done(.init())), to: incoming.route)
        } catch {
            refuse(incoming, error)
        }
    }

    private func isSigned(
        _ cosign: Penstock_V1_Cosignature, under checkpoint: EvidenceBook.Checkpoint, by node: NodeKeys
    ) -> Bool {
        guard cosign.line.utf8.count < 1024, let signature = NoteSignature(line: cosign.line),
            let key = PublicKey(node.signing), let note = try? SignedNote(parsing: checkpoint.note),
            let noteKey = try? NoteKey(name: node.name, kind: .cosigner, publicKey: key),
            case .cosigned = noteKey.verdict(on: signature, text: note.text)
        else { return false }
        return true
    }

    /// Keeps what barriers came to, as much of it as fits one commit. Done when nothing waits, so that it delays no
    /// acknowledgement; not where the room is needed for restrictions: receipts are made from memory meanwhile. Returns
    /// whether there is more to be kept.
    @discardableResult
    func flushEvidence() -> Bool {
        let evidence = turn.evidence
        guard !evidence.isKept, ledger.room > .nothing, store.hasRoomForEvidence else { return false }
        let now = Clocks.now()
        var receipts: [(position: Position, json: [UInt8])] = []
        var notes: [(size: UInt64, note: String)] = []
        var bytes = 0
        let positions = evidence.restrictionsToKeep.prefix { position in
            guard bytes < Limits.commitBytes / 2 else { return false }
            if let checkpoint = evidence.checkpoints[position] { notes.append((checkpoint.size, checkpoint.note)) }
            if let barrier = ledger.barriers[position] {
                receipts.append((position, encode(describe(barrier, at: now))))
            }
            bytes += (receipts.last?.json.count ?? 0) + 512
            return true
        }
        let lines = evidence.cosignaturesToKeep
        do {
            try store.saveEvidence(
                checkpoints: notes, cosignatures: lines.map { ($0.size, $0.node, $0.line) }, receipts: receipts
            )
            turn.evidence.kept(positions, lines)
            return !turn.evidence.isKept
        } catch {
            logger.error("receipts were not kept; they will be tried again", metadata: ["error": "\(error)"])
            return false
        }
    }

    /// The statement is signed over all of the barrier's nodes, whichever page of them is asked for.
    func receipt(_ request: Penstock_V1_ReceiptRequest, for asker: NodeKeys) throws -> Penstock_V1_ReceiptReply {
        let position = request.position
        flushEvidence()
        guard let stored = try store.read(from: position, maxCount: 1, maxBytes: Limits.eventBytes).first else {
            throw Refusal(.notFound, "the log has no position \(position)")
        }
        let event = try SignedEvent(entry: stored.bytes)
        guard case .restricted = event.event.kind else {
            throw Refusal(
                .notFound, "position \(position) is a \(event.event.kind.name.rawValue), which has no receipt")
        }
        var reply = Penstock_V1_ReceiptReply()
        if let barrier = ledger.barriers[position] {
            reply.barrier = describe(barrier, at: Clocks.now())
        } else if let kept = try store.receipt(position: position) {
            reply.barrier = try decode(Penstock_V1_BarrierReply.self, kept, "receipt")
        } else {
            throw Refusal(.notFound, "no barrier was kept for position \(position)")
        }
        reply.event = Data(stored.bytes)
        guard
            let checkpoint = try turn.evidence.checkpoints[position].map({ ($0.size, $0.note) })
                ?? store.checkpoint(atLeast: position)
        else {
            throw Refusal(.notFound, "no checkpoint was kept for position \(position)")
        }
        let (size, note) = checkpoint
        var lines = try store.cosignatures(size: size)
        for unkept in turn.evidence.unkeptCosignatures(ofSize: size)
        where !lines.contains(where: { $0.node == unkept.node }) {
            lines.append((unkept.node, unkept.line))
        }
        lines.sort { $0.node < $1.node }
        var signed = try SignedNote(parsing: note)
        for signature in lines.compactMap({ NoteSignature(line: $0.line) }) { signed.add(signature) }
        reply.checkpoint = signed.encoded
        reply.proof = (try tree.inclusionProof(index: position - 1, size: size) ?? []).map { Data($0.bytes) }
        let cosigners = Set(lines.map(\.node))
        for index in reply.barrier.nodes.indices {
            reply.barrier.nodes[index].cosigned =
                cosigners.contains(reply.barrier.nodes[index].node) && reply.barrier.nodes[index].state == .enforced
        }
        reply.barrier = reply.barrier.shown(to: asker)
        reply.statementSignature = Data(
            identity.signing.sign(ReceiptStatement.text(mesh: identity.member.mesh, barrier: reply.barrier)))
        reply.complete =
            reply.barrier.state == .closed && reply.barrier.nodes.allSatisfy { $0.state != .enforced || $0.cosigned }
        reply.barrier = page(reply.barrier, from: request.fromNode)
        return reply
    }
}
