/// A path as the laxest of readers would read it.
///
/// Bytes are read as they are written or percent-encoded, however often and in part; either slash divides segments; `?`,
/// `#`, `;` and a zero byte end one; blanks and control characters count for nothing; a character that compatibility makes
/// a dot or a slash (Unicode, UAX #15) is one.
enum LaxPath {
    /// A byte once it is decoded, and where what it was written as ends.
    typealias Unit = (byte: UInt8, end: Int)

    enum Reading {
        case dot
        case twoDots
        case slash
        /// Ends a path, or a segment of it, to some.
        case end
        case nothing
        /// Of no UTF-8: a dot or a slash to a reader that takes longer forms than are needed.
        case overlong
        case other
    }

    @inline(__always)
    static func read(_ at: Int, _ count: Int, _ unit: (Int) -> Unit) -> (Reading, length: Int) {
        let byte = unit(at).byte
        switch byte {
        case UInt8(ascii: "/"), UInt8(ascii: "\\"): return (.slash, 1)
        case UInt8(ascii: "?"), UInt8(ascii: "#"), UInt8(ascii: ";"), 0: return (.end, 1)
        case UInt8(ascii: "."): return (.dot, 1)
        case 1...32, 127: return (.nothing, 1)
        case 0..<0x80: return (.other, 1)
        default: break
        }
        let second = at + 1 < count ? unit(at + 1).byte : 0
        let third = at + 2 < count ? unit(at + 2).byte : 0
        switch (byte, second, third) {
        case (0xC0...0xC1, _, _), (0xE0, 0x80...0x9F, _), (0xF0, 0x80...0x8F, _): return (.overlong, 1)
        // No-break space, soft hyphen; spaces and marks without width, U+2000 to U+200F, U+202F, U+205F, U+2060, U+3000, U+FEFF.
        case (0xC2, 0xA0, _), (0xC2, 0xAD, _): return (.nothing, 2)
        case (0xE2, 0x80, 0x80...0x8F), (0xE2, 0x80, 0xAF), (0xE2, 0x81, 0x9F...0xA0), (0xE3, 0x80, 0x80), (0xEF, 0xBB, 0xBF): return (.nothing, 3)
        // U+2024, U+FE52, U+FF0E; U+2025.
        case (0xE2, 0x80, 0xA4), (0xEF, 0xB9, 0x92), (0xEF, 0xBC, 0x8E): return (.dot, 3)
        case (0xE2, 0x80, 0xA5): return (.twoDots, 3)
        // U+2044, U+2215, U+FF0F; U+FE68, U+FF3C.
        case (0xE2, 0x81, 0x84), (0xE2, 0x88, 0x95), (0xEF, 0xBC, 0x8F), (0xEF, 0xB9, 0xA8), (0xEF, 0xBC, 0xBC): return (.slash, 3)
        default: return (.other, 1)
        }
    }

    /// Undoes `%HH` and `%uHHHH` until none is left, in one pass: what a sequence gives may be a part of another. A dot
    /// segment that a reader sees who stops earlier is still there, since no sequence has a dot or a slash in it.
    static func decode(_ bytes: UnsafeBufferPointer<UInt8>, into units: UnsafeMutableBufferPointer<Unit>) -> Int {
        var count = 0
        for (at, byte) in bytes.enumerated() {
            units[count] = (byte, at + 1)
            count += 1
            while let (length, scalar) = sequence(endingAt: count, units) {
                let end = units[count - 1].end
                let (first, second, third) = utf8(scalar, isByte: length == 3)
                count -= length
                units[count] = (first, end)
                if let second { units[count + 1] = (second, end) }
                if let third { units[count + 2] = (third, end) }
                count += third != nil ? 3 : second != nil ? 2 : 1
            }
        }
        return count
    }

    private static func sequence(endingAt count: Int, _ units: UnsafeMutableBufferPointer<Unit>) -> (length: Int, value: UInt16)? {
        func value(_ digits: Int) -> UInt16? {
            var value: UInt16 = 0
            for at in count - digits..<count {
                guard let digit = hex(units[at].byte) else { return nil }
                value = value << 4 | UInt16(digit)
            }
            return value
        }
        if count >= 3, units[count - 3].byte == UInt8(ascii: "%"), let byte = value(2) { return (3, byte) }
        guard count >= 6, units[count - 6].byte == UInt8(ascii: "%"), units[count - 5].byte | 0x20 == UInt8(ascii: "u"), let scalar = value(4) else { return nil }
        return (6, scalar)
    }

    private static func utf8(_ value: UInt16, isByte: Bool) -> (UInt8, UInt8?, UInt8?) {
        if isByte || value < 0x80 { return (UInt8(value), nil, nil) }
        let last = UInt8(0x80 | value & 0x3F)
        if value < 0x800 { return (UInt8(0xC0 | value >> 6), last, nil) }
        return (UInt8(0xE0 | value >> 12), UInt8(0x80 | value >> 6 & 0x3F), last)
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
