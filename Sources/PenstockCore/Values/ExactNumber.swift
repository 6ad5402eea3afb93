/// Decimal numbers compared as what they are, digit by digit: `3`, `3.0`, `3e0` and `30e-1` are one number, and no two
/// others are. Without floating point, and without the heap.
///
/// A number is written as RFC 8259 section 6 has it.
package enum ExactNumber {
    package enum Order: Equatable, Sendable {
        case less
        case same
        case greater
    }

    /// Nil when one of them is no number, or so large or small that nobody means it.
    package static func compare(_ a: String, _ b: String) -> Order? {
        bytes(a) { a in
            bytes(b) { b in
                guard let left = Parts(a), let right = Parts(b) else { return nil }
                return order(left, a, right, b)
            }
        }
    }

    /// One text for every way to write a number; nil for what is no number.
    package static func canonical(_ text: String) -> String? {
        bytes(text) { bytes in Parts(bytes).map { write($0, bytes) } }
    }

    /// Whether `canonical` made it.
    package static func isCanonical(_ text: String) -> Bool {
        bytes(text) { bytes in
            guard let parts = Parts(bytes) else { return false }
            if parts.count == 0 { return bytes.count == 1 }
            let last = parts.isNegative ? bytes.count - 1 : bytes.count
            guard parts.isPlain else {
                // Digits, an exponent that is written out once, and neither a point nor a sign that is not needed.
                return !parts.hasExponent ? false : write(parts, bytes).utf8.elementsEqual(bytes)
            }
            if parts.hasExponent { return false }
            let places = max(0, -parts.exponent)
            let whole = max(1, parts.count + parts.exponent)
            return last == whole + (places == 0 ? 0 : places + 1)
        }
    }

    /// Whether a reader that keeps numbers as binary64 reads this number: RFC 8259 section 6 expects no more of one. Up
    /// to 15 digits it always does; of others it does when the shortest text of what it reads is this number again.
    package static func isInteroperable(_ text: String) -> Bool {
        let isShort = bytes(text) { bytes in
            guard let parts = Parts(bytes) else { return false }
            return parts.count == 0 || parts.count <= 15 && abs(parts.magnitude) <= 290
        }
        if isShort { return true }
        guard let read = Double(text) else { return false }
        return compare(read.description, text) == .same
    }

    /// Exponents that are compared: far past every number that a tool reads.
    private static let exponents = 1_000_000
    /// Zeros that are written out.
    private static let zeros = 64

    static func bytes<T>(_ text: String, _ body: (UnsafeBufferPointer<UInt8>) -> T) -> T {
        if let done = text.utf8.withContiguousStorageIfAvailable(body) { return done }
        return Array(text.utf8).withUnsafeBufferPointer(body)
    }

    /// A number as digits without zeros at either end, times ten to the exponent.
    struct Parts: Sendable {
        var isNegative = false
        /// From the first digit that counts to behind the last; a point may lie between.
        var first = 0
        var end = 0
        /// Digits between them; 0 for zero.
        var count = 0
        /// Of the last digit.
        var exponent = 0
        var hasExponent = false

        /// Of the first digit.
        var magnitude: Int { exponent + count - 1 }
        var isPlain: Bool { count == 0 || exponent <= ExactNumber.zeros && magnitude >= -ExactNumber.zeros }

        init?(_ bytes: UnsafeBufferPointer<UInt8>) {
            var at = 0
            var places = 0
            func digit() -> Bool { at < bytes.count && bytes[at] >= 48 && bytes[at] <= 57 }
            if at < bytes.count, bytes[at] == UInt8(ascii: "-") {
                isNegative = true
                at += 1
            }
            let start = at
            var trailing = 0
            var seen = 0
            func take(_ parts: inout Parts) {
                if bytes[at] != 48 {
                    if seen == 0 { parts.first = at }
                    seen += trailing + 1
                    trailing = 0
                    parts.end = at + 1
                } else if seen > 0 {
                    trailing += 1
                }
                at += 1
            }
            while digit() { take(&self) }
            guard at > start, at == start + 1 || bytes[start] != 48 else { return nil }
            if at < bytes.count, bytes[at] == UInt8(ascii: ".") {
                at += 1
                let point = at
                while digit() { take(&self) }
                places = at - point
                guard places > 0 else { return nil }
            }
            if at < bytes.count, bytes[at] | 32 == UInt8(ascii: "e") {
                hasExponent = true
                at += 1
                let isMinus = at < bytes.count && bytes[at] == UInt8(ascii: "-")
                if isMinus || at < bytes.count && bytes[at] == UInt8(ascii: "+") { at += 1 }
                guard digit() else { return nil }
                while digit() {
                    exponent = min(exponent * 10 + Int(bytes[at] - 48), ExactNumber.exponents + 1)
                    at += 1
                }
                if isMinus { exponent = -exponent }
            }
            guard at == bytes.count else { return nil }
            count = seen
            guard seen > 0 else {
                (isNegative, exponent) = (false, 0)
                return
            }
            guard abs(exponent) <= ExactNumber.exponents else { return nil }
            exponent += trailing - places
        }
    }

    static func order(
        _ a: Parts, _ left: UnsafeBufferPointer<UInt8>, _ b: Parts, _ right: UnsafeBufferPointer<UInt8>
    ) -> Order {
        if a.count == 0 || b.count == 0 {
            if a.count == b.count { return .same }
            return a.count == 0 ? (b.isNegative ? .greater : .less) : (a.isNegative ? .less : .greater)
        }
        if a.isNegative != b.isNegative { return a.isNegative ? .less : .greater }
        let (above, below): (Order, Order) = a.isNegative ? (.less, .greater) : (.greater, .less)
        if a.magnitude != b.magnitude { return a.magnitude > b.magnitude ? above : below }
        var (i, j) = (a.first, b.first)
        while i < a.end || j < b.end {
            if i < a.end, left[i] == UInt8(ascii: ".") { i += 1 }
            if j < b.end, right[j] == UInt8(ascii: ".") { j += 1 }
            let (x, y) = (i < a.end ? left[i] : 48, j < b.end ? right[j] : 48)
            if x != y { return x > y ? above : below }
            i += 1
            j += 1
        }
        return .same
    }

    private static func write(_ parts: Parts, _ bytes: UnsafeBufferPointer<UInt8>) -> String {
        guard parts.count > 0 else { return "0" }
        let digits = bytes[parts.first..<parts.end].filter { $0 != UInt8(ascii: ".") }
        var out: [UInt8] = parts.isNegative ? [UInt8(ascii: "-")] : []
        if !parts.isPlain {
            out += digits + Array("e\(parts.exponent)".utf8)
        } else if parts.exponent >= 0 {
            out += digits + [UInt8](repeating: 48, count: parts.exponent)
        } else {
            let whole = parts.count + parts.exponent
            out += whole > 0 ? Array(digits.prefix(whole)) : [48]
            out.append(UInt8(ascii: "."))
            out += [UInt8](repeating: 48, count: max(0, -whole)) + digits.dropFirst(max(0, whole))
        }
        return String(decoding: out, as: UTF8.self)
    }
}
