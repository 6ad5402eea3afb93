internal import PenstockCore
internal import PenstockCrypto
internal import Testing

@Suite struct CheckpointTests {
    /// The example of C2SP tlog-checkpoint.
    private static let example = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"

    @Test func exampleRoundTrips() throws {
        let checkpoint = try Checkpoint(parsing: Self.example)
        #expect(checkpoint.origin == "example.com/behind-the-sofa")
        #expect(checkpoint.size == 20_852_163)
        #expect(checkpoint.root.hex == "0ac5186a91863e8e1d90c808014aa89bf5da8e3ee1d9f07630f0378f68f1ab62")
        #expect(checkpoint.text == Self.example)
        #expect(
            try Checkpoint(origin: checkpoint.origin, size: checkpoint.size, root: checkpoint.root) == checkpoint)
    }

    @Test func extensionLinesAreKept() throws {
        let text = Self.example + "more\nand more\n"
        let checkpoint = try Checkpoint(parsing: text)
        #expect(checkpoint.extensions == ["more", "and more"])
        #expect(checkpoint.text == text)
    }

    @Test func largestSizeFits() throws {
        let checkpoint = try Checkpoint(origin: "o", size: .max, root: .zero)
        #expect(try Checkpoint(parsing: checkpoint.text) == checkpoint)
    }

    @Test(arguments: [
        ("", CheckpointError.lines),
        ("o\n7\n", .lines),
        ("o\n7\nROOT", .lines),
        ("\n7\nROOT\n", .lines),
        ("o\n7\nROOT\n\nx\n", .lines),
        ("o\n07\nROOT\n", .size),
        ("o\n+7\nROOT\n", .size),
        ("o\n-7\nROOT\n", .size),
        ("o\n7 \nROOT\n", .size),
        ("o\n18446744073709551616\nROOT\n", .size),
        ("o\n7\nAAAA\n", .root),
        ("o\n7\nROOT=\n", .root),
        ("o\r\n7\nROOT\n", .origin),
    ])
    func malformedIsRefused(text: String, error: CheckpointError) {
        let root = Base64.encode(Digest.zero.bytes)
        let filled = text.split(separator: "ROOT", omittingEmptySubsequences: false).joined(separator: root)
        #expect(throws: error) { try Checkpoint(parsing: filled) }
    }

    @Test func originsWithoutAWrittenFormAreRefused() {
        #expect(throws: CheckpointError.origin) { try Checkpoint(origin: "", size: 0, root: .zero) }
        #expect(throws: CheckpointError.origin) { try Checkpoint(origin: "a\nb", size: 0, root: .zero) }
    }
}

@Suite struct CosignerTests {
    /// A checkpoint of a public test log, with the signatures of its log and of public witnesses. The log's name signs
    /// twice: the first time with an algorithm this package does not know.
    private static let observed = """
        arche2025h1.staging.ct.transparency.dev
        1432088532
        U7WM79jrzyhGZ5/GUBTpM7NzwdyfFx61t3RovgcC4Ro=

        — arche2025h1.staging.ct.transparency.dev \
        zTM8sQAAAZ5W0WdjBAMARjBEAiBjW5IQf9pvsYLfQFX6hoGREPMHbdQ3urbllzalApkptQIgIpwtEroeW2BXaHAI4kJXFbon5Ch9MNL5zRNZ55l\
        vGt0=
        — arche2025h1.staging.ct.transparency.dev \
        ui8GwCF1+kWqZrxGdhj4aX3gcw7XUlXQQabg/27lefwhUkzbC3NygNI75MdhL1bfTW9g8Ei59RA23oHP7Ry1k3ZFWwQ=
        — remora.n621.de \
        2net5wAAAABqEiEgPlfF3V06o0Y+fHM+J5J9s27wgxxcOVSpZ/2g/KSiXCg9DEZI+aVCIobWX9sXTynk5XeU/zZ0WBxtqB0DrAWfBw==
        — witness.stagemole.eu \
        Z/euoAAAAABqEiEgw0i+7g2ENfDAWHmtRzCfKTHSDwYDJA2NmKeGi9Y8FtEyOUvVr+AJmIY/2TUFucgKi7lI7cUiOvKFYe/TmN9DAg==

        """

    @Test func publicWitnessesVerify() throws {
        let note = try SignedNote(parsing: Self.observed)
        let log = try NoteKey(
            vkey: "arche2025h1.staging.ct.transparency.dev+ba2f06c0+AU0vHmlGCS/PdN8b2OaGmKprLI8HKM+dJ472xgFYh15f")
        let remora = try NoteKey(vkey: "remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2")
        let stagemole = try NoteKey(vkey: "witness.stagemole.eu+67f7aea0+BEqSG3yu9YrmcM3BHvQYTxwFj3uSWakQepafafpUqklv")
        let cosigned = NoteKey.Verdict.cosigned(unixSeconds: 0x6A12_2120)
        func verdicts(_ key: NoteKey, _ text: String) -> [NoteKey.Verdict] {
            note.signatures.map { key.verdict(on: $0, text: text) }
        }
        #expect(note.encoded == Self.observed)
        #expect(verdicts(log, note.text) == [.foreign, .signed, .foreign, .foreign])
        #expect(verdicts(remora, note.text) == [.foreign, .foreign, cosigned, .foreign])
        #expect(verdicts(stagemole, note.text) == [.foreign, .foreign, .foreign, cosigned])
        #expect(verdicts(remora, note.text + "extension\n")[2] == .forged)
    }

    @Test func signsAndCosigns() throws {
        let signer = try CheckpointSigner(name: "mesh.example/log", key: .generate())
        let cosigner = try Cosigner(name: "mesh.example/node-1", key: .generate())
        let checkpoint = try Checkpoint(origin: "mesh.example/log", size: 3, root: SHA256.hash("root"))
        var note = signer.sign(checkpoint)
        let signature = cosigner.cosign(checkpoint, unixSeconds: 1_800_000_000)
        note.add(signature)
        #expect(NoteSignature(line: signature.line) == signature)
        let read = try SignedNote(parsing: note.encoded)
        #expect(read == note)
        #expect(try Checkpoint(parsing: read.text) == checkpoint)
        #expect(signer.noteKey.verdict(on: read.signatures[0], text: read.text) == .signed)
        #expect(
            cosigner.noteKey.verdict(on: read.signatures[1], text: read.text) == .cosigned(unixSeconds: 1_800_000_000))
        #expect(signer.noteKey.verdict(on: read.signatures[1], text: read.text) == .foreign)
    }

    /// The time is signed too.
    @Test func anyFlippedBitOfTheBlobIsForged() throws {
        let cosigner = try Cosigner(name: "w", key: .generate())
        let checkpoint = try Checkpoint(origin: "o", size: 3, root: .zero)
        let raw = cosigner.cosign(checkpoint, unixSeconds: 1_800_000_000).line.split(separator: " ").last ?? ""
        let bytes = try #require(Base64.decode(raw.dropLast()))
        for bit in 32..<(bytes.count * 8) {
            var changed = bytes
            changed[bit / 8] ^= 1 << (bit % 8)
            let signature = try #require(NoteSignature(line: "— w " + Base64.encode(changed)))
            #expect(cosigner.noteKey.verdict(on: signature, text: checkpoint.text) == .forged)
        }
        let short = try #require(NoteSignature(line: "— w " + Base64.encode(bytes.dropLast())))
        #expect(cosigner.noteKey.verdict(on: short, text: checkpoint.text) == .forged)
    }
}
