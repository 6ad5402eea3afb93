extension PriceTable {
    /// Why these rules are no table.
    package struct Invalid: Error, Hashable, Sendable {
        /// Index of the rule, or nil for the version or the whole.
        package var rule: Int?
        package var what: String
    }

    func validate() throws(Invalid) {
        guard (1...Limits.priceVersionBytes).contains(version.utf8.count), Self.isPlain(version) else {
            throw Invalid(
                rule: nil, what: "version must be 1 to \(Limits.priceVersionBytes) printable characters of ASCII")
        }
        guard rules.count <= Limits.priceRules else {
            throw Invalid(rule: nil, what: "there are more than \(Limits.priceRules) rules")
        }
        for (index, rule) in rules.enumerated() {
            if let what = Self.problem(rule) ?? together(rule) { throw Invalid(rule: index, what: what) }
        }
    }

    private static func problem(_ rule: PriceRule) -> String? {
        if rule.tool.written.isEmpty || rule.tool.written.utf8.count > Limits.idBytes {
            return "tool must have 1 to \(Limits.idBytes) bytes"
        }
        if let problem = Pattern.problemOfRestriction(rule.tool.written) { return "tool \(problem)" }
        if rule.unit.isEmpty || rule.unit.utf8.count > 64 { return "unit must have 1 to 64 bytes" }
        for (name, text) in [("tool", rule.tool.written), ("unit", rule.unit)] where !text.isPrintable {
            return "\(name) has a control character in it, or one that turns the direction of writing"
        }
        if rule.tool.text.isPadded {
            return "tool '\(rule.tool.written)' has a space at an end, and no tool's name has"
        }
        if rule.unit.isPadded { return "unit '\(rule.unit)' begins or ends with a space, which nobody sees" }
        if rule.unit == Quantities.calls { return "unit calls is counted by itself, one for each call" }
        var arguments = rule.perArgument.map(\.path)
        var numbers = [("per_call", rule.perCall)]
        if let bytes = rule.perResultByte { numbers.append(("most_result_bytes", bytes.most)) }
        if let tokens = rule.perResultToken {
            if !tokens.path.isEmpty, !isPath(tokens.path, parts: 8) {
                return "'\(tokens.path)' is no path in a result, such as structuredContent.usage.total_tokens"
            }
            switch tokens.most {
            case .number(let number): numbers.append(("most_result_tokens", number))
            case .argument(let path): arguments.append(path)
            case .capped(let number, let path):
                numbers.append(("most_result_tokens", number))
                arguments.append(path)
            }
        }
        for path in arguments where !path.hasPrefix("arguments.") || !isPath(path, parts: 5) {
            return "'\(path)' is no path of an argument, such as arguments.n"
        }
        if Set(rule.perArgument.map(\.path)).count != rule.perArgument.count {
            return "an argument is priced twice in one rule"
        }
        for (name, number) in numbers where !(0...Limits.amount).contains(number) {
            return "\(name) must be 0 to \(Limits.amount)"
        }
        return nil
    }

    /// Whatever tool a call names, the rules that match it are among those that match the text of one of their
    /// patterns: so the bounds of a call's record are known here, and no call can be denied for them.
    private func together(_ rule: PriceRule) -> String? {
        let matching = rules(for: rule.tool.text)
        guard Set(matching.map(\.unit)).count < Limits.amountsPerCall else {
            return
                "'\(rule.tool.text)' is priced in more than \(Limits.amountsPerCall - 1) units, and calls is one more"
        }
        let digits = 19
        let names = Set(matching.flatMap(\.quantities))
        let bytes = names.reduce("calls=1".utf8.count) { $0 + $1.utf8.count + 2 + digits }
        return bytes <= Limits.basisBytes
            ? nil
            : """
            '\(rule.tool.text)' is priced by more than fits \(Limits.basisBytes) bytes of its record: shorter \
            paths or fewer of them
            """
    }

    /// Names of members between dots, with nothing in them that divides a basis.
    private static func isPath(_ path: String, parts: Int) -> Bool {
        let names = path.split(separator: ".", omittingEmptySubsequences: false)
        return names.count <= parts && !names.contains(where: \.isEmpty) && path.utf8.count <= Limits.pricePathBytes
            && isPlain(path)
            && !path.utf8.contains(UInt8(ascii: "="))
    }

    private static func isPlain(_ text: String) -> Bool { text.utf8.allSatisfy { (33...126).contains($0) } }
}
