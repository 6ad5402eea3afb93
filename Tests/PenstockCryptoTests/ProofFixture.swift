internal import PenstockCore
internal import PenstockCrypto

/// A small mesh: a log of eleven entries, two witnesses, and a proof of the sixth entry under their checkpoint.
struct ProofFixture {
    static let origin = "mesh.example/log"
    static let unixSeconds: [UInt64] = [1_800_000_000, 1_800_000_007]

    let signer: CheckpointSigner
    let cosigners: [Cosigner]
    let entries: [[UInt8]]
    let tree: MerkleTree
    let policy: Policy
    let proof: TlogProof

    init(entries count: Int = 11, index: Int = 5, extra: [UInt8]? = nil) throws {
        signer = try CheckpointSigner(name: Self.origin, key: SigningKey(seed: [UInt8](repeating: 1, count: 32)))
        cosigners = try (0..<2).map {
            try Cosigner(
                name: "mesh.example/node-\($0)", key: SigningKey(seed: [UInt8](repeating: UInt8(2 + $0), count: 32)))
        }
        entries = (0..<count).map { Array("event \($0)".utf8) }
        tree = MerkleTree(leaves: entries.map { MerkleTree.leafHash($0) })
        policy = try Policy(
            logs: [.init(key: signer.noteKey)],
            witnesses: cosigners.enumerated().map { .init(name: "node-\($0)", key: $1.noteKey) },
            groups: [.init(name: "nodes", .all, of: ["node-0", "node-1"])], quorum: "nodes")
        let checkpoint = try Checkpoint(origin: Self.origin, size: tree.size, root: tree.root)
        var note = signer.sign(checkpoint)
        for (cosigner, seconds) in zip(cosigners, Self.unixSeconds) {
            note.add(cosigner.cosign(checkpoint, unixSeconds: seconds))
        }
        let hashes = tree.inclusionProof(index: UInt64(index), size: tree.size) ?? []
        proof = TlogProof(extra: extra, index: UInt64(index), hashes: hashes, note: note)
    }
}
