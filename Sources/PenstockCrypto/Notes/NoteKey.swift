internal import PenstockCore

/// A key that signs notes: a name, an algorithm and a public key (C2SP signed-note v1.0.0).
package struct NoteKey: Hashable, Sendable {
    /// C2SP's signature type byte.
    package enum Kind: UInt8, Sendable {
        /// Ed25519 over the note's text (signed-note): a log's own signature.
        case log = 0x01
        /// Ed25519 over a time and a checkpoint (tlog-cosignature v1): a witness's.
        case cosigner = 0x04
    }

    package let name: String
    package let kind: Kind
    package let publicKey: PublicKey
    /// The first four bytes, big-endian, of `SHA-256(name ‖ 0x0A ‖ kind ‖ public key)`: tells which known key a
    /// signature claims. It is no proof of anything.
    package let id: UInt32

    /// - Throws: ``NoteKeyError/invalidName`` when the name is empty or has a white space, a plus sign or a control
    ///   character.
    package init(name: String, kind: Kind, publicKey: PublicKey) throws(NoteKeyError) {
        guard Self.isValid(name: name) else { throw .invalidName }
        self.name = name
        self.kind = kind
        self.publicKey = publicKey
        let digest = SHA256.hash(Array(name.utf8) + [Octet.newline, kind.rawValue] + publicKey.bytes)
        id = digest.bytes.prefix(4).reduce(0) { $0 << 8 | UInt32($1) }
    }

    static func isValid(name: String) -> Bool {
        !name.isEmpty
            && name.unicodeScalars.allSatisfy { $0.value > 0x20 && $0 != "+" && !$0.properties.isWhitespace }
    }

    /// Eight lower-case hexadecimal digits.
    package var hexID: String { Hex.encode(withUnsafeBytes(of: id.bigEndian) { Array($0) }) }

    package static func == (a: NoteKey, b: NoteKey) -> Bool {
        a.id == b.id && a.kind == b.kind && a.publicKey == b.publicKey && a.name.hasSameOctets(as: b.name)
    }

    package func hash(into hasher: inout Swift.Hasher) {
        hasher.combine(id)
        hasher.combine(publicKey)
    }
}

/// Why a name or a verifier key is refused.
package enum NoteKeyError: Error, Equatable {
    case invalidName
    /// Not `<name>+<8 hex digits>+<base 64>`.
    case malformed
    /// A signature type other than 0x01 and 0x04.
    case unsupportedKind(UInt8)
    /// Not 32 bytes, or bytes that ``PublicKey`` refuses.
    case invalidPublicKey
    /// The id is not the one the name and the key give.
    case wrongID
}

extension NoteKeyError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .invalidName: "a key's name is empty, or has white space or a plus sign in it"
        case .malformed: "a key is NAME+8 hexadecimal digits+base 64"
        case .unsupportedKind(let kind): "keys of kind \(kind) are not known here"
        case .invalidPublicKey: "it holds no Ed25519 public key"
        case .wrongID: "the key's number is not the one that its name and bytes give"
        }
    }
}

extension NoteKey {
    /// The verifier key, `<name>+<hex id>+<base64(kind ‖ public key)>`: what a policy file lists.
    package var vkey: String {
        name + "+" + hexID + "+" + Base64.encode([kind.rawValue] + publicKey.bytes)
    }

    package init(vkey: String) throws(NoteKeyError) {
        // The base 64 part may have plus signs of its own.
        let parts = vkey.utf8.split(separator: Octet.plus, maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, let name = String(parts[0]), let hexID = String(parts[1]),
            let encoded = Base64.decode(parts[2]), let kindByte = encoded.first
        else { throw .malformed }
        guard let kind = Kind(rawValue: kindByte) else { throw .unsupportedKind(kindByte) }
        guard let publicKey = PublicKey(encoded.dropFirst()) else { throw .invalidPublicKey }
        try self.init(name: name, kind: kind, publicKey: publicKey)
        guard hexID.hasSameOctets(as: self.hexID) else { throw .wrongID }
    }
}

extension NoteKey: CustomStringConvertible {
    package var description: String { vkey }
}
