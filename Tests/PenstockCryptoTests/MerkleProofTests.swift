internal import PenstockCore
internal import PenstockCrypto
internal import Testing

private func flip(_ bit: Int, of digest: Digest) -> Digest {
    var bytes = digest.bytes
    bytes[bit / 8] ^= 1 << (bit % 8)
    return Digest(bytes) ?? .zero
}

@Suite struct MerkleProofTests {
    private static let size = 64
    private let entries = leaves(size)
    private let tree = MerkleTree(leaves: leaves(size))

    @Test(arguments: 1...size)
    func inclusion(size: Int) throws {
        let size = UInt64(size)
        let root = try #require(tree.root(size: size))
        for index in 0..<size {
            let leaf = entries[Int(index)]
            let proof = try #require(tree.inclusionProof(index: index, size: size))
            func holds(_ leaf: Digest, _ index: UInt64, _ proof: [Digest], _ root: Digest) -> Bool {
                MerkleProof.verifyInclusion(leaf: leaf, index: index, size: size, proof: proof, root: root)
            }
            #expect(holds(leaf, index, proof, root))
            let bit = Int(size * 31 + index * 7) % 256
            #expect(!holds(flip(bit, of: leaf), index, proof, root))
            #expect(!holds(leaf, index, proof, flip(bit, of: root)))
            for place in proof.indices {
                var changed = proof
                changed[place] = flip(bit, of: proof[place])
                #expect(!holds(leaf, index, changed, root))
            }
            #expect(!holds(leaf, index, proof + [root], root))
            #expect(!holds(leaf, size, proof, root))
            if !proof.isEmpty { #expect(!holds(leaf, index, Array(proof.dropLast()), root)) }
            if size > 1 { #expect(!holds(leaf, (index + 1) % size, proof, root)) }
        }
    }

    @Test(arguments: 0...size)
    func consistency(size: Int) throws {
        let to = UInt64(size)
        let new = try #require(tree.root(size: to))
        for from in 0...to {
            let old = try #require(tree.root(size: from))
            let proof = try #require(tree.consistencyProof(from: from, to: to))
            func holds(_ old: Digest, _ new: Digest, _ proof: [Digest]) -> Bool {
                MerkleProof.verifyConsistency(from: from, to: to, oldRoot: old, newRoot: new, proof: proof)
            }
            #expect(holds(old, new, proof))
            let bit = Int(to * 31 + from * 7) % 256
            #expect(!holds(flip(bit, of: old), new, proof))
            // Nothing is claimed about what follows an empty tree.
            if from > 0 { #expect(!holds(old, flip(bit, of: new), proof)) }
            for place in proof.indices {
                var changed = proof
                changed[place] = flip(bit, of: proof[place])
                #expect(!holds(old, new, changed))
            }
            #expect(!holds(old, new, proof + [new]))
            if !proof.isEmpty { #expect(!holds(old, new, Array(proof.dropLast()))) }
        }
    }

    @Test func everyBitCounts() throws {
        let root = try #require(tree.root(size: 13))
        let inclusion = try #require(tree.inclusionProof(index: 9, size: 13))
        let old = try #require(tree.root(size: 6))
        let consistency = try #require(tree.consistencyProof(from: 6, to: 13))
        for bit in 0..<256 {
            for place in inclusion.indices {
                var changed = inclusion
                changed[place] = flip(bit, of: changed[place])
                #expect(
                    !MerkleProof.verifyInclusion(leaf: entries[9], index: 9, size: 13, proof: changed, root: root))
            }
            for place in consistency.indices {
                var changed = consistency
                changed[place] = flip(bit, of: changed[place])
                #expect(
                    !MerkleProof.verifyConsistency(from: 6, to: 13, oldRoot: old, newRoot: root, proof: changed))
            }
        }
    }

    @Test func shrinkingIsNeverConsistent() {
        #expect(!MerkleProof.verifyConsistency(from: 2, to: 1, oldRoot: .zero, newRoot: .zero, proof: []))
    }
}
