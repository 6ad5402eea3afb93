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

extension Sequencer {
    /// What reads, and what does not go through the log.
    func answer(_ kind: Request.OneOf_Kind, _ incoming: Incoming) {
        do {
            try kind.check(askedBy: incoming.sender.role)
            let reply: Reply.OneOf_Kind
            switch kind {
            case .fetch(let fetch): reply = .fetched(try fetched(from: fetch.from))
            case .snapshot(let request): reply = .snapshot(try chunk(request))
            case .decisions(let detail):
                try keep(detail, incoming)
                return
            case .cosign(let cosign):
                take(cosign, incoming)
                return
            case .receipt(let request): reply = .receipt(try receipt(request, for: incoming.sender))
            case .status(let query): reply = .status(status(from: query.from, for: incoming.sender))
            case .barrier(let query): reply = .barrier(try barrier(query, for: incoming.sender))
            case .audit(let query):
                try look(query, incoming)
                return
            case .head: reply = .head(headReply())
            case .budgets(let query):
                var rows = query.node.isEmpty ? budgets(query) : slices(ofNode: query.node, after: query.afterSlice)
                rows.position = ledger.state.view.position
                reply = .budgets(rows.shown(to: incoming.sender))
            case .grants(let query):
                try list(query, incoming)
                return
            case .restrictions(let query):
                reply = .restrictions(try restrictions(query))
            case .rates(let query):
                reply = .rates(try rates(query))
            case .members(let query):
                reply = .members(try members(query, for: incoming.sender))
            case .proof(let request): reply = .proof(try proof(request))
            case .submit, .reserve, .echo, .ack: return
            }
            let bytes = send(Reply(id: incoming.id, reply), to: incoming.route)
            shares.replied(bytes, to: incoming.sender.name, at: Clocks.now())
        } catch let refusal as Refusal {
            refuse(incoming, refusal)
        } catch {
            logger.error("a request failed", metadata: ["error": "\(printed(error))"])
            refuse(
                incoming,
                Refusal(.unavailable, "the ledger could not read its store: \(printed(error))", retryAfterMS: 1000))
        }
    }

    private func fetched(from: Position) throws -> Penstock_V1_Fetched {
        guard from > 0 else { throw Refusal(.malformed, "positions start at 1") }
        let page = from > tree.size ? [] : try store.read(from: from, maxCount: 2048, maxBytes: Limits.pageBytes)
        return .with {
            $0.first = from
            $0.events = page.map { Data($0.bytes) }
            $0.head = tree.size
        }
    }

    private func keep(_ detail: Penstock_V1_DecisionDetail, _ incoming: Incoming) throws(Refusal) {
        guard let incarnation = Incarnation(detail.incarnation), detail.count > 0, detail.firstSequence > 0,
            !detail.event.isEmpty
        else {
            throw Refusal(.malformed, "a batch of decisions lacks its numbers or its event")
        }
        guard detail.firstSequence <= .max - UInt64(detail.count) else {
            throw Refusal(.malformed, "a batch of decisions ends past the last number")
        }
        try ledger.admit(incarnation, from: incoming.sender)
        try ledger.checkRoom(for: .decisionBatch)
        guard detail.records.count <= 2 * Limits.pageBytes else {
            throw Refusal(.malformed, "a batch has at most \(2 * Limits.pageBytes) bytes")
        }
        let (records, event) = ([UInt8](detail.records), [UInt8](detail.event))
        guard
            archive.save(
                incoming, incarnation: incarnation, first: detail.firstSequence, count: detail.count, bytes: records,
                event: event)
        else {
            throw Refusal(.busy, "the ledger has more decisions to write than it can take up", retryAfterMS: 200)
        }
    }

    /// Takes the events of the batches that are durable now. Where the ledger has had a part of one, its node makes another.
    func enterArchived() {
        for saved in archive.takeSaved() {
            do throws(StoreError) {
                let through = try saved.through.get()
                guard ledger.state.view.member(saved.incoming.sender.name) == saved.incoming.sender else {
                    refuse(saved.incoming, Refusal(.notPermitted, "the node was expelled"))
                    continue
                }
                if through == saved.batch.firstSequence + UInt64(saved.batch.count) - 1 {
                    guard let event = try? SignedEvent(entry: saved.event),
                        event.event.kind == .decisionBatch(saved.batch)
                    else {
                        refuse(saved.incoming, Refusal(.malformed, "the event is not that of the decisions beside it"))
                        continue
                    }
                    enter([(.submit(.with { $0.event = Data(saved.event) }), saved.incoming)])
                } else {
                    send(
                        Reply(id: saved.incoming.id, .decisions(.with { $0.through = through })),
                        to: saved.incoming.route)
                }
            } catch {
                logger.error("decisions were not kept", metadata: ["error": "\(error)"])
                switch error.code {
                case .duplicate: refuse(saved.incoming, Refusal(.exists, error.message))
                case .full: refuse(saved.incoming, Refusal(.full, error.message, retryAfterMS: 1000))
                default:
                    refuse(
                        saved.incoming,
                        Refusal(.unavailable, "the ledger could not write to its store: \(error)", retryAfterMS: 1000))
                }
            }
        }
    }

    private func proof(_ request: Penstock_V1_ProofRequest) throws -> Penstock_V1_ProofReply {
        guard request.position > 0, request.position <= request.size,
            let proof = try tree.inclusionProof(index: request.position - 1, size: request.size)
        else { throw Refusal(.notFound, "the log has no such positions") }
        return .with {
            $0.size = request.size
            $0.proof = proof.map { Data($0.bytes) }
        }
    }
}
