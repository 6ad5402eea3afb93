extension String {
    /// Whether a tool may take it for the same path: doubled slashes, `.` and whatever readers pass over tell no two
    /// apart, and a segment `..` may lead anywhere.
    package func mayBeSamePath(as other: String) -> Bool {
        if isSame(as: other) { return true }
        guard LaxPath.isSpelling(self) || LaxPath.isSpelling(other) else { return false }
        // Spelling out a text takes time for each of its bytes, and this is asked while nobody else can decide.
        guard max(utf8.count, other.utf8.count) <= LaxPath.spelledBytes else { return true }
        guard let path = LaxPath.plain(self), let other = LaxPath.plain(other) else { return true }
        return path.whole == other.whole || path.whole.prefix(path.end) == other.whole[...]
    }
}

extension LaxPath {
    /// Linux's PATH_MAX: no longer text names a file to most tools.
    static let spelledBytes = 4096

    /// Whether there may be another way to write the same path.
    static func isSpelling(_ text: String) -> Bool {
        text.utf8.contains { byte in
            switch byte {
            case 0...32, 127..., UInt8(ascii: "/"), UInt8(ascii: "\\"), UInt8(ascii: "%"), UInt8(ascii: "."),
                UInt8(ascii: "?"), UInt8(ascii: "#"), UInt8(ascii: ";"):
                true
            default: false
            }
        }
    }

    /// The path in one spelling, and where it ends for a reader to whom `?`, `#`, `;` or a zero byte ends it. Nil for
    /// one that may lead anywhere.
    static func plain(_ text: String) -> (whole: [UInt8], end: Int)? {
        var text = text
        return text.withUTF8 { bytes in
            withUnsafeTemporaryAllocation(of: Unit.self, capacity: bytes.count) { units in
                plain(units, decode(bytes, into: units))
            }
        }
    }

    private static func plain(_ units: UnsafeMutableBufferPointer<Unit>, _ count: Int) -> (whole: [UInt8], end: Int)? {
        var whole: [UInt8] = []
        var end: Int?
        var segment: [UInt8] = []
        var at = 0
        var hasBegun = false
        /// Whether the segment is one that leads nowhere else.
        func close() -> Bool {
            while segment.last == 32 { segment.removeLast() }
            segment.removeFirst(segment.prefix { $0 == 32 }.count)
            defer { segment.removeAll(keepingCapacity: true) }
            let dots = segment.allSatisfy { $0 == UInt8(ascii: ".") } ? segment.count : 0
            if dots != 1 { whole += segment }
            return dots != 2
        }
        while at < count {
            let (reading, length) = read(at, count) { units[$0] }
            let byte = units[at].byte
            at += length
            switch reading {
            case .slash:
                guard close() else { return nil }
                if !hasBegun || !whole.isEmpty && whole.last != UInt8(ascii: "/") { whole.append(UInt8(ascii: "/")) }
            case .end:
                guard close() else { return nil }
                end = end ?? whole.count
                whole.append(byte)
            case .nothing:
                // Within a segment a blank is one.
                if byte == 32 { segment.append(byte) }
                continue
            case .overlong: return nil
            case .dot: segment.append(UInt8(ascii: "."))
            case .twoDots: segment += "..".utf8
            case .other: segment.append(byte)
            }
            hasBegun = true
        }
        guard close() else { return nil }
        func trimmed(_ count: Int) -> Int { count > 1 && whole[count - 1] == UInt8(ascii: "/") ? count - 1 : count }
        let stop = trimmed(end ?? whole.count)
        if end == nil { whole.removeLast(whole.count - stop) }
        return (whole, stop)
    }
}
