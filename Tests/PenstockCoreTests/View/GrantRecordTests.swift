internal import PenstockCore
internal import Testing

@Suite struct PatternTests {
    @Test(arguments: [
        ("pay", "pay", true), ("pay", "pay.send", false), ("pay", "Pay", false), ("pay.*", "pay.send", true),
        ("pay.*", "pay.", true),
        ("pay.*", "pay", false), ("*", "", true), ("*", "x", true), ("a*b", "a*b", true), ("a*b", "axb", false),
    ])
    func patternMatches(written: String, candidate: String, matches: Bool) {
        #expect(Pattern(written).matches(candidate) == matches)
        #expect(Pattern(written).written == written)
    }

    @Test(arguments: [
        ("file:/a/*", "file", "/a/b", true), ("file:/a/*", "file", "/b", false), ("file:/a/*", "files", "/a/b", false),
        ("urn:a:b", "urn", "a:b", true), (":x", "", "x", true),
    ])
    func resourceMatchesTypeAndId(written: String, type: String, id: String, matches: Bool) throws {
        let pattern = try #require(ResourcePattern(written))
        #expect(pattern.matches(type: type, id: id) == matches)
        #expect(pattern.written == written)
    }

    @Test func resourceWithoutAColonIsNone() {
        #expect(ResourcePattern("file") == nil)
    }
}
