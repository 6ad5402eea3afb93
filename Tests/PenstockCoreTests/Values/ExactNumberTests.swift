internal import PenstockCore
internal import Testing

@Suite struct ExactNumberTests {
    static let classes: [[String]] = [
        ["-1e9", "-1000000000", "-1000000000.0", "-10e8"], ["-12.50", "-12.5", "-125e-1"], ["-0.001", "-1e-3"],
        ["0", "-0", "0.0", "0e5", "-0.000e-9"], ["1e-400", "0.1e-399"], ["0.5", "5e-1", "0.50"],
        ["3", "3.0", "3e0", "30e-1", "0.3E1", "3.000", "0.03e+2"],
        ["3.0000000000000000000000000001"], ["9007199254740992", "9007199254740992.0"],
        ["9007199254740993", "9007199254740993e0"],
        ["12345678901234567890123", "12345678901234567890123.00"], ["1e400", "10e399", "0.1e401"],
    ]

    @Test func waysToWriteANumberAreOneNumberAndNoTwoOthersAre() {
        for (i, left) in Self.classes.enumerated() {
            for (j, right) in Self.classes.enumerated() {
                for a in left {
                    for b in right {
                        #expect(ExactNumber.compare(a, b) == (i < j ? .less : i == j ? .same : .greater), "\(a) \(b)")
                    }
                }
            }
        }
    }

    @Test func canonicalTextIsOneForEachNumber() {
        for written in Self.classes {
            let texts = Set(written.map { ExactNumber.canonical($0) })
            #expect(texts.count == 1, "\(written)")
            for text in written {
                #expect(ExactNumber.isCanonical(text) == (ExactNumber.canonical(text) == text), "\(text)")
            }
        }
        #expect(
            ExactNumber.canonical("30e-1") == "3" && ExactNumber.canonical("-0.0") == "0"
                && ExactNumber.canonical("1e3") == "1000")
        #expect(
            ExactNumber.canonical("0.050") == "0.05" && ExactNumber.canonical("10e399") == "1e400"
                && ExactNumber.canonical("-12.50") == "-12.5")
    }

    @Test(arguments: [
        "", "-", "+1", "01", "1.", ".5", "1e", "1e+", "0x1", " 1", "1 ", "1_0", "NaN", "Infinity", "1,0", "٣",
        "1e2000000", "-00", "1.2.3", "1e5.0",
    ])
    func otherTextIsNoNumber(text: String) {
        #expect(
            ExactNumber.canonical(text) == nil && ExactNumber.compare(text, "1") == nil
                && !ExactNumber.isCanonical(text))
    }

    @Test(arguments: [
        "0", "-3", "0.1", "123456789012345", "9007199254740992", "0.1234567890123456", "1e22", "1.7976931348623157e308",
    ])
    func numberThatEveryReaderKeepsIsInteroperable(text: String) { #expect(ExactNumber.isInteroperable(text)) }

    @Test(arguments: [
        "9007199254740993", "3.0000000000000000001", "2.99999999999999999999", "99.999999999999999999", "1e400",
        "1e-400", "-1e-330", "1x",
    ])
    func numberThatBinary64RoundsIsNot(text: String) { #expect(!ExactNumber.isInteroperable(text)) }

    /// A tool that keeps binary64 reads 3 and 100 where these are written.
    @Test func numberThatToolsReadDifferentlyFulfilsNothing() {
        func holds(_ condition: String, _ actual: String) -> Bool {
            Grant.Condition(parsing: "a \(condition)")!.holds(for: ["a": actual])
        }
        for near in ["3.0000000000000000001", "2.99999999999999999999"] {
            #expect(!holds("!= 3", near) && !holds("> 3", near) && !holds("<= 3", near))
        }
        #expect(!holds("< 100", "99.999999999999999999") && holds("< 100", "99.999999999999"))
        #expect(!holds("!= 9007199254740992", "9007199254740993") && holds("!= 9007199254740992", "9007199254740994"))
        #expect(holds("== 12345678901234567890", "12345678901234567890"), "an id that is written in digits")
        for text in [" 3", "+3", "03", "3_0", "３", "0x3", "3 "] { #expect(!holds("!= 3", text), "\(text)") }
        #expect(holds("!= 3", "three") && holds("!= 3", "4") && holds("!= v3", "v4") && !holds("!= 3", "3.0"))
    }

    @Test func agreesWithWholeNumbers() {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<2_000 {
            let (a, b) = (
                Int64.random(in: -1_000...1_000, using: &random), Int64.random(in: -1_000...1_000, using: &random)
            )
            let scale = Int.random(in: 0...6, using: &random)
            let text = "\(a)" + String(repeating: "0", count: a == 0 ? 0 : scale) + (a == 0 ? "" : "e-\(scale)")
            #expect(ExactNumber.compare(text, "\(b)") == (a < b ? .less : a == b ? .same : .greater))
            #expect(ExactNumber.canonical(text) == "\(a)")
        }
    }
}
