internal import COpenSSL
package import PenstockCore

/// SHA-256 (FIPS 180-4). Every form hashes on the stack: nothing is allocated and nothing can fail.
package enum SHA256 {
    @inline(__always)
    package static func hash(_ bytes: UnsafeRawBufferPointer) -> Digest {
        digest { penstock_sha256(bytes.baseAddress, bytes.count, $0) }
    }

    package static func hash(_ bytes: RawSpan) -> Digest {
        bytes.withUnsafeBytes { hash($0) }
    }

    package static func hash(_ bytes: [UInt8]) -> Digest {
        bytes.withUnsafeBytes { hash($0) }
    }

    /// The text's UTF-8 bytes.
    package static func hash(_ text: String) -> Digest {
        var text = text
        return text.withUTF8 { hash(UnsafeRawBufferPointer($0)) }
    }

    /// `SHA-256(prefix ‖ bytes)`: the prefix keeps hashes made for different purposes apart.
    package static func hash(prefix: UInt8, _ bytes: UnsafeRawBufferPointer) -> Digest {
        digest { penstock_sha256_prefixed(prefix, bytes.baseAddress, bytes.count, $0) }
    }

    /// `SHA-256(prefix ‖ a ‖ b)`, a Merkle tree's inner node.
    package static func hash(prefix: UInt8, _ a: Digest, _ b: Digest) -> Digest {
        withUnsafeBytes(of: (a.words, b.words)) { hash(prefix: prefix, $0) }
    }

    @inline(__always)
    private static func digest(_ write: (UnsafeMutableRawPointer) -> Void) -> Digest {
        var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
        withUnsafeMutablePointer(to: &words) { write($0) }
        return Digest(words: words)
    }
}

extension SHA256 {
    /// Hashes what does not fit in memory at once, such as a snapshot read in pieces. A value: a copy taken half-way
    /// goes its own way.
    package struct Hasher: Sendable {
        private var context = SHA256_CTX()

        package init() {
            penstock_sha256_init(&context)
        }

        package mutating func update(_ bytes: UnsafeRawBufferPointer) {
            penstock_sha256_update(&context, bytes.baseAddress, bytes.count)
        }

        package mutating func update(_ bytes: [UInt8]) {
            bytes.withUnsafeBytes { update($0) }
        }

        /// The digest of everything so far; more may follow.
        package func finalize() -> Digest {
            var last = context
            return SHA256.digest { penstock_sha256_final(&last, $0) }
        }
    }
}
