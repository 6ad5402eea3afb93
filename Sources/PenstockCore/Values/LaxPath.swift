/// A path as the laxest of readers would read it.
///
/// Bytes are read as they are written or percent-encoded, however often and in part; either slash divides segments;
/// `?`, `#`, `;` and a zero byte end one; blanks and control characters count for nothing; a character that
/// compatibility makes a dot or a slash (Unicode, UAX #15) is one.
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
        guard let (scalar, length) = scalar(at, count, unit) else {
            return (isLonger(byte, at + 1 < count ? unit(at + 1).byte : 0) ? .overlong : .other, 1)
        }
        switch scalar {
        // White space, controls, and what Unicode lets be ignored (Default_Ignorable_Code_Point).
        case 0x80...0xA0, 0xAD, 0x34F, 0x61C, 0x115F...0x1160, 0x1680, 0x17B4...0x17B5, 0x180B...0x180F,
            0x2000...0x200F, 0x2028...0x202F,
            0x205F...0x206F, 0x3000, 0x3164, 0xFE00...0xFE0F, 0xFEFF, 0xFFA0, 0xFFF0...0xFFF8, 0x1BCA0...0x1BCA3,
            0x1D173...0x1D17A,
            0xE0000...0xE0FFF:
            return (.nothing, length)
        case 0x2024, 0xFE52: return (.dot, length)
        case 0x2025, 0xFE30: return (.twoDots, length)
        case 0x2044, 0x215F, 0x2215, 0xFE68: return (.slash, length)
        case 0x37E, 0x2047...0x2049, 0xFE14, 0xFE16, 0xFE54, 0xFE56, 0xFE5F: return (.end, length)
        default: return (.other, 1)
        }
    }

    @inline(__always)
    private static func scalar(_ at: Int, _ count: Int, _ unit: (Int) -> Unit) -> (UInt32, length: Int)? {
        let byte = unit(at).byte
        let length = byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : 2
        guard 0xC2...0xF4 ~= byte, at + length <= count else { return nil }
        var scalar = UInt32(byte) & (0x7F >> UInt32(length))
        for at in at + 1..<at + length {
            guard unit(at).byte & 0xC0 == 0x80 else { return nil }
            scalar = scalar << 6 | UInt32(unit(at).byte & 0x3F)
        }
        return scalar >= (length == 4 ? 0x10000 : length == 3 ? 0x800 : 0x80) ? (scalar, length) : nil
    }

    /// Whether these begin a form that is longer than is needed.
    @inline(__always)
    private static func isLonger(_ first: UInt8, _ second: UInt8) -> Bool {
        switch first {
        case 0xC0, 0xC1, 0xF8...0xFD: true
        case 0xE0: 0x80...0x9F ~= second
        case 0xF0: 0x80...0x8F ~= second
        default: false
        }
    }

    /// Undoes `%HH` and `%uHHHH` until none is left, in one pass: what a sequence gives may be a part of another. A dot
    /// segment that a reader sees who stops earlier is still there, since no sequence has a dot or a slash in it.
    static func decode(_ bytes: UnsafeBufferPointer<UInt8>, into units: UnsafeMutableBufferPointer<Unit>) -> Int {
        var count = 0
        for (at, byte) in bytes.enumerated() {
            units[count] = (byte, at + 1)
            count += 1
            fold(&count, units)
            while let (length, scalar) = sequence(endingAt: count, units) {
                let end = units[count - 1].end
                let (first, second, third) = utf8(scalar, isByte: length == 3)
                count -= length
                units[count] = (first, end)
                if let second { units[count + 1] = (second, end) }
                if let third { units[count + 2] = (third, end) }
                count += third != nil ? 3 : second != nil ? 2 : 1
                fold(&count, units)
            }
        }
        return count
    }

    /// Makes the ASCII character of a full-width one (U+FF01 to U+FF5E) and of a small percent sign (U+FE6A).
    private static func fold(_ count: inout Int, _ units: UnsafeMutableBufferPointer<Unit>) {
        guard count >= 3, units[count - 3].byte == 0xEF else { return }
        let folded: UInt8? =
            switch (units[count - 2].byte, units[count - 1].byte) {
            case (0xBC, 0x81...0xBF): units[count - 1].byte - 0x60
            case (0xBD, 0x80...0x9E): units[count - 1].byte - 0x20
            case (0xB9, 0xAA): UInt8(ascii: "%")
            default: nil
            }
        guard let folded else { return }
        units[count - 3] = (folded, units[count - 1].end)
        count -= 2
    }

    private static func sequence(endingAt count: Int, _ units: UnsafeMutableBufferPointer<Unit>) -> (
        length: Int, value: UInt16
    )? {
        func value(_ digits: Int) -> UInt16? {
            var value: UInt16 = 0
            for at in count - digits..<count {
                guard let digit = hex(units[at].byte) else { return nil }
                value = value << 4 | UInt16(digit)
            }
            return value
        }
        if count >= 3, units[count - 3].byte == UInt8(ascii: "%"), let byte = value(2) { return (3, byte) }
        guard count >= 6, units[count - 6].byte == UInt8(ascii: "%"), units[count - 5].byte | 0x20 == UInt8(ascii: "u"),
            let scalar = value(4)
        else { return nil }
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
