internal import PenstockCore

/// An Ed25519 public key (RFC 8032 section 5.1.5): 32 bytes, canonical, not of small order.
package struct PublicKey: Hashable, Sendable {
    // 32 opaque bytes with a fast equality; not a hash here.
    private let storage: Digest

    package static let byteCount = 32

    /// Nil unless the bytes are a key that can be trusted to bind a signer.
    ///
    /// OpenSSL takes any 32 bytes. Two kinds are refused here. A coordinate of 2²⁵⁵ − 19 or more has a second, smaller
    /// spelling, so one key would have two texts (RFC 8032 section 5.1.3, step 1). A point of small order accepts
    /// signatures nobody made. Bytes that are no point of the curve at all pass: no signature verifies under them.
    package init?(_ bytes: some Collection<UInt8>) {
        guard let storage = Digest(bytes) else { return nil }
        var coordinate = storage.bytes
        coordinate[31] &= 0x7F  // the top bit is the sign of x
        guard !Self.isBeyondPrime(coordinate), !Self.smallOrder.contains(coordinate) else { return nil }
        self.storage = storage
    }

    package var bytes: [UInt8] { storage.bytes }

    package var hex: String { storage.hex }

    private static func isBeyondPrime(_ coordinate: [UInt8]) -> Bool {
        coordinate[0] >= 0xED && coordinate[1...30].allSatisfy { $0 == 0xFF } && coordinate[31] == 0x7F
    }

    /// The y coordinates of the eight points whose order divides 8: 1; −1; 0; and two of order 8.
    /// Listed in Chalkias, Garillot and Nikolaenko, "Taming the many EdDSAs" (2020); the sign bit is cleared.
    private static let smallOrder: Set<[UInt8]> = Set(
        [
            "0100000000000000000000000000000000000000000000000000000000000000",
            "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            "0000000000000000000000000000000000000000000000000000000000000000",
            "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
            "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        ].compactMap { Hex.decode($0) })
}

extension PublicKey: CustomStringConvertible {
    package var description: String { hex }
}
