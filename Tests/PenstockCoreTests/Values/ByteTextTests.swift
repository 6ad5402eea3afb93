internal import PenstockCore
internal import Testing

/// Policy compares bytes: what only Unicode takes for one is two texts to a tool.
@Suite struct ByteTextTests {
    static let alike = [
        ("\u{E9}", "e\u{301}"), ("K", "\u{212A}"), ("\u{C5}", "\u{212B}"), (";", "\u{37E}"),
        ("\u{AC00}", "\u{1100}\u{1161}"),
    ]

    @Test(arguments: alike) func textsOfOtherBytesDiffer(a: String, b: String) {
        #expect(a == b && !a.isSame(as: b) && a.isSame(as: a) && Set([ByteText(a), ByteText(b)]).count == 2)
        #expect(["p.\(a)": 1].value(forBytes: "p.\(a)") == 1 && ["p.\(a)": 1].value(forBytes: "p.\(b)") == nil)
        #expect((a + "x").begins(with: a) && !(a + "x").begins(with: b))
        #expect(Selector.agent(a) != Selector.agent(b) && Set([Selector.agent(a), .agent(b), .run(a)]).count == 3)
    }

    @Test(arguments: alike) func decisionReadsBytes(a: String, b: String) throws {
        func reason(_ grant: (inout Grant) -> Void, _ call: (inout Call) -> Void) throws -> Reason {
            let node = try DecidingNode([Make.grant("g", grant)])
            return node.reason(Make.call("g", call))
        }
        for (given, expected) in [(a, Reason.none), (b, .resourceOutOfBounds)] {
            #expect(
                try reason(
                    { $0.conditions = [.init(path: "x", comparison: .equal, value: a)] },
                    { $0.attributes = ["x": given] }) == expected)
            #expect(
                try reason(
                    { $0.conditions = [.init(path: a, comparison: .equal, value: "x")] },
                    { $0.attributes = [given: "x"] }) == expected)
        }
        #expect(
            try reason(
                { $0.conditions = [.init(path: "x", comparison: .notEqual, value: a)] }, { $0.attributes = ["x": b] })
                == .none)
        #expect(try reason({ $0.workload = a }, { $0.presented.workload = b }) == .wrongWorkload)
    }

    @Test(arguments: alike) func grantsOfOtherBytesKeepRulesOfTheirOwn(a: String, b: String) throws {
        let node = try DecidingNode([
            Make.grant("g") { ($0.conditions, $0.workload) = ([.init(path: "x", comparison: .equal, value: a)], "w") },
            Make.grant("h") { ($0.conditions, $0.workload) = ([.init(path: "x", comparison: .equal, value: b)], "w") },
        ])
        for (grant, text, expected) in [
            ("g", a, Reason.none), ("g", b, .resourceOutOfBounds), ("h", b, .none), ("h", a, .resourceOutOfBounds),
        ] {
            let call = Make.call(grant) { ($0.attributes, $0.presented.workload) = (["x": text], "w") }
            #expect(node.reason(call) == expected)
        }
        #expect(CallTable.CallName(grant: 0, callID: a) != CallTable.CallName(grant: 0, callID: b))
    }

    @Test(arguments: [
        ("n != 3", "3", false), ("n != 3", "3.0", false), ("n != 3", "4", true), ("n == 3", "3", true),
        ("n == 3.0", "3", true), ("n == 30e-1", "3", true),
        ("n == 100", "1e2", false), ("n == 0.1", "0.1", true), ("n < 0.3", "0.2999999999", true),
        ("n < 0.3", "0.29999999999999999999", false), ("n <= 1e2", "100", true),
        ("n > 9007199254740992", "9007199254740994", true), ("n > 9007199254740992", "9007199254740993", false),
        ("n >= 3", "three", false), ("n != 3", "three", true), ("n == 3.10", "3.10", true), ("n == 3.10", "3.1", true),
    ])
    func numbersCompareAsNumbersAndTextsAsTexts(condition: String, value: String, holds: Bool) throws {
        #expect(try #require(Grant.Condition(parsing: condition)).holds(for: ["n": value]) == holds)
    }
}
