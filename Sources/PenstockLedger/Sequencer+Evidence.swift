internal import Foundation
internal import Logging
internal import PenstockCore
internal import PenstockCrypto
internal import PenstockNode
internal import PenstockProto
internal import PenstockStore
internal import PenstockTransport
internal import PenstockWire
internal import SwiftProtobuf

/// Checkpoints, cosignatures and receipts: what proves a revoke to those who were not there.
extension Sequencer {
    /// Signs the tree's head for restrictions that were just made durable; nodes that have applied it cosign.
    func signCheckpoint(for positions: [Position]) -> String {
        let note = signedHead()
        for position in positions { checkpoints[position] = Checkpoint(size: tree.size, note: note) }
        return note.encoded
    }

    func signedHead() -> SignedNote {
        do {
            return checkpointSigner.sign(try PenstockCrypto.Checkpoint(origin: identity.member.mesh, size: tree.size, root: tree.root))
        } catch {
            preconditionFailure("the mesh's name was a key's name before, so it is an origin: \(error)")
        }
    }

    func take(_ cosign: Penstock_V1_Cosignature, _ incoming: Incoming) {
        do throws(Refusal) {
            guard incoming.sender.role == .enforcer else { throw Refusal(.notPermitted, "only an enforcer cosigns") }
            let positions = checkpoints.filter { $0.value.size == cosign.size }.keys.sorted()
            guard let first = positions.first, let checkpoint = checkpoints[first] else { throw Refusal(.notFound, "no checkpoint of size \(cosign.size) is kept") }
            guard !positions.allSatisfy({ cosigned[$0]?.contains(incoming.sender.name) ?? false }) else {
                send(Reply(id: incoming.id, .done(.init())), to: incoming.route)
                return
            }
            guard cosign.line.utf8.count < 1024, let signature = NoteSignature(line: cosign.line), let key = PublicKey(incoming.sender.signing),
                let noteKey = try? NoteKey(name: incoming.sender.name, kind: .cosigner, publicKey: key),
                case .cosigned = noteKey.verdict(on: signature, text: checkpoint.note.text)
            else { throw Refusal(.badSignature, "the cosignature does not verify") }
            cosignatures.append((checkpoint.size, incoming.sender.name, cosign.line))
            for position in positions {
                cosigned[position, default: []].insert(incoming.sender.name)
                evidence.append(position)
            }
            send(Reply(id: incoming.id, .done(.init())), to: incoming.route)
        } catch {
            refuse(incoming, error)
        }
    }

    /// Keeps what ledger.barriers came to. Done when nothing waits, so that it delays no acknowledgement.
    func flushEvidence() {
        guard !evidence.isEmpty else { return }
        let now = Clocks.now()
        let positions = Set(evidence).sorted()
        do {
            try store.saveEvidence(
                checkpoints: positions.compactMap { checkpoints[$0] }.map { ($0.size, $0.note.encoded) }, cosignatures: cosignatures,
                receipts: positions.compactMap { ledger.barriers[$0] }.map { ($0.position, encode(describe($0, at: now))) })
            (evidence, cosignatures) = ([], [])
        } catch {
            logger.error("receipts were not kept; they will be tried again", metadata: ["error": "\(error)"])
        }
    }

    func receipt(_ position: Position, for asker: NodeKeys) throws -> Penstock_V1_ReceiptReply {
        flushEvidence()
        guard let stored = try store.read(from: position, maxCount: 1, maxBytes: Limits.eventBytes).first else { throw Refusal(.notFound, "the log has no position \(position)") }
        let event = try SignedEvent(entry: stored.bytes)
        guard case .restricted = event.event.kind else { throw Refusal(.notFound, "position \(position) is a \(event.event.kind.name.rawValue), which has no receipt") }
        var reply = Penstock_V1_ReceiptReply()
        if let barrier = ledger.barriers[position] {
            reply.barrier = describe(barrier, at: Clocks.now())
        } else if let kept = try store.receipt(position: position) {
            reply.barrier = try decode(Penstock_V1_BarrierReply.self, kept, "receipt")
        } else {
            throw Refusal(.notFound, "no barrier was kept for position \(position)")
        }
        reply.event = Data(stored.bytes)
        guard let checkpoint = try checkpoints[position].map({ ($0.size, $0.note.encoded) }) ?? store.checkpoint(atLeast: position) else {
            throw Refusal(.notFound, "no checkpoint was kept for position \(position)")
        }
        let (size, note) = checkpoint
        let lines = try store.cosignatures(size: size)
        var signed = try SignedNote(parsing: note)
        for signature in lines.compactMap({ NoteSignature(line: $0.line) }) { signed.add(signature) }
        reply.checkpoint = signed.encoded
        reply.proof = (tree.inclusionProof(index: position - 1, size: size) ?? []).map { Data($0.bytes) }
        let cosigners = Set(lines.map(\.node))
        for index in reply.barrier.nodes.indices {
            reply.barrier.nodes[index].cosigned = cosigners.contains(reply.barrier.nodes[index].node) && reply.barrier.nodes[index].state == .enforced
        }
        reply.barrier = reply.barrier.shown(to: asker)
        reply.statementSignature = Data(identity.signing.sign(ReceiptStatement.text(mesh: identity.member.mesh, barrier: reply.barrier)))
        reply.complete = reply.barrier.state == .closed && reply.barrier.nodes.allSatisfy { $0.state != .enforced || $0.cosigned }
        return reply
    }
}
