internal import COpenSSL

/// The one owner of an `EVP_PKEY`: it is made once, freed with this object, and its pointer stays in here.
///
/// `@unchecked Sendable` because the key is never changed after `init`, and openssl-threads(7) allows any number of
/// threads to use one `EVP_PKEY` at the same time as long as none modifies it. Each call makes its own `EVP_MD_CTX`,
/// which may not be shared: it costs about a hundredth of the signature itself.
final class EVPKey: @unchecked Sendable {
    static let keyBytes = 32
    static let signatureBytes = 64

    private let key: OpaquePointer

    /// Nil unless there are exactly 32 bytes.
    init?(ed25519Seed seed: [UInt8]) {
        guard seed.count == Self.keyBytes,
            let key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nil, seed, seed.count)
        else { return nil }
        self.key = key
    }

    init(ed25519PublicKey bytes: [UInt8]) {
        guard bytes.count == Self.keyBytes,
            let key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nil, bytes, bytes.count)
        else { preconditionFailure("OpenSSL takes any 32 bytes as an Ed25519 public key") }
        self.key = key
    }

    deinit {
        EVP_PKEY_free(key)
    }

    func rawPublicKey() -> [UInt8] {
        raw { EVP_PKEY_get_raw_public_key(key, $0, $1) }
    }

    func rawPrivateKey() -> [UInt8] {
        raw { EVP_PKEY_get_raw_private_key(key, $0, $1) }
    }

    /// EVP_DigestSign(3): Ed25519 takes no digest and the whole message at once.
    func sign(_ message: [UInt8]) -> [UInt8] {
        withContext { context in
            precondition(EVP_DigestSignInit(context, nil, nil, nil, key) == 1, "Ed25519 is not available")
            var count = Self.signatureBytes
            return [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
                let status = EVP_DigestSign(context, buffer.baseAddress, &count, message, message.count)
                precondition(status == 1 && count == Self.signatureBytes, "Ed25519 signing failed")
                initialized = count
            }
        }
    }

    func verify(_ signature: [UInt8], _ message: UnsafeRawBufferPointer) -> Bool {
        withContext { context in
            precondition(EVP_DigestVerifyInit(context, nil, nil, nil, key) == 1, "Ed25519 is not available")
            let bytes = message.assumingMemoryBound(to: UInt8.self)
            let status = EVP_DigestVerify(context, signature, signature.count, bytes.baseAddress, bytes.count)
            // A refusal leaves entries in this thread's error queue that a later OpenSSL caller would take for its own.
            if status != 1 { ERR_clear_error() }
            return status == 1
        }
    }

    private func withContext<Result>(_ body: (OpaquePointer) -> Result) -> Result {
        guard let context = EVP_MD_CTX_new() else { preconditionFailure("out of memory") }
        defer { EVP_MD_CTX_free(context) }
        return body(context)
    }

    private func raw(_ read: (UnsafeMutablePointer<UInt8>?, UnsafeMutablePointer<Int>) -> Int32) -> [UInt8] {
        var count = Self.keyBytes
        return [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            let status = read(buffer.baseAddress, &count)
            precondition(status == 1 && count == Self.keyBytes, "an Ed25519 key has 32 bytes")
            initialized = count
        }
    }
}
