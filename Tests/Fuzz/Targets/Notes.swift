internal import PenstockCore
internal import PenstockCrypto
internal import PenstockNode

/// Signed notes, checkpoints and the lines and keys in them.
enum Notes {
    static func note(_ bytes: [UInt8]) throws(Broken) -> Bool {
        let text = String(decoding: bytes, as: UTF8.self)
        try checkpoint(text)
        try signature(text)
        if let key = try? NoteKey(vkey: text) {
            try law(key.vkey.utf8.elementsEqual(text.utf8), "a verifier key has two texts")
        }
        guard let note = try? SignedNote(parsing: bytes) else { return false }
        try law(note.encoded.utf8.elementsEqual(bytes), "a note changes when it is written again")
        try checkpoint(note.text)
        for signature in note.signatures.prefix(4) {
            try self.signature(signature.line)
            try verdict(on: signature, note.text, by: Sample.signer.noteKey)
            for cosigner in Sample.cosigners { try verdict(on: signature, note.text, by: cosigner.noteKey) }
        }
        return true
    }

    static func signature(_ line: String) throws(Broken) {
        guard let signature = NoteSignature(line: line) else { return }
        let written = signature.line
        try law(
            written.utf8.elementsEqual(line.utf8) || written.utf8.elementsEqual((line + "\n").utf8),
            "a signature line has two texts")
    }

    private static func checkpoint(_ text: String) throws(Broken) {
        guard let checkpoint = try? Checkpoint(parsing: text) else { return }
        try law(checkpoint.text.utf8.elementsEqual(text.utf8), "a checkpoint changes when it is written again")
    }

    /// Nobody can sign for these keys, so what verifies must be what they signed.
    private static func verdict(on signature: NoteSignature, _ text: String, by key: NoteKey) throws(Broken) {
        switch key.verdict(on: signature, text: text) {
        case .foreign, .forged: return
        case .signed, .cosigned:
            try law(
                text.utf8.elementsEqual(Sample.proof.note.text.utf8),
                "a signature holds for a text that was never signed")
            try law(Sample.proof.note.signatures.contains(signature), "a signature holds that was never made")
        }
    }
}

/// Proofs and the policy they are verified against.
enum Proofs {
    static func proof(_ bytes: [UInt8]) throws(Broken) -> Bool {
        guard let proof = try? TlogProof(parsing: bytes) else { return false }
        try law(proof.text.utf8.elementsEqual(bytes), "a proof changes when it is written again")
        if let verified = try? proof.verify(entry: Sample.revoke.entry, policy: Sample.policy) {
            let honest =
                verified.index == Sample.proof.index && verified.size == Sample.size && verified.root == Sample.root
            try law(
                honest && verified.origin == Sample.mesh && verified.cosigners.count == 2,
                "a proof of something else verifies")
        }
        let other = (try? proof.verify(entry: Sample.revoke.entry + [0], policy: Sample.policy)) == nil
        try law(other, "a proof of another entry verifies")
        return true
    }

    static func policy(_ bytes: [UInt8]) throws(Broken) -> Bool {
        guard let policy = try? Policy(parsing: bytes) else { return false }
        let text = policy.text
        guard let again = try? Policy(parsing: text) else {
            throw Broken(description: "a policy that was taken is refused when it is written again")
        }
        try law(
            again == policy && again.text.utf8.elementsEqual(text.utf8), "a policy changes when it is written again")
        let all = policy.witnesses.map(\.name)
        try law(
            policy.isQuorumMet(by: all) || !policy.isQuorumMet(by: []), "fewer witnesses are enough, and more are not")
        return true
    }
}
