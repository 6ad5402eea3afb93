internal import Foundation
internal import GRDB
internal import PenstockCore

/// A full tile of the log's tree: 256 hashes, one after the other. It follows from the events; it is kept so that no
/// start need read them all again.
package struct StoredTile: Sendable, Equatable {
    package var level: Int
    package var index: Int
    package var hashes: [UInt8]

    package init(level: Int, index: Int, hashes: [UInt8]) {
        self.level = level
        self.index = index
        self.hashes = hashes
    }
}

extension SQLiteStore {
    /// Stores tiles, all or none. The caller sees to it that restrictions keep their room.
    package func saveTiles(_ tiles: [StoredTile]) throws(StoreError) {
        try writeLog("saving \(tiles.count) tiles") { db in
            let statement = try db.cachedStatement(sql: "INSERT OR REPLACE INTO tile VALUES (?, ?, ?, ?)")
            for tile in tiles {
                try statement.execute(arguments: [
                    tile.level, tile.index, Data(tile.hashes), Self.checksum(tile),
                ])
            }
        }
    }

    /// Throws `.corrupt` where the tile is missing or changed.
    package func tile(level: Int, index: Int) throws(StoreError) -> [UInt8] {
        try readLog("reading tile \(level)/\(index)") { db in
            let statement = try db.cachedStatement(
                sql: "SELECT hashes, checksum FROM tile WHERE level = ? AND number = ?")
            let row = try Row.fetchOne(statement, arguments: [level, index])
            if let row {
                let tile = StoredTile(level: level, index: index, hashes: [UInt8](try row.value(0) as Data))
                if tile.hashes.count == StoreLimits.tileBytes, try row.value(1) == Self.checksum(tile) {
                    return tile.hashes
                }
            }
            throw StoreError(
                .corrupt,
                "\(self.log.path): tile \(level)/\(index) is \(row == nil ? "missing" : "changed"); restore a backup"
            )
        }
    }

    /// How many full tiles of level 0 there are, without a gap and with every full tile above them. 0, and no tile
    /// left, where that is not so: all of them follow from the events.
    package func countTiles() throws(StoreError) -> Int {
        let levels = try readLog("counting the tree's tiles") { db in
            try Row.fetchAll(
                db, sql: "SELECT level, count(*), max(number) FROM tile GROUP BY level ORDER BY level"
            ).map { (level: try $0.value(0) as Int, count: try $0.value(1) as Int, last: try $0.value(2) as Int) }
        }
        var expected = levels.first?.count ?? 0
        let head = try head().position
        var isWhole = Position(expected) * Position(StoreLimits.hashesPerTile) <= head
        for (number, level) in levels.enumerated() {
            isWhole = isWhole && level == (number, expected, expected - 1)
            expected /= StoreLimits.hashesPerTile
        }
        if isWhole, expected == 0 { return levels.first?.count ?? 0 }
        try writeLog("removing tiles") { try $0.execute(sql: "DELETE FROM tile") }
        return 0
    }

    private static func checksum(_ tile: StoredTile) -> Int64 {
        RowChecksum.of(
            position: Position(tile.index) << 8 | Position(tile.level), id: .zero, bytes: tile.hashes)
    }
}
