internal import PenstockCore

/// Conditions, and what they are held against.
enum Conditions {
    /// The first line is `PATH OP VALUE`; each of the others is a value of the attribute.
    static func condition(_ bytes: [UInt8]) throws(Broken) -> Bool {
        let lines = bytes.split(separator: 10, omittingEmptySubsequences: false).prefix(16).map {
            String(decoding: $0, as: UTF8.self)
        }
        guard let condition = Grant.Condition(parsing: lines[0]) else { return false }
        try law(Grant.Condition(parsing: condition.written) == condition, "a condition changes when it is written")
        let compiled = CompiledCondition(condition)
        try law(!compiled.holds(for: [:], [:]), "what is absent fulfils '\(condition.written)'")
        let isOfOne = Grant.Comparison.ofVersionOne.contains(condition.comparison)
        for value in lines.dropFirst() {
            let holds = compiled.holds(for: [condition.path: value], [:])
            let inList = compiled.holds(for: [:], [condition.path: [value, value]])
            try law(inList == (holds && !isOfOne), "a list of '\(value)' is not as its elements")
            guard let parts = parts(condition, value) else { continue }
            try law(holds == parts, "'\(condition.written)' and its parts differ over '\(value)'")
        }
        return condition.problem == nil && !condition.explanation.isEmpty
    }

    /// The same said with the first seven; nil for what they cannot say.
    private static func parts(_ condition: Grant.Condition, _ value: String) -> Bool? {
        func holds(_ comparison: Grant.Comparison, _ bound: String) -> Bool {
            Grant.Condition(path: "x", comparison: comparison, value: bound).holds(for: ["x": value])
        }
        switch condition.comparison {
        case .oneOf: return condition.alternatives.contains { holds(.equal, $0) }
        case .eachPrefix: return !condition.value.isEmpty && holds(.prefix, condition.value)
        case .range:
            guard let ends = condition.ends else { return false }
            return holds(.greaterOrEqual, ends.low) && holds(.lessOrEqual, ends.high)
        default: return nil
        }
    }
}
