/// The bytes of an Ed25519 cosignature (C2SP tlog-cosignature v1.0.1).
enum Cosignature {
    private static let timeBytes = 8
    /// A timestamp "MUST NOT exceed 2^63 - 1".
    static let latestUnixSeconds = UInt64(Int64.max)

    /// What is signed: a header that keeps it apart from every other statement, the time, and the checkpoint's text.
    static func message(text: String, unixSeconds: UInt64) -> [UInt8] {
        Array("cosignature/v1\ntime \(unixSeconds)\n\(text)".utf8)
    }

    /// The signature's blob: the time in seconds as a big-endian `u64`, then 64 bytes.
    static func blob(signature: [UInt8], unixSeconds: UInt64) -> [UInt8] {
        withUnsafeBytes(of: unixSeconds.bigEndian) { Array($0) } + signature
    }

    /// Nil for a blob of another length or a time out of range.
    static func split(_ blob: [UInt8]) -> (unixSeconds: UInt64, signature: [UInt8])? {
        guard blob.count == timeBytes + Verifier.signatureBytes else { return nil }
        let seconds = blob.prefix(timeBytes).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        guard seconds <= latestUnixSeconds else { return nil }
        return (seconds, Array(blob.dropFirst(timeBytes)))
    }
}
