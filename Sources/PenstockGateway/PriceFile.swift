internal import Foundation
package import PenstockCore
package import PenstockNode
internal import Yams

/// A price table as YAML states it; `Config/prices.yaml` shows every member.
package enum PriceFile {
    package static func read(_ path: String) throws(NodeError) -> PriceTable {
        let text = try TextFile.read("the prices", path)
        do {
            return try parse(text)
        } catch {
            throw NodeError(.configuration, "\(path)\(error.line.map { " line \($0)" } ?? ""): \(error.what)")
        }
    }

    package struct Problem: Error, Hashable, Sendable {
        package var line: Int?
        package var what: String
    }

    package static func parse(_ text: String) throws(Problem) -> PriceTable {
        guard text.utf8.count <= GatewayLimits.priceFileBytes else {
            throw Problem(line: nil, what: "longer than \(GatewayLimits.priceFileBytes) bytes")
        }
        let root: Node?
        do {
            root = try Yams.compose(yaml: text)
        } catch {
            throw problem(error)
        }
        let table = try PriceMembers(root ?? Node(""), ["version", "rules"])
        let version = try table.text("version")
        let nodes = try table.list("rules")
        var rules: [PriceRule] = []
        for node in nodes { rules.append(try rule(node)) }
        do {
            return try PriceTable(version: version, rules: rules)
        } catch {
            throw Problem(line: error.rule.flatMap { nodes[$0].mark?.line } ?? table.line, what: error.what)
        }
    }

    /// In words of this program's, not of the library's.
    private static func problem(_ error: any Error) -> Problem {
        switch error as? YamlError {
        case .duplicatedKeysInMapping(let keys, let context)?:
            Problem(line: context.mark.line, what: "'\(keys.sorted().first ?? "")' comes twice")
        case .scanner(_, _, let mark, _)?, .parser(_, _, let mark, _)?, .composer(_, _, let mark, _)?:
            Problem(line: mark.line, what: "no YAML of 'name: value' lines and lists")
        default: Problem(line: nil, what: "no YAML")
        }
    }

    private static let prices = ["per_call", "per_argument", "per_result_byte", "per_result_token"]

    private static func rule(_ node: Node) throws(Problem) -> PriceRule {
        let bounds = ["most_result_bytes", "result_tokens_at", "most_result_tokens", "cap_argument"]
        let members = try PriceMembers(node, ["tool", "unit"] + prices + bounds)
        guard prices.contains(where: { members[$0] != nil }) else {
            throw members.problem("a rule names a price: \(prices.joined(separator: ", "))")
        }
        var rule = PriceRule(tool: Pattern(try members.text("tool")), unit: try members.text("unit"))
        rule.perCall = try members.number("per_call") ?? 0
        for (path, price) in try members.entries("per_argument") {
            rule.perArgument.append(.init(path: path, price: price))
        }
        if let price = try members.price("per_result_byte") {
            rule.perResultByte = .init(
                price: price, most: try members.bound("most_result_bytes", of: "per_result_byte"))
        }
        if let price = try members.price("per_result_token") {
            rule.perResultToken = .init(
                price: price, path: try members.optionalText("result_tokens_at") ?? "", most: try most(members))
        }
        for (bound, price) in zip(bounds, [prices[2], prices[3], prices[3], prices[3]])
        where members[bound] != nil && members[price] == nil {
            throw members.problem("'\(bound)' is for a rule with '\(price)'")
        }
        return rule
    }

    private static func most(_ members: PriceMembers) throws(Problem) -> PriceRule.Most {
        let cap = try members.optionalText("cap_argument")
        if cap == nil, let text = try members.optionalText("most_result_tokens"), text.hasPrefix("arguments.") {
            return .argument(text)
        }
        let number = try members.bound("most_result_tokens", of: "per_result_token")
        return cap.map { .capped(number, argument: $0) } ?? .number(number)
    }
}
