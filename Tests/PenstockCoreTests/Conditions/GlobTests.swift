import PenstockCore
import Testing

/// Two ways to match a glob give one answer.
@Suite struct GlobTests {
    /// By trying every split.
    private static func matches(_ pattern: [UInt8], _ text: [UInt8]) -> Bool {
        guard let first = pattern.first else { return text.isEmpty }
        if first == UInt8(ascii: "*") {
            let isDouble = pattern.count > 1 && pattern[1] == first
            let rest = Array(pattern.dropFirst(isDouble ? 2 : 1))
            for end in 0...text.count {
                if !isDouble, text[..<end].contains(UInt8(ascii: "/")) { return false }
                if matches(rest, Array(text[end...])) { return true }
            }
            return false
        }
        guard let next = text.first else { return false }
        guard first == UInt8(ascii: "?") ? next != UInt8(ascii: "/") : first == next else { return false }
        return matches(Array(pattern.dropFirst()), Array(text.dropFirst()))
    }

    @Test func itMatchesWhatTryingEverythingMatches() {
        var random = SplitMix(seed: 7)
        var matched = 0
        for _ in 0..<20_000 {
            let pattern = (0..<Int.random(in: 0..<7, using: &random)).map { _ in
                ["*", "**", "?", "a", "b", "/"][Int.random(in: 0..<6, using: &random)]
            }.joined()
            let text = (0..<Int.random(in: 0..<8, using: &random)).map { _ in
                ["a", "b", "/"][Int.random(in: 0..<3, using: &random)]
            }.joined()
            guard let glob = Glob(pattern) else {
                #expect(pattern.contains("***"))
                continue
            }
            let expected = Self.matches(Array(pattern.utf8), Array(text.utf8))
            #expect(glob.matches(text) == expected, "'\(pattern)' and '\(text)'")
            matched += expected ? 1 : 0
        }
        #expect(matched > 500)
    }

    @Test func longTextsAndPatternsTakeOneReading() throws {
        let glob = try #require(Glob(String(repeating: "*a", count: 60) + "*b"))
        let text = String(repeating: "a", count: 60_000)
        #expect(!glob.matches(text) && glob.matches(text + "b"))
        #expect(Glob(String(repeating: "a", count: Glob.tokens)) != nil)
        #expect(Glob(String(repeating: "a", count: Glob.tokens + 1)) == nil)
    }
}
