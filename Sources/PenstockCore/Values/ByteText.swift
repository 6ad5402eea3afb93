/// Text as policy compares it: byte for byte. Swift takes canonically equivalent texts for one, and a tool may not.
package struct ByteText: Hashable, Sendable {
    package let text: String

    package init(_ text: String) { self.text = text }

    package static func == (a: ByteText, b: ByteText) -> Bool { a.text.isSame(as: b.text) }

    package func hash(into hasher: inout Hasher) {
        var text = text
        text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    }
}

extension String {
    /// Whether both have the same bytes.
    @inline(__always)
    package func isSame(as other: String) -> Bool {
        // Most differ in length. Texts that Swift tells apart have other bytes; those that it does not may have, unless
        // they are ASCII.
        utf8.count == other.utf8.count && self == other && utf8.elementsEqual(other.utf8)
    }

    /// Whether it begins with these bytes.
    package func begins(with prefix: String) -> Bool { utf8.starts(with: prefix.utf8) }
}

extension Dictionary where Key == String {
    /// The value under a key with these very bytes.
    package func value(forBytes key: String) -> Value? {
        guard let place = index(forKey: key), self[place].key.isSame(as: key) else { return nil }
        return self[place].value
    }
}

extension String {
    /// Whether it has a digit of any script.
    var hasDigit: Bool { unicodeScalars.contains { [.decimal, .digit].contains($0.properties.numericType) } }
}
