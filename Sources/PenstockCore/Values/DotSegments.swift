/// Paths that policy reads in one way and a tool in another: after a prefix, `..` leads out of what begins with it.
///
/// Bytes are read as the laxest of readers would: as they are written or percent-encoded, once or several times; either
/// slash divides segments; `?`, `#`, `;` and a zero byte end one; blanks and control characters count for nothing.
extension String {
    /// Whether a segment that ends past its first `prefix` bytes is `.` or `..`.
    package func hasDotSegment(after prefix: Int) -> Bool {
        if let found = utf8.withContiguousStorageIfAvailable({ DotSegments.follow($0, after: prefix) }) { return found }
        var text = self
        return text.withUTF8 { DotSegments.follow($0, after: prefix) }
    }
}

extension String {
    /// Whether a tool may take it for the same path: doubled slashes, `.` and whatever readers pass over tell no two apart, and a
    /// segment `..` may lead anywhere.
    package func mayBeSamePath(as other: String) -> Bool {
        if isSame(as: other) { return true }
        guard DotSegments.isSpelling(self) || DotSegments.isSpelling(other) else { return false }
        guard let path = DotSegments.plain(self), let other = DotSegments.plain(other) else { return true }
        return path.whole == other.whole || path.whole.prefix(path.end) == other.whole[...]
    }
}

private enum DotSegments {
    /// Whether there may be another way to write the same path.
    static func isSpelling(_ text: String) -> Bool {
        text.utf8.contains { byte in
            switch byte {
            case 0...32, 127, UInt8(ascii: "/"), UInt8(ascii: "\\"), UInt8(ascii: "%"), UInt8(ascii: "."), UInt8(ascii: "?"), UInt8(ascii: "#"), UInt8(ascii: ";"): true
            default: false
            }
        }
    }

    /// The path in one spelling, and where it ends for a reader to whom `?`, `#`, `;` or a zero byte ends it. Nil for one that may
    /// lead anywhere.
    static func plain(_ text: String) -> (whole: [UInt8], end: Int)? {
        var text = text
        return text.withUTF8 { bytes -> (whole: [UInt8], end: Int)? in
            var whole: [UInt8] = []
            var end: Int?
            var segment: [UInt8] = []
            var at = 0
            var hasBegun = false
            /// Whether the segment is one that leads nowhere else.
            func close() -> Bool {
                while segment.last == 32 { segment.removeLast() }
                segment.removeFirst(segment.prefix { $0 == 32 }.count)
                if segment == Array(".".utf8) { segment = [] }
                whole += segment
                defer { segment = [] }
                return segment != Array("..".utf8)
            }
            while at < bytes.count {
                let (byte, next) = bytes[at] == UInt8(ascii: "%") ? decoded(bytes, at) : (bytes[at], at + 1)
                switch byte {
                case UInt8(ascii: "/"), UInt8(ascii: "\\"):
                    guard close() else { return nil }
                    if !hasBegun || !whole.isEmpty && whole.last != UInt8(ascii: "/") { whole.append(UInt8(ascii: "/")) }
                case UInt8(ascii: "?"), UInt8(ascii: "#"), UInt8(ascii: ";"), 0:
                    guard close() else { return nil }
                    end = end ?? whole.count
                    whole.append(byte)
                case 1...31, 127:
                    at = next
                    continue
                case 0xC0, 0xC1: return nil
                default:
                    segment.append(byte)
                    if byte == 32 {
                        at = next
                        continue
                    }
                }
                hasBegun = true
                at = next
            }
            guard close() else { return nil }
            func trimmed(_ count: Int) -> Int { count > 1 && whole[count - 1] == UInt8(ascii: "/") ? count - 1 : count }
            let stop = trimmed(end ?? whole.count)
            if end == nil { whole.removeLast(whole.count - stop) }
            return (whole, stop)
        }
    }

    static func follow(_ bytes: UnsafeBufferPointer<UInt8>, after prefix: Int) -> Bool {
        guard bytes.count > prefix else { return false }
        /// Of the segment so far; more than two once it holds anything else.
        var dots = 0
        var at = 0
        while at < bytes.count {
            let (byte, next) = bytes[at] == UInt8(ascii: "%") ? decoded(bytes, at) : (bytes[at], at + 1)
            switch byte {
            case UInt8(ascii: "/"), UInt8(ascii: "\\"), UInt8(ascii: "?"), UInt8(ascii: "#"), UInt8(ascii: ";"), 0:
                if next > prefix, dots == 1 || dots == 2 { return true }
                dots = 0
            case UInt8(ascii: "."): dots = min(dots + 1, 3)
            case 1...32, 127: break
            // Of no UTF-8: a dot or a slash to a reader that takes longer forms than are needed.
            case 0xC0, 0xC1:
                if next > prefix { return true }
            default: dots = 3
            }
            at = next
        }
        return dots == 1 || dots == 2
    }

    /// The byte that a percent sign begins, and where the next one is. `%25` in between encodes the sign once more.
    private static func decoded(_ bytes: UnsafeBufferPointer<UInt8>, _ at: Int) -> (UInt8, Int) {
        var digits = at + 1
        while digits + 3 < bytes.count, bytes[digits] == UInt8(ascii: "2"), bytes[digits + 1] == UInt8(ascii: "5") { digits += 2 }
        guard digits + 1 < bytes.count, let high = hex(bytes[digits]), let low = hex(bytes[digits + 1]) else { return (bytes[at], at + 1) }
        return (high << 4 | low, digits + 2)
    }

    private static func hex(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
