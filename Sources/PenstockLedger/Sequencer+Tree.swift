internal import Foundation
internal import Logging
internal import PenstockCore
internal import PenstockCrypto
internal import PenstockNode
internal import PenstockProto
internal import PenstockStore
internal import SwiftProtobuf

/// The log's tree and the snapshots of the state: what is answered from them, and what makes the next start short.
extension Sequencer {
    /// - Parameter isEnd: nothing follows.
    func keepState(at now: Instant, isEnd: Bool = false) {
        do {
            try tree.saveTiles(to: store, atLeast: isEnd ? 1 : StoreLimits.tilesWaiting)
        } catch {
            logger.error("the tree's tiles were not stored", metadata: ["error": "\(error)"])
        }
        let isSound = ledger.state.view.position == tree.size && ledger.halted == nil
        if isEnd {
            stateSnapshots.finish(isSound ? ledger.state : nil, root: tree.root)
        } else if isSound, stateSnapshots.isDue(at: tree.size, now) {
            stateSnapshots.write(ledger.state, root: tree.root, at: now)
        }
    }

    /// Whether this log's tree has that root at that size. A node that has folded nothing agrees with every log.
    func agrees(_ applied: Position, _ root: [UInt8]) throws(Refusal) -> Bool {
        do {
            return try applied == 0 || tree.root(size: applied)?.bytes == root
        } catch {
            logger.error("the tree could not be read", metadata: ["error": "\(error)"])
            throw Refusal(.unavailable, "the ledger could not read its tree: \(error)", retryAfterMS: 1000)
        }
    }

    func headReply() -> Penstock_V1_HeadReply {
        .with {
            $0.position = tree.size
            $0.epoch = ledger.state.epoch
            $0.checkpoint = signedHead().encoded
            $0.time = ledgerTime()
            $0.snapshots = stateSnapshots.kept.map { kept in
                .with {
                    $0.position = kept.position
                    ($0.digest, $0.signature) = (Data(kept.digest.bytes), Data(kept.signature))
                }
            }
        }
    }
}
