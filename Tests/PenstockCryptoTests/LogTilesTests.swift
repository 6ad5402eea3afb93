internal import PenstockCore
internal import PenstockCrypto
internal import Testing

/// Tiles of a log, against the examples of C2SP tlog-tiles.
@Suite struct LogTilesTests {
    @Test func pathHasGroupsOfThreeDigits() {
        #expect(TilePath.path("0", index: 1_234_067, width: 256) == "tile/0/x001/x234/067")
        #expect(TilePath.path("entries", index: 0, width: 1) == "tile/entries/000.p/1")
        #expect(TilePath.path("2", index: 1000, width: 255) == "tile/2/x001/000.p/255")
    }

    @Test func treeOfSeventyThousandHasTheTilesOfTheExample() {
        var tiles = LogTiles()
        var tree = MerkleTree()
        for number in 0..<70_000 {
            let leaf = SHA256.hash("\(number)")
            tiles.append(leaf)
            tree.append(leaf)
        }
        let all = tiles.tiles
        #expect(all.count == 274 + 2 + 1)
        #expect(all.count { $0.path.hasPrefix("tile/0/") && $0.hashes.count == 256 } == 273)
        #expect(
            all.filter { $0.hashes.count < 256 }.map(\.path) == [
                "tile/0/273.p/112", "tile/1/001.p/17", "tile/2/000.p/1",
            ])
        // The first hash two levels up is the root of the first 65,536 leaves.
        var first = MerkleTree()
        for number in 0..<65_536 { first.append(SHA256.hash("\(number)")) }
        #expect(all.last?.hashes.first == first.root)
    }

    @Test func emptyLogHasNoTile() {
        #expect(LogTiles().tiles.isEmpty)
    }
}
