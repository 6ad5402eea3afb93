internal import PenstockCore
internal import Testing

/// What nobody can mean is refused when it is issued; what older logs hold decides as it did.
@Suite struct PatternProblemTests {
    private static let wrong: [@Sendable (inout Grant) -> Void] = [
        { $0.allowedActions = ["*/call"] }, { $0.allowedActions = ["tools/c?ll"] },
        { $0.allowedActions = ["tools/**"] }, { $0.allowedActions = ["{a,b}"] },
        { $0.approvalActions = ["*/call"] }, { $0.approvalActions = ["[tp]ools/call"] },
        { $0.approvalActions = ["tools\\/call"] },
        { $0.resources = ["tool:*_read"] }, { $0.resources = ["tool:git_*_log"] }, { $0.resources = ["tool:?"] },
        { $0.resources = ["*:x"] },
        { $0.resources = ["tool*:x"] }, { $0.resources = [":x"] },
        { $0.resources = ["resource:https://*.example.com/x"] },
        { $0.resources = ["resource:file:///{path}"] },
        { $0.conditions = [.init(path: "a", comparison: .notEqual, value: "*.exe")] },
        { $0.conditions = [.init(path: "a", comparison: .equal, value: "/srv/*")] },
        { $0.conditions = [.init(path: "a", comparison: .less, value: "ten")] },
        { $0.conditions = [.init(path: "a", comparison: .prefix, value: "")] },
        { $0.conditions = [.init(path: "", comparison: .equal, value: "x")] },
        { $0.conditions = [.init(path: "a", comparison: .equal, value: "x\u{202E}y")] },
        { $0.conditions = [.init(path: "a\u{7}", comparison: .equal, value: "x")] },
        { $0.approvalActions = ["TOOLS/CALL"] }, { $0.approvalActions = ["tools/call "] },
        { $0.approvalActions = ["tools/call,prompts/get"] },
        { $0.approvalActions = ["tools/call|tools/list"] },
        { ($0.allowedActions, $0.approvalActions) = (["*"], ["tools/call|prompts/get"]) },
        { ($0.allowedActions, $0.approvalActions) = (["*"], ["tools/call,prompts/get"]) },
        { $0.allowedActions = ["tools/call|tools/list"] },
        { $0.resources = ["tool:a|b"] }, { $0.approvalActions = ["tools/cal\u{441}"] },
        { $0.approvalActions = ["resources/*"] }, { $0.resources = ["tool:x "] }, { $0.agentID = " a" },
        { $0.agentID = "build*" }, { $0.audience = "*" }, { $0.workload = "spiffe://x/*" }, { $0.draws = ["org-*"] },
        { $0.purpose = "x\u{61C}y" }, { $0.agentClass = "a\u{200B}b" },
    ]

    @Test(arguments: wrong.indices) func grantThatNobodyCanMeanIsRefused(case index: Int) {
        #expect(Make.grant("g", Self.wrong[index]).problem != nil)
    }

    @Test(arguments: [
        "\"/etc/shadow\"", "'x'", " /etc", "/etc ", "a,b", "a|b", "/etc/{a,b}", "^/etc", "True", "FALSE", "Null",
        "0x10", "1_000", "+3", "03", "-03", "3.", ".5",
        "\u{FF13}", "9007199254740993", "99.999999999999999999", "../secret", "/srv/./x",
    ])
    func exclusionThatWouldExcludeNothingIsRefused(value: String) {
        #expect(
            Make.grant("g") { $0.conditions = [.init(path: "a", comparison: .notEqual, value: value)] }.problem != nil)
    }

    @Test(arguments: [
        "3", "3.0", "-0.5", "1e3", "true", "/etc/shadow", "10.0.0.1", "1.2.3", "2026-01-31", "3d", "v3", "it's", "x^2",
        "12345678901234",
    ])
    func exclusionOfOneValuePasses(value: String) {
        #expect(
            Make.grant("g") { $0.conditions = [.init(path: "a", comparison: .notEqual, value: value)] }.problem == nil)
    }

    private static let right: [@Sendable (inout Grant) -> Void] = [
        { $0.allowedActions = ["*", "tools/*", "tools/call"] },
        { ($0.allowedActions, $0.approvalActions) = (["tools/*"], ["tools/call", "*", "tools/c*"]) },
        { $0.resources = ["tool:*", "tool:git_*", "tool:git_log", "tool:"] },
        { $0.resources = ["resource:https://example.com/s?q=a[1]*", "resource:http://[::1]:80/x"] },
        {
            $0.conditions = [
                .init(path: "a", comparison: .less, value: "1.5e3"),
                .init(path: "b", comparison: .equal, value: "naïve?"),
            ]
        },
    ]

    @Test(arguments: right.indices) func grantThatMeansWhatItSaysPasses(case index: Int) {
        #expect(Make.grant("g", Self.right[index]).problem == nil)
    }

    @Test(arguments: ["build*", "*", "a*b"]) func selectorNamesOne(value: String) {
        #expect(
            Selector.agent(value).problem != nil && Selector.agent("build").problem == nil
                && Selector.all.problem == nil)
    }

    @Test func olderGrantsDecideAsTheyDid() throws {
        let node = try DecidingNode([Make.grant("g") { $0.allowedActions = ["*/call"] }])
        #expect(node.reason(Make.call { $0.action = "*/call" }) == .none)
        #expect(node.reason(Make.call { $0.action = "tools/call" }) == .actionNotAllowed)
    }

    @Test func explanationsSayWhatIsMatched() {
        #expect(
            Pattern("*").explanation == "anything"
                && Pattern("a*").explanation == "whatever begins with 'a', without a segment '.' or '..' after that")
        #expect(ResourcePattern("tool:x")?.explanation == "of type 'tool': exactly 'x'")
    }
}
