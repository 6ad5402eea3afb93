internal import Foundation
internal import PenstockCore
internal import Testing

/// A prefix allows no text that a tool may resolve to a place outside it.
@Suite struct DotSegmentTests {
    static let outside = [
        "../../etc/passwd", "%2e%2e/secret", ".%2E/x", "a/..", "a/../..%2f..%2fetc", #"..\x"#, "a%5c..%5cx",
        "a%2F%2e%2e%2Fb", "%252e%252e/x",
        "%25252e./x", "..%252fx", "..;a=b/x", "..?x", "..#x", "..%00.png", ".. /x", "a/ ..", ".\t./x", "%c0%ae%c0%ae/x",
        "a%c0%af..", "./x", "a/.",
        "a//../b", "..", "%25%32%65%25%32%65/x", "%%32%65%%32%65/x", ".%25%32%65/x", "..%25%32%66x", "a%25%32%66..",
        "%u002e%u002E/x", "%e0%80%ae%e0%80%ae/x", "%F0%80%80%AE./x", "..%e2%80%8b/x", "..\u{200B}/x", "..%u200b/x",
        "．．/x", "..／x", "..∕x", "‥/x",
        "%uFF0E./x", "％２ｅ％２ｅ/x", "%EF%BC%852e./x", "\u{FE30}/x", "..\u{2028}", "..\u{85}/x", "..\u{37E}/x",
        "%f8%80%80%80%ae/x", "%ef%bc%8e%ef%bc%8e/x", ".\u{AD}./x",
    ]
    static let inside = [
        "x", "a/b.txt", ".git/config", "..a/b", "a../b", ".../b", "a/...", "%2e%2e%2e/x", "100%25", "100%", "a%20b/c.d",
        "a.b.c", "", "é/ü", "?a=..b", "%2", "a/b%2ec", "a．b/x", "資料／一覧", "…/x",
        "%e3%81%82/x", "%25%32%65x/y", "%u", "%u12", "%%%", "%25%25", "..\u{200B}a/x", "%uFF0Ex/y",
    ]

    @Test(arguments: outside) func whatLeadsOutDoesNotMatch(rest: String) throws {
        let pattern = try #require(ResourcePattern("resource:file:///srv/public/*"))
        #expect(!pattern.matches(type: "resource", id: "file:///srv/public/" + rest))
        #expect(!Pattern("/srv/*").matches("/srv/x/" + rest) && !Pattern("/srv/pub*").matches("/srv/public/" + rest))
        let condition = try #require(Grant.Condition(parsing: "arguments.path ^= /srv/repo/"))
        #expect(!condition.holds(for: ["arguments.path": "/srv/repo/" + rest]))
        #expect(Pattern("*").matches("/srv/" + rest), "nothing lies outside of everything")
        #expect(Pattern("/srv/" + rest).matches("/srv/" + rest), "what is written out is meant")
    }

    /// By Unicode's own tables, whole: compatibility mappings of the first plane, and the properties of every scalar.
    @Test func whatUnicodeTakesForDotsSlashesAndNothingIsThat() {
        func leadsOut(_ rest: String) -> Bool { ("/srv/" + rest).hasDotSegment(after: 5) }
        var mapped = 0
        for scalar in (0x80...0x10FFFF as ClosedRange<UInt32>).lazy.compactMap(Unicode.Scalar.init) {
            let (text, properties) = (String(scalar), scalar.properties)
            if properties.isWhitespace || properties.isDefaultIgnorableCodePoint
                || properties.generalCategory == .control
            {
                #expect(leadsOut("..\(text)/x") && leadsOut(".\(text)./x"), "U+\(String(scalar.value, radix: 16))")
            }
            guard scalar.value < 0x10000 else { continue }
            let isOut: Bool? =
                switch text.precomposedStringWithCompatibilityMapping {
                case ".": leadsOut(text + text + "/x")
                case "..": leadsOut(text + "/x")
                case "/", "\\", "?", "#", ";": leadsOut(".." + text + "x")
                case "%": leadsOut(text + "2e./x")
                default: nil
                }
            if let isOut {
                mapped += 1
                #expect(isOut, "U+\(String(scalar.value, radix: 16))")
            }
        }
        #expect(mapped > 15)
    }

    @Test(arguments: inside) func whatStaysInsideMatches(rest: String) throws {
        let pattern = try #require(ResourcePattern("resource:file:///srv/public/*"))
        #expect(pattern.matches(type: "resource", id: "file:///srv/public/" + rest))
        let condition = try #require(Grant.Condition(parsing: "arguments.path ^= /srv/repo/"))
        #expect(condition.holds(for: ["arguments.path": "/srv/repo/" + rest]))
    }

    static let spellings = [
        // Too long to be spelled out.
        "/srv/x" + String(repeating: "/", count: 5000),
        "/srv/secret", "/srv//secret", "//srv/secret", "/srv/./secret", "/./srv/secret", "/srv/secret/",
        "/srv/secret/.", "/srv/secret//", "/srv/x/../secret",
        "/srv/../srv/secret", "/srv%2fsecret", "/%73rv/secret", "/srv/%2e/secret", "/srv/%252e/secret", #"\srv\secret"#,
        "/srv/secret ", " /srv/secret",
        "/srv/ secret", "/srv/\tsecret", "/srv/secret?x=1", "/srv/secret#f", "/srv/secret;v=1", "/srv/secret%00.txt",
        "/srv/secret/?x", "/srv/%c0%af/secret",
        "../secret", "..",
    ]
    static let others = [
        "/srv/secrets", "/srv/secret2", "/srv/secret/x", "srv/secret", "/srv/public", "/srv", "/srv/secret.txt",
        "secret", "", "/srv/s/ecret", "/srv/public?x=/srv/secret",
        "/srv/.secret", "/srv/secret..", "/srv/...", "x y", "/SRV/secret",
    ]

    @Test(arguments: spellings) func exclusionOfAPathIsOfEverySpelling(path: String) throws {
        let condition = try #require(Grant.Condition(parsing: "arguments.path != /srv/secret"))
        #expect(!condition.holds(for: ["arguments.path": path]))
    }

    @Test(arguments: others) func exclusionOfAPathIsOfNoOther(path: String) throws {
        let condition = try #require(Grant.Condition(parsing: "arguments.path != /srv/secret"))
        #expect(condition.holds(for: ["arguments.path": path]))
    }

    @Test(arguments: [
        ("main", "./main", false), ("main", "main/", false), ("main", "/main", true), ("a/b", "a//b", false),
        ("a//b", "a/b", false), ("https://x/a", "https:/x/a", false),
        ("https://x/a?n=1", "https://x/a?n=2", true), ("https://x/a?n=1", "https://x//a?n=1", false),
        ("foo bar", "foobar", true), ("10.0.0.1", "10.0.0.2", true), ("é", "e", true),
    ])
    func exclusionByOtherText(excluded: String, candidate: String, holds: Bool) {
        #expect(
            Grant.Condition(path: "a", comparison: .notEqual, value: excluded).holds(for: ["a": candidate]) == holds)
    }

    /// The segment in which the prefix ends is read whole; those before are the author's own.
    @Test(arguments: [
        ("/srv/.*", "/srv/../x", false), ("/srv/.*", "/srv/.git", true), ("/srv/%2*", "/srv/%2e%2e/x", false),
        ("../data/*", "../data/x", true),
        ("./*", "./src/main", true), ("/srv/..*", "/srv/../x", false), ("tools/*", "tools/../admin", false),
    ])
    func segmentOfThePrefix(written: String, candidate: String, matches: Bool) {
        #expect(Pattern(written).matches(candidate) == matches)
    }

    @Test func whatRestrictsCatchesItStill() throws {
        #expect(Pattern("pay.*").catches("pay./../x") && !Pattern("pay.*").catches("other"))
        let node = try DecidingNode([Make.grant("g") { ($0.allowedActions, $0.approvalActions) = (["*"], ["pay/*"]) }])
        #expect(node.decide(Make.call { $0.action = "pay/../pay/x" }).reason == .approvalRequired)
    }

    @Test func childReachesNoFurtherThanItsParent() {
        let parent = Pattern("/srv/public/*")
        for written in ["/srv/public/../x", "/srv/public/../*", "/srv/public/%2e./x*"] {
            #expect(!parent.covers(Pattern(written)))
        }
        #expect(parent.covers(Pattern("/srv/public/a*")) && parent.covers(Pattern("/srv/public/a")))
    }
}
