/// A pattern of texts: `*` stands for any run of characters within a segment of a path, `**` for any run at all, `?`
/// for one character of a segment. All else stands for itself, byte for byte.
///
/// Compiled to sets of positions, a bit each (the Shift-And method of Baeza-Yates and Gonnet, 1992): a text is read
/// once, whatever the pattern.
package struct Glob: Sendable {
    /// Positions are bits, with one behind the last.
    package static let tokens = 127

    private var count = 0
    private var runs: UInt128 = 0
    private var segmentRuns: UInt128 = 0
    private var singles: UInt128 = 0
    /// Where each byte stands, by `slots`; the first is of bytes that stand nowhere.
    private var places: [UInt128] = [0]
    private var slots = [UInt8](repeating: 0, count: 256)
    /// Bytes before the first that stands for others.
    package private(set) var literalBytes = 0

    /// Nil when it is too long, or has three stars in a row.
    package init?(_ pattern: String) {
        let bytes = Array(pattern.utf8)
        var at = 0
        while at < bytes.count {
            guard count < Self.tokens else { return nil }
            let bit: UInt128 = 1 << count
            switch bytes[at] {
            case UInt8(ascii: "*"):
                let stars = bytes[at...].prefix { $0 == UInt8(ascii: "*") }.count
                guard stars <= 2 else { return nil }
                if stars == 2 { runs |= bit } else { segmentRuns |= bit }
                at += stars - 1
            case UInt8(ascii: "?"): singles |= bit
            case let byte:
                if slots[Int(byte)] == 0 {
                    slots[Int(byte)] = UInt8(places.count)
                    places.append(0)
                }
                places[Int(slots[Int(byte)])] |= bit
                if runs | segmentRuns | singles == 0 { literalBytes += 1 }
            }
            count += 1
            at += 1
        }
    }

    package var hasWildcard: Bool { runs | segmentRuns | singles != 0 }

    /// A text that a tool may resolve to another place does not match: one with a segment of dots behind what the
    /// pattern says in full, or with a slash that only some readers see.
    package func matches(_ text: String) -> Bool {
        guard !text.hasDotSegment(after: literalBytes), segmentRuns | singles == 0 || !text.hasHiddenSlash else {
            return false
        }
        if let found = text.utf8.withContiguousStorageIfAvailable({ matches($0) }) { return found }
        var text = text
        return text.withUTF8 { matches($0) }
    }

    private func matches(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        let stars = runs | segmentRuns
        var at: UInt128 = 1
        at |= (at & stars) << 1
        for byte in bytes {
            let isSlash = byte == UInt8(ascii: "/") || byte == UInt8(ascii: "\\")
            let isMiddle = byte & 0xC0 == 0x80
            let takes = places[Int(slots[Int(byte)])] | (isSlash || isMiddle ? 0 : singles)
            var next = (at & takes) << 1 | at & (isSlash ? runs : stars)
            // The rest of the character that a `?` took.
            if isMiddle { next |= at & singles << 1 }
            at = next | (next & stars) << 1
            if at == 0 { return false }
        }
        return at & (1 << count) != 0
    }
}
