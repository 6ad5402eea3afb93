import PenstockCore
import Testing

/// The comparisons that came after the first seven: what fulfils each, of one value and of a list.
@Suite struct TypedConditionTests {
    @Test(arguments: [
        ("in a,b,3", ["a", "b", "3"], ["c", "", "A", "a,b", "3.0", "03", " 3", "ab"]),
        ("in 3.0,x", ["3.0", "3"], ["3.00", "30e-1", "y"]),
        (
            "range 1..10", ["1", "10", "5.5", "1.0"],
            ["0.999", "10.1", "-5", "x", "", "05", "1e400", "9007199254740993"]
        ),
        ("range -2..0.5", ["-2", "0", "0.5", "-0"], ["-2.1", "0.51"]),
        ("prefix /srv/", ["/srv/a", "/srv/", "/srv/a/b.c"], ["/srv", "/srv/../etc", "/srv/%2e%2e/x", "x/srv/"]),
        (
            "glob /srv/*.txt", ["/srv/a.txt", "/srv/.txt"],
            [
                "/srv/a/b.txt", "/srv/a.txt.sh", "/srv/../a.txt", "/srv/a%2fb.txt", "/srv/a\\b.txt",
                "/srv/a\u{2215}b.txt",
            ]
        ),
        ("glob /srv/**/x", ["/srv/a/x", "/srv/a/b/x", "/srv//x"], ["/srv/x", "/srv/a/../x", "/srv/a/y"]),
        ("glob *@example.org", ["ana@example.org", "@example.org"], ["ana@example.org.evil", "a/b@example.org"]),
        ("glob v?.?", ["v1.2", "vü.€"], ["v12.3", "v1.", "v/.1", "V1.2"]),
        ("glob **", ["", "a", "a/b"], ["..", "a/../b"]),
        (
            "cidr 10.0.0.0/8,192.168.1.0/24", ["10.0.0.0", "10.255.255.255", "192.168.1.7"],
            [
                "11.0.0.0", "192.168.2.1", "010.0.0.1", "10.0.0", "10.0.0.1:80", " 10.0.0.1", "10.0.0.256",
                "::ffff:10.0.0.1", "0xa000001", "167772161",
            ]
        ),
        (
            "cidr 2001:db8::/32", ["2001:db8::1", "2001:DB8:0:0::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff"],
            ["2001:db9::", "[2001:db8::1]", "2001:db8::1%eth0", "2001:db8", "1.2.3.4"]
        ),
        ("cidr 0.0.0.0/0", ["1.2.3.4"], ["::1", "::ffff:1.2.3.4"]),
    ])
    func valuesFulfilWhatIsWritten(text: String, fulfil: [String], fail: [String]) throws {
        let condition = try #require(Grant.Condition(parsing: "x " + text))
        #expect(condition.problem == nil)
        for value in fulfil { #expect(condition.holds(for: ["x": value]), "\(text): \(value)") }
        for value in fail { #expect(!condition.holds(for: ["x": value]), "\(text): \(value)") }
        #expect(!condition.holds(for: [:]) && !condition.holds(for: ["y": fulfil[0]]))
        #expect(condition.holds(for: [:], lists: ["x": fulfil]))
        #expect(!condition.holds(for: [:], lists: ["x": fulfil + [fail[0]]]))
        #expect(!condition.holds(for: [:], lists: ["x": []]))
        #expect(!condition.holds(for: ["x": fulfil[0]], lists: ["x": fulfil]), "two values are none")
    }

    @Test(arguments: Grant.Comparison.ofVersionOne) func noListFulfilsTheFirstSeven(comparison: Grant.Comparison) {
        for list in [["1"], ["1", "1"], ["2"], []] {
            #expect(!Grant.Condition(path: "x", comparison: comparison, value: "1").holds(for: [:], lists: ["x": list]))
        }
    }

    @Test func whatAVersionDoesNotKnowIsFulfilledByNothing() {
        let condition = Grant.Condition(path: "x", comparison: .unknown("near"), value: "1")
        #expect(!condition.holds(for: ["x": "1"]) && !condition.holds(for: [:], lists: ["x": ["1"]]))
        #expect(condition.problem?.contains("near") == true && Grant.Comparison(rawValue: "near") == nil)
    }

    @Test(arguments: [
        "in a,,b", "in a, b", "in a,a", "in ", "in a|b", "in [a,b]", "range 1", "range 1..", "range ..2", "range 2..1",
        "range a..b", "range 1...2", "range 1..9007199254740993", "prefix ", "glob abc", "glob a***", "glob a[b]*",
        "glob {a,b}*", "glob */../a", "glob a\\*", "cidr 10.0.0.1/8", "cidr 10.0.0.0/33", "cidr 10.0.0.0", "cidr x/8",
        "cidr 10.0.0.0/08", "cidr ::ffff:10.0.0.0/104", "cidr 10.0.0.0/8, 11.0.0.0/8", "cidr 10.0.0.0/+8", "cidr /",
    ])
    func whatNobodyCanMeanIsRefused(text: String) throws {
        let parts = text.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        let comparison = try #require(Grant.Comparison(rawValue: parts[0]))
        let grant = Make.grant("g") { $0.conditions = [.init(path: "x", comparison: comparison, value: parts[1])] }
        #expect(grant.problem != nil)
    }

    @Test func aDecisionReadsListsAndDeniesWhatItDoesNotKnow() throws {
        let conditions: [Grant.Condition] = [
            .init(path: "to", comparison: .glob, value: "*@example.org"),
            .init(path: "amount", comparison: .range, value: "1..10"),
        ]
        let node = try DecidingNode([
            Make.grant("g") { $0.conditions = conditions },
            Make.grant("h") {
                $0.conditions = conditions + [.init(path: "amount", comparison: .unknown("≈"), value: "1")]
            },
        ])
        func reason(_ grant: String, _ to: [String], _ amount: String) -> Reason {
            node.reason(Make.call(grant) { ($0.lists, $0.attributes) = (["to": to], ["amount": amount]) })
        }
        #expect(reason("g", ["a@example.org", "b@example.org"], "5") == .none)
        #expect(reason("g", ["a@example.org", "b@example.com"], "5") == .resourceOutOfBounds)
        #expect(reason("g", [], "5") == .resourceOutOfBounds)
        #expect(reason("g", ["a@example.org"], "11") == .resourceOutOfBounds)
        #expect(reason("h", ["a@example.org"], "5") == .resourceOutOfBounds)
    }
}
