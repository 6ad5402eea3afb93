import CZeroMQ

/// ZeroMQ's printable form of binary data (RFC 32): 4 bytes make 5 characters.
package enum Z85 {
    /// - Returns: nil unless the number of bytes is a multiple of 4 greater than 0.
    package static func encode(_ bytes: [UInt8]) -> String? {
        // zmq_z85_encode(3): "The size of the binary block must be divisible by 4"; dest needs size * 1.25 + 1.
        guard !bytes.isEmpty, bytes.count % 4 == 0 else { return nil }
        let length = bytes.count / 4 * 5
        var text = [CChar](repeating: 0, count: length + 1)
        guard zmq_z85_encode(&text, bytes, bytes.count) != nil else { return nil }
        return String(decoding: text[..<length].map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    /// - Returns: nil unless the text is Z85, its length a multiple of 5 greater than 0.
    package static func decode(_ text: String) -> [UInt8]? {
        // zmq_z85_decode(3): "The length of the string shall be divisible by 5". A C string ends at a NUL and
        // characters beyond ASCII would index past the decoder's table, so neither is passed on.
        guard !text.isEmpty, text.utf8.count % 5 == 0, text.utf8.allSatisfy({ (0x21..<0x7f).contains($0) }) else {
            return nil
        }
        var bytes = [UInt8](repeating: 0, count: text.utf8.count / 5 * 4)
        guard zmq_z85_decode(&bytes, text) != nil else { return nil }
        return bytes
    }
}
