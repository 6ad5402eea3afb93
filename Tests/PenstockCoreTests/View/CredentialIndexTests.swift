internal import PenstockCore
internal import Testing

@Suite struct CredentialIndexTests {
    /// The first word chooses the slot: equal first words must still be told apart.
    @Test func digestsOfOneSlotAreToldApart() throws {
        let digests = (0..<200).map { Digest(words: (64, UInt64($0), 0, 0)) }
        let grants = digests.enumerated().map { index, digest in Make.grant("\(index)") { $0.credentialDigest = digest } }
        let view = try View(grants: grants)
        #expect(digests.map { view.index(of: $0) } == Array(0..<200))
        #expect(view.index(of: Digest(words: (64, 200, 0, 0))) == nil)
    }

    @Test func everyCredentialIsFoundAsTheTableGrows() throws {
        var view = try View(grants: [])
        for number in 0..<500 {
            try view.add(.grantIssued(Make.grant("\(number)")), by: "issuer")
            #expect(view.index(of: Make.id("credential of \(number)")) == number)
        }
        #expect((0..<500).allSatisfy { (number: Int) in view.index(of: Make.id("credential of \(number)")) == number })
        let loaded = try View(image: view.image)
        #expect((0..<500).allSatisfy { (number: Int) in loaded.index(of: Make.id("credential of \(number)")) == number })
    }
}
