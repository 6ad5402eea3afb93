internal import Foundation
internal import PenstockCore
internal import PenstockCrypto
internal import PenstockEvidence
internal import PenstockNode
internal import PenstockProto
internal import PenstockWire
internal import SwiftProtobuf

/// A small mesh, the same every time: its operator's revoke is the third entry of five, under a checkpoint that the
/// ledger signed and two enforcers cosigned. Nobody who fuzzes can sign for it.
enum Sample {
    static let mesh = "acme"

    static func key(_ byte: UInt8) -> SigningKey {
        guard let key = try? SigningKey(seed: [UInt8](repeating: byte, count: 32)) else {
            preconditionFailure("32 bytes are a seed")
        }
        return key
    }

    static let operatorKeys = NodeKeys(
        name: "ana", role: .operator, signing: key(4).publicKey.bytes, channel: [UInt8](repeating: 9, count: 32))

    static let revoke: SignedEvent = {
        let restriction = Restriction(level: .revoke, selector: .run("run-1"), reason: "leaked", expiresAt: 0)
        let body = EventCodec.encode(
            mesh: mesh, origin: "ana", createdAt: 1_790_000_000_123, nonce: [UInt8](repeating: 7, count: 16),
            kind: .restricted(restriction))
        let bytes = SignedBytes(body: body, signature: key(4).sign(SignedBytes.signedMessage(body: body)))
        guard let event = try? SignedEvent(entry: bytes.entry) else { preconditionFailure("what was encoded decodes") }
        return event
    }()

    static let signer = must { () throws(NoteKeyError) in try CheckpointSigner(name: mesh, key: key(1)) }
    static let cosigners = [UInt8(2), 3].map { byte in
        must { () throws(NoteKeyError) in try Cosigner(name: "gw-\(byte)", key: key(byte)) }
    }

    static let policy = must { () throws(PolicyError) in
        try Policy(
            logs: [.init(key: signer.noteKey)],
            witnesses: cosigners.map { .init(name: $0.noteKey.name, key: $0.noteKey) },
            groups: [.init(name: "all", .all, of: cosigners.map(\.noteKey.name))], quorum: "all")
    }

    private static let tree = MerkleTree(leaves: [[1], [2], revoke.entry, [4], [5]].map { MerkleTree.leafHash($0) })
    static let size = tree.size
    static let root = tree.root

    static let proof: TlogProof = {
        let checkpoint = must { () throws(CheckpointError) in try Checkpoint(origin: mesh, size: size, root: root) }
        var note = signer.sign(checkpoint)
        for cosigner in cosigners { note.add(cosigner.cosign(checkpoint, unixSeconds: 1_800_000_000)) }
        return TlogProof(index: 2, hashes: tree.inclusionProof(index: 2, size: size) ?? [], note: note)
    }()

    static let barrier = Penstock_V1_BarrierReply.with {
        $0.position = 3
        $0.eventID = Data(revoke.event.id.bytes)
        $0.state = .closed
        $0.elapsedUs = 1500
        $0.boundMs = 1100
        $0.nodes = [("gw-2", .enforced), ("gw-3", .enforced), ("gw-4", .fenced)].map { (name, state) in
            .with {
                $0.node = name
                $0.incarnation = Data([UInt8](repeating: 5, count: 16))
                $0.state = state
                $0.afterMs = 2
                $0.appliedPosition = 3
            }
        }
    }

    /// What the ledger signed of it.
    static let statement = ReceiptStatement.text(mesh: mesh, barrier: barrier)

    static let receipt = Receipt(
        mesh: mesh, barrier: BarrierView(barrier), event: Base64.encode(revoke.entry),
        statementSignature: Base64.encode(key(1).sign(statement)), elapsedUs: 1500, complete: true)

    private static func must<T, E: Error>(_ make: () throws(E) -> T) -> T {
        do {
            return try make()
        } catch {
            preconditionFailure("the sample is wrong: \(error)")
        }
    }
}
