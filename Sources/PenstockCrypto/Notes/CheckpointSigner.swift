/// Signs a log's checkpoints.
///
/// A log must never sign two checkpoints of which one is not a prefix of the other (C2SP tlog-checkpoint): that is for
/// the caller to keep, who signs only what is durable.
package struct CheckpointSigner: Sendable {
    package let noteKey: NoteKey
    private let key: SigningKey

    /// - Parameter name: the key's name, which is also the origin of every checkpoint it signs.
    package init(name: String, key: SigningKey) throws(NoteKeyError) {
        noteKey = try NoteKey(name: name, kind: .log, publicKey: key.publicKey)
        self.key = key
    }

    /// - Precondition: the checkpoint's origin is the key's name; a verifier would refuse any other.
    package func sign(_ checkpoint: Checkpoint) -> SignedNote {
        precondition(checkpoint.origin.hasSameOctets(as: noteKey.name), "a log signs only its own checkpoints")
        let text = checkpoint.text
        return SignedNote(text: text, signatures: [NoteSignature(key: noteKey, blob: key.sign(Array(text.utf8)))])
    }
}

/// Cosigns other logs' checkpoints (C2SP tlog-cosignature v1.0.1). One key serves one cosigner: the signed bytes do not
/// name it.
package struct Cosigner: Sendable {
    package let noteKey: NoteKey
    private let key: SigningKey

    package init(name: String, key: SigningKey) throws(NoteKeyError) {
        noteKey = try NoteKey(name: name, kind: .cosigner, publicKey: key.publicKey)
        self.key = key
    }

    /// The caller has verified the log's signature and that the checkpoint continues the last one it cosigned.
    /// - Parameter unixSeconds: now, as POSIX time; at most 2⁶³ − 1.
    package func cosign(_ checkpoint: Checkpoint, unixSeconds: UInt64) -> NoteSignature {
        precondition(unixSeconds <= Cosignature.latestUnixSeconds, "a time in seconds, not in smaller units")
        let message = Cosignature.message(text: checkpoint.text, unixSeconds: unixSeconds)
        return NoteSignature(
            key: noteKey, blob: Cosignature.blob(signature: key.sign(message), unixSeconds: unixSeconds))
    }
}
