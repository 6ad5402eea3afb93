internal import PenstockCore
internal import PenstockCrypto
internal import Testing

@Suite struct TlogProofTests {
    private let fixture: ProofFixture

    init() throws {
        fixture = try ProofFixture()
    }

    @Test func textRoundTrips() throws {
        let proof = try ProofFixture(extra: Array("context".utf8)).proof
        #expect(proof.text.hasPrefix("c2sp.org/tlog-proof@v1\nextra Y29udGV4dA==\nindex 5\n"))
        #expect(proof.text.hasSuffix("\n\n" + proof.note.encoded))
        #expect(try TlogProof(parsing: proof.text) == proof)
        #expect(try TlogProof(parsing: fixture.proof.text) == fixture.proof)
        #expect(fixture.proof.extra == nil)
    }

    @Test func aProofThatHolds() throws {
        let verified = try fixture.proof.verify(entry: fixture.entries[5], policy: fixture.policy)
        #expect(verified.origin == ProofFixture.origin)
        #expect(verified.index == 5)
        #expect(verified.size == 11)
        #expect(verified.root == fixture.tree.root)
        #expect(verified.log == fixture.signer.noteKey)
        #expect(verified.cosigners.map(\.name) == ["node-0", "node-1"])
        #expect(verified.cosigners.map(\.key) == fixture.cosigners.map(\.noteKey))
        #expect(verified.cosigners.map(\.unixSeconds) == ProofFixture.unixSeconds)
    }

    @Test func everyIndexOfEverySize() throws {
        for count in [1, 2, 3, 7, 8] {
            for index in 0..<count {
                let fixture = try ProofFixture(entries: count, index: index)
                let read = try TlogProof(parsing: fixture.proof.text)
                #expect(try read.verify(entry: fixture.entries[index], policy: fixture.policy).index == UInt64(index))
            }
        }
    }

    @Test func anyFlippedBitOfTheFileIsRefused() throws {
        let text = Array(fixture.proof.text.utf8)
        for bit in 0..<(text.count * 8) {
            var changed = text
            changed[bit / 8] ^= 1 << (bit % 8)
            #expect(throws: TlogProofError.self, "bit \(bit)") {
                try TlogProof(parsing: changed).verify(entry: fixture.entries[5], policy: fixture.policy)
            }
        }
    }

    @Test func anotherEntryIsNotIncluded() {
        #expect(throws: TlogProofError.notIncluded) {
            try fixture.proof.verify(entry: fixture.entries[6], policy: fixture.policy)
        }
        let proof = TlogProof(index: 4, hashes: fixture.proof.hashes, note: fixture.proof.note)
        #expect(throws: TlogProofError.notIncluded) {
            try proof.verify(entry: fixture.entries[5], policy: fixture.policy)
        }
    }

    @Test func indexBeyondTheCheckpoint() {
        let proof = TlogProof(index: 11, hashes: fixture.proof.hashes, note: fixture.proof.note)
        #expect(throws: TlogProofError.indexBeyondSize(index: 11, size: 11)) {
            try proof.verify(entry: fixture.entries[5], policy: fixture.policy)
        }
    }

    @Test func unknownLog() throws {
        let stranger = try CheckpointSigner(name: ProofFixture.origin, key: .generate())
        for log in [stranger.noteKey, try CheckpointSigner(name: "other", key: .generate()).noteKey] {
            let policy = try Policy(logs: [.init(key: log)])
            #expect(throws: TlogProofError.notSignedByKnownLog(origin: ProofFixture.origin)) {
                try fixture.proof.verify(entry: fixture.entries[5], policy: policy)
            }
        }
        #expect(throws: TlogProofError.notSignedByKnownLog(origin: ProofFixture.origin)) {
            try fixture.proof.verify(entry: fixture.entries[5], policy: Policy(logs: []))
        }
    }

    @Test func forgedSignatures() throws {
        let lines = fixture.proof.note.signatures.map(\.line)
        let other = try Checkpoint(origin: ProofFixture.origin, size: 11, root: .zero)
        let forgedLog = fixture.signer.sign(other).signatures[0].line
        let forgedNode = fixture.cosigners[1].cosign(other, unixSeconds: 1).line
        func proof(_ lines: [String]) throws -> TlogProof {
            let note = try SignedNote(parsing: fixture.proof.note.text + "\n" + lines.joined())
            return TlogProof(index: 5, hashes: fixture.proof.hashes, note: note)
        }
        #expect(throws: TlogProofError.forgedLogSignature(ProofFixture.origin)) {
            try proof([forgedLog] + lines[1...]).verify(entry: fixture.entries[5], policy: fixture.policy)
        }
        #expect(throws: TlogProofError.forgedCosignature("node-1")) {
            try proof(lines + [forgedNode]).verify(entry: fixture.entries[5], policy: fixture.policy)
        }
        #expect(throws: TlogProofError.quorumNotMet(["node-0"])) {
            try proof(Array(lines[..<2])).verify(entry: fixture.entries[5], policy: fixture.policy)
        }
    }

    @Test func twoCosignaturesOfOneWitnessCountOnceAndTheEarliestStands() throws {
        let checkpoint = try Checkpoint(parsing: fixture.proof.note.text)
        var proof = fixture.proof
        proof.note.add(fixture.cosigners[0].cosign(checkpoint, unixSeconds: 1_700_000_000))
        let verified = try proof.verify(entry: fixture.entries[5], policy: fixture.policy)
        #expect(verified.cosigners.map(\.unixSeconds) == [1_700_000_000, ProofFixture.unixSeconds[1]])
    }

    /// A log's note whose text is no checkpoint, or another log's.
    @Test func checkpointThatIsNone() throws {
        let line = fixture.proof.note.signatures[0].line
        let proof = TlogProof(index: 0, hashes: [], note: try SignedNote(parsing: "just a text\n\n" + line))
        #expect(throws: TlogProofError.checkpoint(.lines)) { try proof.verify(entry: [], policy: fixture.policy) }
    }

    @Test(arguments: [
        ("", TlogProofError.header),
        ("c2sp.org/tlog-proof@v2\nindex 0\n\n", .header),
        ("c2sp.org/tlog-proof@v1", .header),
        ("c2sp.org/tlog-proof@v1\n", .index),
        ("c2sp.org/tlog-proof@v1\nextra A\nindex 0\n\n", .extra),
        ("c2sp.org/tlog-proof@v1\nextra AA==\nextra AA==\nindex 0\n\n", .index),
        ("c2sp.org/tlog-proof@v1\nindex 00\n\n", .index),
        ("c2sp.org/tlog-proof@v1\nindex -1\n\n", .index),
        ("c2sp.org/tlog-proof@v1\nindex\n\n", .index),
        ("c2sp.org/tlog-proof@v1\nindex 0\n", .noBlankLine),
        ("c2sp.org/tlog-proof@v1\nindex 0\nAAAA\n\n", .hash(number: 1)),
        ("c2sp.org/tlog-proof@v1\nindex 0\n\n", .note(.noBlankLine)),
        ("c2sp.org/tlog-proof@v1\nindex 0\n\ntext\n\n", .note(.noSignatures)),
    ])
    func malformedIsRefused(text: String, error: TlogProofError) {
        #expect(throws: error) { try TlogProof(parsing: text) }
    }

    @Test func tooManyHashesAreRefused() {
        let line = Base64.encode(Digest.zero.bytes) + "\n"
        let text = "c2sp.org/tlog-proof@v1\nindex 0\n" + String(repeating: line, count: 65) + "\n"
        #expect(throws: TlogProofError.tooManyHashes) { try TlogProof(parsing: text) }
    }
}
