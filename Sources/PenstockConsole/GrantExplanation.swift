internal import PenstockCore
internal import PenstockNode

/// What each pattern of a grant matches, in words: a text that only looks like a pattern is found before it is issued.
struct GrantExplanation {
    struct Row: Encodable {
        var part: String
        var written: String
        var meaning: String
    }

    private var rows: [Row] = []

    init(_ grant: Grant) throws {
        func add(_ part: String, _ written: [String], _ meaning: (String) -> String) {
            rows += written.map { Row(part: part, written: $0, meaning: meaning($0)) }
        }
        for problem in grant.allowedActions.compactMap(Pattern.problem)
            + grant.approvalActions.compactMap(Pattern.problemOfRestriction)
        {
            throw NodeError(.configuration, problem)
        }
        for problem in grant.resources.compactMap(ResourcePattern.problem) + grant.conditions.compactMap(\.problem) {
            throw NodeError(.configuration, problem)
        }
        add("allow", grant.allowedActions) { "the action is \(Pattern($0).explanation)" }
        if grant.resources.isEmpty {
            rows.append(Row(part: "resource", written: "", meaning: "nothing is in bounds: every call is denied"))
        }
        add("resource", grant.resources) { "the resource is \(ResourcePattern($0)?.explanation ?? "none")" }
        add("approval", grant.approvalActions) { "needs an approval: the action is \(Pattern($0).explanation)" }
        for condition in grant.conditions {
            rows.append(
                Row(
                    part: "when", written: "\(condition.path) \(condition.comparison.rawValue) \(condition.value)",
                    meaning: condition.explanation))
        }
    }

    func print(_ format: OutputFormat) throws {
        try Output.print(list: rows, format) {
            [["PART", "WRITTEN", "ALLOWS"]] + rows.map { [$0.part, $0.written, $0.meaning] }
        }
    }
}
