internal import Foundation
internal import PenstockCore
internal import PenstockNode

/// The newest log that this node has folded, kept over restarts: a ledger that does not extend it is not followed.
struct Seen: Codable {
    var position: UInt64 = 0
    /// Hexadecimal.
    var root = ""
    var epoch: UInt64 = 0
    /// The highest position heard of in any way; a file of an older version lacks it.
    var heard: UInt64?
    /// Decision records up to this sequence are at the ledger.
    var shipped: UInt64 = 0

    /// Refuses a damaged file: guessing "nothing seen" would let an old log in.
    static func load(_ folder: String) throws(EnforcerError) -> Seen {
        let path = folder + "/seen.json"
        guard FileManager.default.fileExists(atPath: path) else { return Seen() }
        let data = FileManager.default.contents(atPath: path) ?? Data()
        do {
            return try StrictJSON.decode(Seen.self, from: data, path)
        } catch {
            throw EnforcerError("\(error.message): it is damaged; restore it, or remove it if you are sure that the ledger's log is the newest")
        }
    }

    func save(_ folder: String) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        try encoder.encode(self).write(to: URL(fileURLWithPath: folder + "/seen.json"), options: .atomic)
    }
}
