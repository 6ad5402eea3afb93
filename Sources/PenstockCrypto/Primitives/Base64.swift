/// Base 64 of RFC 4648 section 4: `+`, `/` and padding.
///
/// Decoding is strict, so that every value has one text: no white space, no missing or excess padding, no other
/// alphabet, and unused trailing bits are zero (RFC 4648 section 3.5).
package enum Base64 {
    static let alphabet = Base64Alphabet("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")

    package static func encode(_ bytes: some Collection<UInt8>) -> String {
        var text = alphabet.encode(bytes)
        while !text.count.isMultiple(of: 4) { text.append(UInt8(ascii: "=")) }
        return String(decoding: text, as: UTF8.self)
    }

    /// Nil for anything `encode` would not have written.
    package static func decode(_ text: some StringProtocol) -> [UInt8]? {
        decode(Array(text.utf8))
    }

    package static func decode(_ text: some BidirectionalCollection<UInt8>) -> [UInt8]? {
        guard text.count.isMultiple(of: 4) else { return nil }
        var digits = text[...]
        for _ in 0..<2 where digits.last == UInt8(ascii: "=") { digits.removeLast() }
        return alphabet.decode(digits)
    }
}

/// Base 64 of RFC 4648 section 5 without padding: `-` and `_`, safe in URLs and file names. As strict as ``Base64``.
package enum Base64URL {
    static let alphabet = Base64Alphabet("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")

    package static func encode(_ bytes: some Collection<UInt8>) -> String {
        String(decoding: alphabet.encode(bytes), as: UTF8.self)
    }

    /// Nil for anything `encode` would not have written.
    package static func decode(_ text: some StringProtocol) -> [UInt8]? {
        alphabet.decode(Array(text.utf8))
    }
}

/// 64 characters and the way back, without padding.
struct Base64Alphabet: Sendable {
    private let characters: [UInt8]
    private let values: [UInt8]
    private static let invalid: UInt8 = 255

    init(_ alphabet: StaticString) {
        characters = alphabet.withUTF8Buffer { Array($0) }
        var values = [UInt8](repeating: Self.invalid, count: 256)
        for (value, character) in characters.enumerated() { values[Int(character)] = UInt8(value) }
        self.values = values
    }

    /// - Parameter value: its low six bits are used.
    private func character(_ value: UInt32) -> UInt8 {
        characters[Int(value & 63)]
    }

    /// The value of each octet: 0 to 63, or 255 for one outside the alphabet.
    func withValues<Result>(_ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result {
        values.withUnsafeBufferPointer(body)
    }

    func encode(_ bytes: some Collection<UInt8>) -> [UInt8] {
        var text: [UInt8] = []
        text.reserveCapacity((bytes.count * 4 + 5) / 3)
        var bits: UInt32 = 0
        var held = 0
        for byte in bytes {
            bits = bits << 8 | UInt32(byte)
            held += 8
            while held >= 6 {
                held -= 6
                text.append(character(bits >> UInt32(held)))
            }
        }
        if held > 0 { text.append(character(bits << UInt32(6 - held))) }
        return text
    }

    func decode(_ text: some Collection<UInt8>) -> [UInt8]? {
        // One character of a group carries fewer than eight bits, so it cannot stand alone.
        guard text.count % 4 != 1 else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count * 3 / 4)
        var bits: UInt32 = 0
        var held = 0
        for character in text {
            let value = values[Int(character)]
            guard value != Self.invalid else { return nil }
            bits = bits << 6 | UInt32(value)
            held += 6
            if held >= 8 {
                held -= 8
                bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32(held)))
            }
        }
        guard bits & (1 << UInt32(held) - 1) == 0 else { return nil }
        return bytes
    }
}
