internal import PenstockCore
internal import Testing

@Suite struct GrantTests {
    @Test func completeGrantHasNoProblem() {
        #expect(Make.grant("g").problem == nil)
    }

    @Test func childMayLeaveRunAndExpiryToItsParent() {
        #expect(Make.grant("g") { ($0.parent, $0.runID, $0.expiresAt) = ("p", "", 0) }.problem == nil)
    }

    private static let wrong: [(String, @Sendable (inout Grant) -> Void)] = [
        ("grant_id", { $0.grantID = "" }), ("run_id", { $0.runID = "" }), ("agent_id", { $0.agentID = "" }),
        ("an id is longer", { $0.purpose = String(repeating: "x", count: 257) }),
        ("grant_id has a '/'", { $0.grantID = "g/usd" }),
        ("control character", { $0.agentID = "a\u{1B}[2J" }), ("control character", { $0.principalID = "a\u{202E}b" }),
        ("control character", { $0.resources = ["tool:a\nb"] }),
        ("control character", { $0.budgets = [Amount("us\u{7F}d", 1)] }),
        ("control character", { $0.draws = ["org\t"] }),
        ("resources has 65 entries", { $0.resources = (0...64).map { "t:\($0)" } }),
        ("pattern", { $0.allowedActions = [""] }), ("pattern", { $0.draws = [String(repeating: "x", count: 257)] }),
        ("allowed_actions", { $0.allowedActions = [] }), ("TYPE:PATTERN", { $0.resources = ["invoice"] }),
        (
            "condition",
            { $0.conditions = [.init(path: "p", comparison: .equal, value: String(repeating: "x", count: 257))] }
        ),
        ("credential_digest", { $0.credentialDigest = .zero }), ("expires_at", { $0.expiresAt = $0.notBefore }),
        ("renewable_until", { $0.renewableUntil = $0.expiresAt - 1 }),
        ("a unit must", { $0.budgets = [Amount("", 1)] }), ("usd must be 0", { $0.maxAmounts = [Amount("usd", -1)] }),
        ("usd must be 0", { $0.budgets = [Amount("usd", 1 << 46 + 1)] }),
        ("two budgets", { $0.budgets = [Amount("usd", 1), Amount("usd", 2)] }),
        ("at most 8 levels", { $0.delegate = 9 }),
        ("expires_at", { ($0.parent, $0.expiresAt) = ("p", $0.notBefore - 1) }),
        ("prompt_hash", { $0.promptHash = [UInt8](repeating: 0, count: 65) }),
    ]

    @Test(arguments: wrong.indices) func wrongGrantSaysWhatIsWrong(case index: Int) throws {
        let (words, change) = Self.wrong[index]
        let problem = try #require(Make.grant("g", change).problem)
        #expect(problem.contains(words))
    }

    @Test(arguments: [
        ("amount <= 5000", "5000", true), ("amount <= 5000", "5001", false), ("amount < 10", "9", true),
        ("amount < 10", "10", false),
        ("amount > -3", "-2", true), ("amount > -3", "-3", false), ("amount >= 3", "3", true),
        ("amount >= 3", "x", false),
        ("amount <= x", "1", false), ("amount == a b", "a b", true), ("amount == 1", "01", false),
        ("amount != 1", "2", true),
        ("amount != 1", "1", false), ("amount ^= ab", "abc", true), ("amount ^= ab", "cab", false),
    ])
    func conditionHoldsAsItIsWritten(text: String, value: String, holds: Bool) throws {
        let condition = try #require(Grant.Condition(parsing: text))
        #expect(condition.holds(for: ["amount": value]) == holds)
    }

    @Test(arguments: Grant.Comparison.allCases) func missingAttributeFulfilsNothing(comparison: Grant.Comparison) {
        #expect(!Grant.Condition(path: "amount", comparison: comparison, value: "").holds(for: [:]))
    }

    @Test(arguments: ["", "amount", "amount <=", "amount ~ 3"]) func otherTextIsNoCondition(text: String) {
        #expect(Grant.Condition(parsing: text) == nil)
    }
}
