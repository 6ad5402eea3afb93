internal import Foundation
internal import Logging
internal import PenstockCore
internal import PenstockCrypto
internal import PenstockProto
internal import PenstockStore
internal import PenstockSystem
internal import PenstockTransport
internal import PenstockWire
internal import SwiftProtobuf

/// Does what the turn says, in its order.
extension Sequencer {
    func runTurn() {
        while let (effects, commit) = turn.next(signer, at: Clocks.now()) {
            perform(effects)
            let outcome = write(commit)
            let head = commit.readsHead ? readHead() : .notRead
            perform(turn.finish(outcome, head: head, at: Clocks.now()))
        }
    }

    private func write(_ commit: LedgerCommit) -> LedgerCommit.Outcome {
        guard !commit.events.isEmpty else { return .durable(room: room(at: Clocks.now())) }
        do {
            let outcome = try store.append(
                commit.events.map { NewEvent(id: $0.event.id, bytes: $0.entry) }, ifHead: commit.first - 1,
                epoch: commit.epoch)
            guard case .appended = outcome else { return .unknown("another process has written the log: \(outcome)") }
        } catch {
            logger.error("the log was not written", metadata: ["error": "\(error)"])
            count("failed_commits")
            return error.code == .full ? .full(error.message, fits: provenRoom()) : .unknown("\(error)")
        }
        for event in commit.events { tree.append(MerkleTree.leafHash(event.entry)) }
        return .durable(room: room(at: Clocks.now()))
    }

    private func readHead() -> LedgerCommit.Head {
        do {
            let head = try store.head()
            return .read(head.position, epoch: head.epoch)
        } catch {
            logger.error("the log's head was not read", metadata: ["error": "\(error)"])
            count("failed_reads")
            return .unreadable("\(error)")
        }
    }

    func perform(_ effects: [LedgerEffect<RoutingID>]) {
        for effect in effects {
            switch effect {
            case .publishUrgent(let event, let position):
                _ = urgent.send(
                    encode(
                        UrgentPublication.with {
                            $0.position = position
                            $0.event = Data(event.entry)
                        }))
            case .publishLog(let events, let first, let restrictions):
                let checkpoint = restrictions.isEmpty ? "" : signCheckpoint(for: restrictions)
                publish(log: events, from: first, checkpoint: checkpoint)
            case .answer(let incoming, let answer): self.answer(incoming, answer)
            case .answerJoin(let route, .success(let position)): joins.answer(route, position: position)
            case .answerJoin(let route, .failure(let refusal)): joins.answer(route, refusal: refusal)
            case .recall(let route, let recalls):
                count("recalls")
                let recall = Penstock_V1_Recall.with {
                    $0.units = recalls.map { recall in
                        .with { ($0.grantID, $0.unit) = (recall.grantID, recall.unit) }
                    }
                }
                send(Reply(id: 0, .recall(recall)), to: route)
            case .admitMembers: _ = membership.update(ledger.state.view.members.values)
            case .cutConnections: cutConnections()
            case .endRestore: endRestore()
            case .reportHalt(let why): logger.critical("halted", metadata: ["why": "\(why)"])
            }
        }
    }

    private func answer(_ incoming: Incoming, _ answer: LedgerAnswer) {
        switch answer {
        case .refused(let refusal): refuse(incoming, refusal)
        case .submitted(let position, let id, let isDuplicate, let child):
            let submitted = Penstock_V1_Submitted.with {
                $0.position = position
                $0.eventID = Data(id.bytes)
                $0.duplicate = isDuplicate
                if let child {
                    $0.grant.grantID = child
                    complete(&$0.grant)
                }
            }
            send(Reply(id: incoming.id, .submitted(submitted)), to: incoming.route)
        case .reserved(let slices, let refused, _):
            let granted = slices.map {
                Purse.Granted(slice: $0.position, unit: $0.slice.unit, amount: $0.slice.amount, endsAt: $0.slice.endsAt)
            }
            send(
                Reply(id: incoming.id, .reserved(Penstock_V1_Reserved(granted, refused: refused))), to: incoming.route)
        case .echo(let echo):
            let reply = Penstock_V1_EchoReply.with {
                $0.nonce = echo.nonce
                $0.epoch = echo.epoch
                $0.head = echo.head
                $0.ledgerTimeMs = echo.ledgerTime
                $0.latestMs = echo.latest
                if let rates = echo.rates { $0.rates = rates.proto }
            }
            send(Reply(id: incoming.id, .echo(reply)), to: incoming.route)
        case .barrier(let barrier):
            let reply = page(describe(barrier, at: Clocks.now()), from: 0)
            send(Reply(id: incoming.id, .barrier(reply)), to: incoming.route)
        }
    }

    func refuse(_ incoming: Incoming, _ refusal: Refusal) {
        count("refused_\(refusal.code.rawValue)")
        send(Reply(id: incoming.id, .refused(refusal.proto)), to: incoming.route)
    }
}
