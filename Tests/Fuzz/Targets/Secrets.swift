internal import PenstockCore
internal import PenstockCrypto
internal import PenstockNode
internal import PenstockTransport

/// What people paste and files keep: each value has one text.
enum Secrets {
    static func credential(_ bytes: [UInt8]) throws(Broken) -> Bool {
        try spelling(of: bytes)
        let digest = bytes.withUnsafeBytes { Credential.digest(of: $0) }
        let unchecked = bytes.withUnsafeBytes { Credential.digest(unchecked: $0) }
        try law(
            String(validating: bytes, as: UTF8.self).map { Credential.digest(of: $0) == digest } ?? (digest == nil),
            "text and bytes differ")
        guard let digest else { return false }
        try law(digest == SHA256.hash(bytes) && unchecked == digest, "a credential's digest is not its hash")
        let random = Base64URL.decode(String(decoding: bytes[4..<47], as: UTF8.self))
        try law(random.map(text(of:)) == bytes, "a credential has two texts")
        return true
    }

    /// A checksum is rarely hit upon: the input's first bytes make a whole credential, the next two spoil a character.
    private static func spelling(of bytes: [UInt8]) throws(Broken) {
        guard bytes.count >= 34 else { return }
        var text = text(of: Array(bytes[..<32]))
        try law(
            text.withUnsafeBytes { Credential.digest(of: $0) } == SHA256.hash(text), "a whole credential is refused")
        let (place, byte) = (Int(bytes[32]) % text.count, bytes[33])
        guard text[place] != byte else { return }
        text[place] = byte
        try law(
            text.withUnsafeBytes { Credential.digest(of: $0) } == nil, "a credential with one wrong character is taken")
        // Whoever spoils it can compute the checksum as well.
        text = Array(text[..<47]) + checksum(text[..<47])
        guard text.withUnsafeBytes({ Credential.digest(of: $0) }) != nil else { return }
        let random = Base64URL.decode(String(decoding: text[4..<47], as: UTF8.self))
        try law(random.map(self.text(of:)) == text, "a credential has two texts")
    }

    private static func text(of random: [UInt8]) -> [UInt8] {
        let covered = Array("pst_".utf8) + Array(Base64URL.encode(random).utf8)
        return covered + checksum(covered[...])
    }

    private static func checksum(_ covered: ArraySlice<UInt8>) -> [UInt8] {
        let checksum = covered.withUnsafeBytes { CRC32.checksum($0) }
        return Array(Base64URL.encode(withUnsafeBytes(of: checksum.bigEndian) { [UInt8]($0) }).utf8)
    }

    static func token(_ bytes: [UInt8]) throws(Broken) -> Bool {
        // As pasted, and as what base 64 carries, which random characters rarely become.
        let pasted = try token(text: String(decoding: bytes, as: UTF8.self))
        return try token(text: "pstjoin_" + Base64URL.encode(bytes)) || pasted
    }

    private static func token(text: String) throws(Broken) -> Bool {
        guard let token = try? JoinTokenText(parsing: text) else { return false }
        _ = try? token.ledger.channelKeyBytes()
        _ = try? token.ledger.verifier()
        let written = token.text
        // A key that is not UTF-8 may grow beyond the limit as it is read.
        guard written.utf8.count < 4096 else { return true }
        guard let again = try? JoinTokenText(parsing: written) else {
            throw Broken(description: "a token that was taken is refused when it is written again")
        }
        try law(
            again.secret == token.secret && again.role == token.role && again.hash == token.hash,
            "a token changes when it is written again")
        try law(
            again.ledger == token.ledger && again.text == written, "a token's ledger changes when it is written again")
        return true
    }

    static func keys(_ bytes: [UInt8]) throws(Broken) -> Bool {
        let text = String(decoding: bytes, as: UTF8.self)
        var taken = false
        if let raw = Base64.decode(bytes) {
            try law(Base64.encode(raw).utf8.elementsEqual(bytes), "base 64 has two texts")
        }
        if let raw = Base64URL.decode(text) {
            try law(Base64URL.encode(raw).utf8.elementsEqual(text.utf8), "base64url has two texts")
        }
        if let raw = Hex.decode(text) {
            try law(Hex.encode(raw).utf8.elementsEqual(text.utf8), "hexadecimal has two texts")
        }
        if let raw = Z85.decode(text) {
            try law(Z85.encode(raw).map { $0.utf8.elementsEqual(text.utf8) } == true, "Z85 has two texts")
        }
        if let key = PublicKey(bytes) { try law(key.bytes == bytes, "a public key changes") }
        if let key = try? SigningKey.decodeFile(text) {
            let file = key.encodeFile()
            try law(file == text || file == text + "\n", "a key file has two texts")
            taken = true
        }
        if let pair = try? CurveKeyPair(secretText: text) {
            try law(pair.secretText.utf8.elementsEqual(text.utf8), "a channel key has two texts")
            taken = true
        }
        return taken
    }
}
