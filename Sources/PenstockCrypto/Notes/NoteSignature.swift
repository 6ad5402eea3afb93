/// One signature line of a note: `— <name> <base64(key id ‖ blob)>` (C2SP signed-note v1.0.0).
package struct NoteSignature: Hashable, Sendable {
    package let name: String
    /// Claimed, so not to be trusted: see ``NoteKey/id``.
    package let keyID: UInt32
    /// What the algorithm of the key makes: 64 bytes for a log, 8 + 64 for a cosigner. Never empty.
    package let blob: [UInt8]

    /// An em dash, U+2014, and a space.
    private static let lead: [UInt8] = [0xE2, 0x80, 0x94, Octet.space]

    init(key: NoteKey, blob: [UInt8]) {
        name = key.name
        keyID = key.id
        self.blob = blob
    }

    /// The line with its newline.
    package var line: String {
        let keyID = withUnsafeBytes(of: keyID.bigEndian) { Array($0) }
        return "\u{2014} \(name) \(Base64.encode(keyID + blob))\n"
    }

    /// - Parameter line: one signature line; its newline may be missing. Nil for anything ``line`` would not write.
    package init?(line: String) {
        var octets = Array(line.utf8)
        if octets.last == Octet.newline { octets.removeLast() }
        self.init(octets: octets[...])
    }

    init?(octets: ArraySlice<UInt8>) {
        guard octets.starts(with: Self.lead) else { return nil }
        let fields = octets.dropFirst(Self.lead.count).split(separator: Octet.space, omittingEmptySubsequences: false)
        guard fields.count == 2, let name = String(validating: fields[0], as: UTF8.self), NoteKey.isValid(name: name),
            let bytes = Base64.decode(fields[1]), bytes.count > 4
        else { return nil }
        self.name = name
        keyID = bytes.prefix(4).reduce(0) { $0 << 8 | UInt32($1) }
        blob = Array(bytes.dropFirst(4))
    }
}

extension NoteKey {
    /// What a signature is, seen from one known key.
    package enum Verdict: Hashable, Sendable {
        /// The log signed the text.
        case signed
        /// The cosigner had seen the checkpoint, and nothing inconsistent with it, at this POSIX time in seconds.
        case cosigned(unixSeconds: UInt64)
        /// By another key, which is not to be held against the note.
        case foreign
        /// It claims this key and does not verify: the note is to be refused.
        case forged
    }

    /// - Parameter text: the note's text with its last newline.
    package func verdict(on signature: NoteSignature, text: String) -> Verdict {
        guard signature.keyID == id, signature.name.hasSameOctets(as: name) else { return .foreign }
        let verifier = Verifier(publicKey)
        switch kind {
        case .log:
            return verifier.verify(signature: signature.blob, message: Array(text.utf8)) ? .signed : .forged
        case .cosigner:
            guard let (seconds, bytes) = Cosignature.split(signature.blob) else { return .forged }
            let message = Cosignature.message(text: text, unixSeconds: seconds)
            return verifier.verify(signature: bytes, message: message) ? .cosigned(unixSeconds: seconds) : .forged
        }
    }
}
