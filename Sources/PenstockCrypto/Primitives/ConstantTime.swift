internal import COpenSSL

/// Comparison whose time does not tell how much of a secret was guessed (CRYPTO_memcmp(3)).
package enum ConstantTime {
    /// Lengths are not secret: different ones are told apart at once.
    package static func equal(_ a: [UInt8], _ b: [UInt8]) -> Bool {
        a.withUnsafeBytes { a in b.withUnsafeBytes { b in equal(a, b) } }
    }

    package static func equal(_ a: UnsafeRawBufferPointer, _ b: UnsafeRawBufferPointer) -> Bool {
        guard a.count == b.count else { return false }
        guard let a = a.baseAddress, let first = b.baseAddress else { return true }
        return CRYPTO_memcmp(a, first, b.count) == 0
    }
}
