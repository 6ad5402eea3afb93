import Foundation
import PenstockCore
import PenstockGateway
import Testing

@Suite struct PriceFileTests {
    private func problem(_ yaml: String) -> PriceFile.Problem? {
        do {
            _ = try PriceFile.parse(yaml)
            return nil
        } catch { return error }
    }

    private func rule(_ members: String) -> String {
        "version: v\nrules:\n  - tool: t\n    unit: usd\n    \(members)\n"
    }

    @Test func everyMemberIsRead() throws {
        let table = try PriceFile.parse(
            """
            version: 2026-11
            rules:
              - tool: search*
                unit: usd_micros
                per_call: 200
                per_argument:
                  arguments.n: 5
                  arguments.q.depth: 3/1000
                per_result_byte: 1/1024
                most_result_bytes: 65536
                per_result_token: 15/1000
                result_tokens_at: usage.output_tokens
                most_result_tokens: 4096
                cap_argument: arguments.max_tokens
            """)
        var rule = PriceRule(tool: Pattern("search*"), unit: "usd_micros")
        rule.perCall = 200
        rule.perArgument = [
            .init(path: "arguments.n", price: Price(5)!), .init(path: "arguments.q.depth", price: Price(3, per: 1000)!),
        ]
        rule.perResultByte = .init(price: Price(1, per: 1024)!, most: 65536)
        rule.perResultToken = .init(
            price: Price(15, per: 1000)!, path: "usage.output_tokens",
            most: .capped(4096, argument: "arguments.max_tokens"))
        #expect(table.version == "2026-11" && table.rules == [rule])
        let fromArgument = try PriceFile.parse(self.rule("per_result_token: 1\n    most_result_tokens: arguments.n"))
        #expect(fromArgument.rules[0].perResultToken == .init(price: Price(1)!, most: .argument("arguments.n")))
        #expect(try PriceFile.parse("{\"version\": \"v\", \"rules\": []}").rules.isEmpty, "JSON is YAML")
    }

    @Test func exampleIsAPriceTable() throws {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let table = try PriceFile.read(folder.appending(path: "Config/prices.yaml").path)
        #expect(table.rules.count == 4 && table.caps("generate_text").map(\.most) == [4096])
    }

    @Test(arguments: [
        ("", "expected"), ("version: [", "no YAML"), ("version: v", "'rules' is missing"),
        ("rules: []", "'version' is missing"), ("version: v\nrules: {}", "list"),
        ("version: v\nrules: []\nprices: []", "there is no 'prices' here; there are version, rules"),
        ("version: v\nversion: w\nrules: []", "'version' comes twice"),
        ("version: null\nrules: []", "'version' must be a text"), ("version: ~\nrules: []", "'version' must be a text"),
        ("version: v\nrules: null", "list"),
        ("version: v w\nrules: []", "version must be"), ("version: v\nrules: [x]", "expected"),
    ])
    func whatIsNoTableIsRefused(yaml: String, what: String) throws {
        let found = try #require(problem(yaml))
        #expect(found.what.contains(what), "\(found)")
    }

    @Test(arguments: [
        ("per_cal: 1", "there is no 'per_cal' here; there are tool, unit, per_call", 5),
        ("per_call: 0.5", "whole number", 5), ("per_call: -1", "whole number", 5),
        ("per_result_byte: 0.5", "N or N/M", 5), ("per_result_byte: 1", "needs 'most_result_bytes'", 3),
        ("per_result_token: 1", "needs 'most_result_tokens'", 3),
        ("most_result_bytes: 9", "names a price", 3),
        ("per_call: 1\n    most_result_bytes: 9", "is for a rule with 'per_result_byte'", 3),
        ("per_call: 1\n    cap_argument: arguments.n", "is for a rule with 'per_result_token'", 3),
        ("per_argument: {n: 1}", "no path of an argument", 3),
        ("per_argument: arguments.n", "must have lines", 5),
        ("per_argument: {arguments.n: x}", "'arguments.n' must be N or N/M", 5),
        ("per_result_token: 1\n    most_result_tokens: arguments.n\n    cap_argument: arguments.n", "whole number", 6),
        ("per_call: 70368744177665", "per_call must be 0 to", 3),
    ])
    func whatIsNoRuleIsRefusedWithItsLine(members: String, what: String, line: Int) throws {
        let found = try #require(problem(rule(members)))
        #expect(found.what.contains(what) && found.line == line, "\(found)")
    }
}
