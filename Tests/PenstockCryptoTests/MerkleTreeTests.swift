internal import PenstockCore
internal import PenstockCrypto
internal import Testing

/// The definition of RFC 6962 section 2.1, as slow as it is written there.
private func referenceRoot(_ leaves: ArraySlice<Digest>) -> Digest {
    guard let first = leaves.first else { return SHA256.hash([]) }
    guard leaves.count > 1 else { return first }
    var split = 1
    while split * 2 < leaves.count { split *= 2 }
    let middle = leaves.startIndex + split
    let left = referenceRoot(leaves[..<middle])
    let right = referenceRoot(leaves[middle...])
    return SHA256.hash([1] + left.bytes + right.bytes)
}

/// Also for `MerkleProofTests`.
func leaves(_ count: Int) -> [Digest] {
    (0..<count).map { MerkleTree.leafHash(Array("entry \($0)".utf8)) }
}

@Suite struct MerkleTreeTests {
    /// The inputs and roots of Certificate Transparency's reference tests.
    @Test func knownRoots() throws {
        let inputs = [
            "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f",
        ]
        let roots = [
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
            "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
            "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
            "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
            "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
        ]
        var tree = MerkleTree()
        #expect(tree.root.hex == roots[0])
        for (index, input) in inputs.enumerated() {
            tree.append(MerkleTree.leafHash(try #require(Hex.decode(input))))
            #expect(tree.root.hex == roots[index + 1])
        }
        for (size, root) in roots.enumerated() {
            #expect(tree.root(size: UInt64(size))?.hex == root)
        }
    }

    @Test func everyRootEqualsTheDefinition() {
        let leaves = leaves(130)
        let tree = MerkleTree(leaves: leaves)
        for size in 0...130 {
            #expect(tree.root(size: UInt64(size)) == referenceRoot(leaves[..<size]))
        }
    }

    @Test func outOfRangeIsNil() {
        let tree = MerkleTree(leaves: leaves(5))
        #expect(tree.root(size: 6) == nil)
        #expect(tree.inclusionProof(index: 5, size: 5) == nil)
        #expect(tree.inclusionProof(index: 0, size: 6) == nil)
        #expect(tree.inclusionProof(index: 0, size: 0) == nil)
        #expect(tree.consistencyProof(from: 3, to: 6) == nil)
        #expect(tree.consistencyProof(from: 4, to: 3) == nil)
    }
}

@Suite struct MerkleFrontierTests {
    @Test func rootEqualsTheTreesAtEverySize() throws {
        var frontier = MerkleFrontier()
        var tree = MerkleTree()
        #expect(frontier.root == tree.root)
        for leaf in leaves(300) {
            frontier.append(leaf)
            tree.append(leaf)
            #expect(frontier.root == tree.root)
            #expect(frontier == tree.frontier)
            #expect(MerkleFrontier(size: frontier.size, hashes: frontier.hashes) == frontier)
        }
    }

    @Test func wrongNumberOfHashesIsRefused() {
        #expect(MerkleFrontier(size: 0, hashes: []) == MerkleFrontier())
        #expect(MerkleFrontier(size: 0, hashes: [.zero]) == nil)
        #expect(MerkleFrontier(size: 5, hashes: [.zero]) == nil)
        #expect(MerkleFrontier(size: 4, hashes: [.zero, .zero]) == nil)
    }
}
