/// Where a tile of a log lies below the folder that a web server gives out: C2SP tlog-tiles v0.1.0.
package enum TilePath {
    /// Hashes, or entries, of a full tile.
    package static let width = 256

    /// - Parameter kind: a level, or `entries`.
    package static func path(_ kind: String, index: Int, width: Int = width) -> String {
        var groups: [String] = []
        var rest = index
        repeat {
            let digits = String(rest % 1000)
            groups.insert((groups.isEmpty ? "" : "x") + String(repeating: "0", count: 3 - digits.count) + digits, at: 0)
            rest /= 1000
        } while rest > 0
        return "tile/\(kind)/\(groups.joined(separator: "/"))" + (width < Self.width ? ".p/\(width)" : "")
    }
}

/// The entries of a tile as one file: each after its length in two bytes, the larger first.
package enum EntryBundle {
    /// Nil where an entry is longer than its length can say.
    package static func encode(_ entries: [[UInt8]]) -> [UInt8]? {
        var bytes: [UInt8] = []
        for entry in entries {
            guard let count = UInt16(exactly: entry.count) else { return nil }
            bytes += [UInt8(count >> 8), UInt8(truncatingIfNeeded: count)] + entry
        }
        return bytes
    }

    /// Nil for bytes that end within an entry.
    package static func decode(_ bytes: [UInt8]) -> [[UInt8]]? {
        var entries: [[UInt8]] = []
        var at = 0
        while at < bytes.count {
            guard bytes.count - at >= 2 else { return nil }
            let count = Int(bytes[at]) << 8 | Int(bytes[at + 1])
            guard bytes.count - at - 2 >= count else { return nil }
            entries.append(Array(bytes[at + 2..<at + 2 + count]))
            at += 2 + count
        }
        return entries
    }
}
