internal import Foundation
internal import PenstockCore
internal import PenstockCrypto
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
    /// SHA-256 of the rest, hexadecimal; a file of an older version lacks it. A root that a disk has changed would
    /// accuse the ledger of another log.
    private var check: String?

    private init() {}

    init(_ log: SeenLog) {
        (position, root, epoch) = (log.position, log.root.hex, log.epoch)
        (heard, shipped) = (log.heard, log.shipped)
    }

    var log: SeenLog {
        var log = SeenLog()
        (log.position, log.root, log.epoch) = (position, Digest(hex: root) ?? .zero, epoch)
        (log.heard, log.shipped) = (heard ?? 0, shipped)
        return log
    }

    /// Refuses a damaged file: guessing "nothing seen" would let an old log in.
    static func load(_ folder: String) throws(EnforcerError) -> Seen {
        let path = folder + "/seen.json"
        guard FileManager.default.fileExists(atPath: path) else { return Seen() }
        let data = FileManager.default.contents(atPath: path) ?? Data()
        let advice = "restore it, or remove it if you are sure that the ledger's log is the newest"
        let seen: Seen
        do {
            seen = try StrictJSON.decode(Seen.self, from: data, path)
        } catch {
            throw EnforcerError(.corrupt, "\(error.message): it is damaged; \(advice)", cause: error)
        }
        guard seen.check == nil || seen.check == (try? seen.sum) else {
            throw EnforcerError(.corrupt, "\(path) is damaged: it is not what was written; \(advice)")
        }
        return seen
    }

    func save(_ folder: String) throws {
        var checked = self
        checked.check = try sum
        try checked.encoded.write(to: URL(fileURLWithPath: folder + "/seen.json"), options: .atomic)
    }

    private var sum: String {
        get throws {
            var rest = self
            rest.check = nil
            return Hex.encode(SHA256.hash([UInt8](try rest.encoded)).bytes)
        }
    }

    private var encoded: Data {
        get throws {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys]
            return try encoder.encode(self)
        }
    }
}
