internal import Foundation
internal import GRDB
package import PenstockCore

extension SQLiteStore {
    package func saveCheckpoint(size: UInt64, note: String) throws(StoreError) {
        try writeLog("saving the checkpoint of size \(size)") { db in
            try db.cachedStatement(sql: "INSERT OR REPLACE INTO checkpoint VALUES (?, ?)")
                .execute(arguments: [Int64(clamping: size), note])
        }
    }

    package func checkpoint(atLeast size: UInt64) throws(StoreError) -> (size: UInt64, note: String)? {
        try readLog("looking for a checkpoint of size \(size)") { db in
            let statement = try db.cachedStatement(
                sql: "SELECT size, note FROM checkpoint WHERE size >= ? ORDER BY size LIMIT 1")
            return try Row.fetchOne(statement, arguments: [Int64(clamping: size)]).map {
                (size: UInt64(bitPattern: try $0.value(0)), note: try $0.value(1))
            }
        }
    }

    package func saveCosignature(size: UInt64, node: String, line: String) throws(StoreError) {
        try writeLog("saving a cosignature of \(node)") { db in
            try db.cachedStatement(sql: "INSERT OR REPLACE INTO cosignature VALUES (?, ?, ?)")
                .execute(arguments: [Int64(clamping: size), node, line])
        }
    }

    package func cosignatures(size: UInt64) throws(StoreError) -> [(node: String, line: String)] {
        try readLog("reading the cosignatures of size \(size)") { db in
            let statement = try db.cachedStatement(
                sql: "SELECT node, line FROM cosignature WHERE size = ? ORDER BY node")
            return try Row.fetchAll(statement, arguments: [Int64(clamping: size)]).map {
                (node: try $0.value(0), line: try $0.value(1))
            }
        }
    }

    /// Everything in one transaction: a receipt's evidence comes in many pieces at once.
    package func saveEvidence(
        checkpoints: [(size: UInt64, note: String)], cosignatures: [(size: UInt64, node: String, line: String)],
        receipts: [(position: Position, json: [UInt8])]
    ) throws(StoreError) {
        try writeLog("saving \(receipts.count) receipts") { db in
            for (size, note) in checkpoints {
                try db.cachedStatement(sql: "INSERT OR REPLACE INTO checkpoint VALUES (?, ?)").execute(arguments: [
                    Int64(clamping: size), note,
                ])
            }
            for (size, node, line) in cosignatures {
                try db.cachedStatement(sql: "INSERT OR REPLACE INTO cosignature VALUES (?, ?, ?)")
                    .execute(arguments: [Int64(clamping: size), node, line])
            }
            for (position, json) in receipts {
                try db.cachedStatement(sql: "INSERT OR REPLACE INTO receipt VALUES (?, ?)").execute(arguments: [
                    Int64(clamping: position), Data(json),
                ])
            }
        }
    }

    package func saveReceipt(position: Position, json: [UInt8]) throws(StoreError) {
        try writeLog("saving the receipt of position \(position)") { db in
            try db.cachedStatement(sql: "INSERT OR REPLACE INTO receipt VALUES (?, ?)")
                .execute(arguments: [Int64(clamping: position), Data(json)])
        }
    }

    package func receipt(position: Position) throws(StoreError) -> [UInt8]? {
        try readLog("reading the receipt of position \(position)") { db in
            let statement = try db.cachedStatement(sql: "SELECT json FROM receipt WHERE position = ?")
            return try Row.fetchOne(statement, arguments: [Int64(clamping: position)]).map {
                [UInt8](try $0.value(0) as Data)
            }
        }
    }
}
