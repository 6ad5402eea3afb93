internal import Foundation
internal import PenstockNode

/// Lies beside a log that was restored from a backup, until every enforcer has told how far it had seen the log: over
/// any number of starts, the ledger waits for all of them.
package struct RestoreMarker: Codable {
    /// Of the backup.
    package var position: UInt64
    /// Enforcers that an operator has decided not to wait for.
    package var without: [String]

    package init(position: UInt64, without: [String]) {
        self.position = position
        self.without = without
    }

    private static func path(_ folder: String) -> String { folder + "/restored.json" }

    /// Refuses a damaged file: guessing "not restored" would serve a log that may lack a revoke.
    static func load(_ folder: String) throws(LedgerError) -> RestoreMarker? {
        guard FileManager.default.fileExists(atPath: path(folder)) else { return nil }
        guard let data = FileManager.default.contents(atPath: path(folder)) else {
            throw LedgerError(.corrupt, "\(path(folder)) cannot be read; restore the backup again")
        }
        do {
            return try StrictJSON.decode(RestoreMarker.self, from: data, path(folder))
        } catch {
            throw LedgerError(.corrupt, "\(error.message): it is damaged; restore the backup again", cause: error)
        }
    }

    package func save(_ folder: String) throws {
        try JSONEncoder().encode(self).write(to: URL(fileURLWithPath: Self.path(folder)), options: .atomic)
    }

    static func remove(_ folder: String) throws {
        try FileManager.default.removeItem(atPath: path(folder))
    }
}
