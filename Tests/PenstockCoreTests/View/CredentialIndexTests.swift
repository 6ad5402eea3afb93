internal import PenstockCore
internal import Testing

@Suite struct CredentialIndexTests {
    @Test func digestsThatDifferInOneWordAreToldApart() throws {
        let digests = (0..<200).map { Digest(words: (64, UInt64($0), 0, 0)) }
        let grants = digests.enumerated().map { index, digest in Make.grant("\(index)") { $0.credentialDigest = digest }
        }
        let view = try View(grants: grants)
        #expect(digests.map { view.index(of: $0) } == Array(0..<200))
        #expect(view.index(of: Digest(words: (64, 200, 0, 0))) == nil)
    }

    /// An issuer names digests as it likes; none of its choices may make look-ups long.
    @Test(arguments: [0, 1, 2, 3]) func digestsAreSpreadWhateverAnIssuerNames(word: Int) throws {
        var (index, grants) = (CredentialIndex(), ContiguousArray<GrantRecord>())
        var record = try View(grants: [Make.grant("1")]).grants[0]
        for number in 0..<20_000 as Range<UInt64> {
            var words = [7, 7, 7, 7] as [UInt64]
            words[word] = number << 44
            record.credential = Digest(words: (words[0], words[1], words[2], words[3]))
            grants.append(record)
            index.insert(record.credential, at: grants.count - 1, in: grants)
        }
        let runs = index.slots.split(separator: .max).map(\.count)
        #expect(runs.reduce(0, +) == 20_000)
        #expect(runs.max()! < 200)
        #expect(
            (0..<20_000).allSatisfy { (number: Int) in index.find(grants[number].credential, in: grants) == number })
    }

    @Test func everyCredentialIsFoundAsTheTableGrows() throws {
        var view = try View(grants: [])
        for number in 0..<500 {
            try view.add(.grantIssued(Make.grant("\(number)")), by: "issuer")
            #expect(view.index(of: Make.id("credential of \(number)")) == number)
        }
        #expect((0..<500).allSatisfy { (number: Int) in view.index(of: Make.id("credential of \(number)")) == number })
        let loaded = try View(image: view.image)
        #expect(
            (0..<500).allSatisfy { (number: Int) in loaded.index(of: Make.id("credential of \(number)")) == number })
    }

    /// A slot that comes free must not hide what lies behind it.
    @Test(arguments: 1...20 as ClosedRange<UInt64>) func removedOnesAloneAreNotFound(seed: UInt64) throws {
        var (random, index) = (SplitMix(seed: seed), CredentialIndex())
        var record = try View(grants: [Make.grant("1")]).grants[0]
        var grants = ContiguousArray<GrantRecord>()
        var left: Set<Int> = []
        for number in 0..<2000 {
            if let gone = left.randomElement(using: &random), Int.random(in: 0..<5, using: &random) < 2 {
                index.remove(grants[gone].credential, in: grants)
                left.remove(gone)
            }
            record.credential = Make.id("\(number)")
            grants.append(record)
            index.insert(record.credential, at: number, in: grants)
            left.insert(number)
        }
        #expect(index.count == left.count)
        #expect(
            grants.indices.allSatisfy {
                index.find(grants[$0].credential, in: grants) == (left.contains($0) ? $0 : nil)
            })
    }
}
