internal import COpenSSL

/// Bytes nobody can guess, from OpenSSL's seeded generator (RAND_bytes(3)); safe from any thread.
///
/// A generator that cannot be seeded stops the process: no credential or key made without it would be safe, and there
/// is nothing a caller could do instead.
package enum SecureRandom {
    package static func bytes(_ count: Int) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            precondition(RAND_bytes(buffer.baseAddress, Int32(count)) == 1, "RAND_bytes failed: no secure randomness")
            initialized = count
        }
    }

    package static func uint64() -> UInt64 {
        var value: UInt64 = 0
        let status = withUnsafeMutableBytes(of: &value) {
            RAND_bytes($0.baseAddress?.assumingMemoryBound(to: UInt8.self), Int32($0.count))
        }
        precondition(status == 1, "RAND_bytes failed: no secure randomness")
        return value
    }
}
