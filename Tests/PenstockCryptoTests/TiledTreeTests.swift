internal import PenstockCore
internal import PenstockCrypto
internal import Testing

@Suite struct TiledTreeTests {
    /// Tiles as they were handed over; counts how often one is asked for.
    private final class Tiles: TileSource {
        struct Missing: Error {}
        var kept: [TilePlace: [Digest]] = [:]
        var reads = 0

        func hashes(of tile: TilePlace) throws(Missing) -> [Digest] {
            reads += 1
            guard let hashes = kept[tile] else { throw Missing() }
            return hashes
        }

        func take(_ tree: TiledTree<Tiles>, _ count: Int = .max) {
            let tiles = tree.unsaved.prefix(count)
            for tile in tiles { kept[tile.place] = tile.hashes.leaves }
            tree.saved(tiles.count)
        }

        var fullTiles: Int { kept.keys.count { $0.level == 0 } }
    }

    private func leaf(_ number: Int) -> Digest { Digest(words: (UInt64(number), 1, 2, 3)) }

    @Test(arguments: [0, 1, 2, 255, 256, 257, 511, 512, 1000, 65_535, 65_536, 65_537, 66_100])
    func answersAsTheWholeTreeDoes(count: Int) throws {
        let tiles = Tiles()
        let tree = try TiledTree(tiles, fullTiles: 0)
        var whole = MerkleTree()
        for number in 0..<count {
            tree.append(leaf(number))
            whole.append(leaf(number))
            if number.isMultiple(of: 3_000) { tiles.take(tree) }
        }
        try agree(tree, whole)
        tiles.take(tree)
        try agree(tree, whole)
    }

    @Test(arguments: [255, 256, 5_000, 65_536, 70_000]) func goesOnFromItsTiles(count: Int) throws {
        let tiles = Tiles()
        let before = try TiledTree(tiles, fullTiles: 0)
        for number in 0..<count { before.append(leaf(number)) }
        tiles.take(before)
        let tree = try TiledTree(tiles, fullTiles: tiles.fullTiles)
        #expect(tree.size == UInt64(count / 256 * 256))
        for number in Int(tree.size)..<count + 300 { tree.append(leaf(number)) }
        try agree(tree, MerkleTree(leaves: (0..<count + 300).map(leaf)))
    }

    @Test func rootsOfLateAreKnownWithoutTheSource() throws {
        let tiles = Tiles()
        let tree = try TiledTree(tiles, fullTiles: 0)
        for number in 0..<20_000 { tree.append(leaf(number)) }
        tiles.take(tree)
        for size in UInt64(16_000)...20_000 { _ = try tree.root(size: size) }
        #expect(tiles.reads == 0)
    }

    @Test func missingTileIsAnErrorAndNoRoot() throws {
        let tiles = Tiles()
        let tree = try TiledTree(tiles, fullTiles: 0)
        for number in 0..<40_000 { tree.append(leaf(number)) }
        tiles.take(tree)
        tiles.kept = [:]
        #expect(throws: Tiles.Missing.self) { try tree.root(size: 100) }
        #expect(throws: Tiles.Missing.self) { try TiledTree(tiles, fullTiles: 3) }
        #expect(tree.root == MerkleTree(leaves: (0..<40_000).map(leaf)).root)
    }

    private func agree(_ tree: TiledTree<Tiles>, _ whole: MerkleTree) throws {
        #expect(tree.size == whole.size)
        #expect(tree.root == whole.root)
        #expect(tree.frontier == whole.frontier)
        #expect(try tree.root(size: whole.size + 1) == nil)
        var random = SystemRandomNumberGenerator()
        let sizes = [whole.size] + (0..<200).map { _ in UInt64.random(in: 0...whole.size, using: &random) }
        for size in sizes {
            #expect(try tree.root(size: size) == whole.root(size: size))
            guard size > 0 else { continue }
            let index = UInt64.random(in: 0..<size, using: &random)
            #expect(try tree.inclusionProof(index: index, size: size) == whole.inclusionProof(index: index, size: size))
            #expect(try tree.consistencyProof(from: index, to: size) == whole.consistencyProof(from: index, to: size))
        }
    }
}
