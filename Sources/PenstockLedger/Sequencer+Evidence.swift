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
            guard cosignatures.count < Limits.cosignaturesWaiting else { throw Refusal(.busy, "cosignatures wait to be written", retryAfterMS: 1000) }
            cosignatures[CosignatureKey(size: checkpoint.size, node: incoming.sender.name)] = cosign.line
            for position in positions {
                cosigned[position, default: []].insert(incoming.sender.name)
                evidence.insert(position)
            }
            send(Reply(id: incoming.id, .done(.init())), to: incoming.route)
        } catch {
            refuse(incoming, error)
        }
    }

    /// Keeps what barriers came to, as much of it as fits one commit. Done when nothing waits, so that it delays no
    /// acknowledgement; not where the room is needed for restrictions: receipts are made from memory meanwhile. Returns
    /// whether there is more to be kept.
    @discardableResult
    func flushEvidence() -> Bool {
        guard !evidence.isEmpty || !cosignatures.isEmpty, !ledger.isAheadOfLog, store.hasRoomForEvidence else { return false }
        let now = Clocks.now()
        var receipts: [(position: Position, json: [UInt8])] = []
        var notes: [(size: UInt64, note: String)] = []
        var bytes = 0
        let positions = evidence.sorted().prefix { position in
            guard bytes < Limits.commitBytes / 2 else { return false }
            if let checkpoint = checkpoints[position] { notes.append((checkpoint.size, checkpoint.note.encoded)) }
            if let barrier = ledger.barriers[position] { receipts.append((position, encode(describe(barrier, at: now)))) }
            bytes += (receipts.last?.json.count ?? 0) + 512
            return true
        }
        let lines = cosignatures.prefix(Limits.commitEvents)
        do {
            try store.saveEvidence(checkpoints: notes, cosignatures: lines.map { ($0.key.size, $0.key.node, $0.value) }, receipts: receipts)
            evidence.subtract(positions)
            for line in lines { cosignatures[line.key] = nil }
            return !evidence.isEmpty || !cosignatures.isEmpty
        } catch {
            logger.error("receipts were not kept; they will be tried again", metadata: ["error": "\(error)"])
            return false
        }
    }

    /// The statement is signed over all of the barrier's nodes, whichever page of them is asked for.
    func receipt(_ request: Penstock_V1_ReceiptRequest, for asker: NodeKeys) throws -> Penstock_V1_ReceiptReply {
        let position = request.position
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
        var lines = try store.cosignatures(size: size)
        for (key, line) in cosignatures where key.size == size && !lines.contains(where: { $0.node == key.node }) { lines.append((key.node, line)) }
        lines.sort { $0.node < $1.node }
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
        reply.barrier = page(reply.barrier, from: request.fromNode)
        return reply
    }
}
