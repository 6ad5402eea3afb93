internal import PenstockCore
internal import Testing

@Suite struct SymbolsTests {
    @Test func sameTextUnderAnotherKindIsAnotherSymbol() {
        var symbols = Symbols()
        let run = symbols.intern(.run, "x")
        let agent = symbols.intern(.agent, "x")
        #expect(run != agent)
        #expect(symbols.intern(.run, "x") == run)
        #expect(symbols.find(.purpose, "x") == nil)
        #expect(symbols.text(agent) == "x")
        #expect(symbols.count == 2)
    }

    /// Swift takes both spellings for one text; the log does not.
    @Test func canonicallyEquivalentTextsAreTwoSymbols() {
        var symbols = Symbols()
        let composed = symbols.intern(.run, "\u{e9}")
        let decomposed = symbols.intern(.run, "e\u{301}")
        #expect(composed != decomposed)
        #expect(Array(symbols.text(decomposed).utf8) == Array("e\u{301}".utf8))
    }
}
