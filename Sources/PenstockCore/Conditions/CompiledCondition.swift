/// A condition as decisions read it: all that its value says is worked out once, when its grant enters a view.
package struct CompiledCondition: Hashable, Sendable {
    package let condition: Grant.Condition
    private let test: Test

    private enum Test: Sendable {
        case scalar(ScalarTest)
        case oneOf([ScalarTest])
        case glob(Glob)
        case prefix(String)
        case range(ExactNumber.Parsed, ExactNumber.Parsed)
        case networks([IPNetwork])
        case never
    }

    package init(_ condition: Grant.Condition) {
        self.condition = condition
        test = Self.compile(condition)
    }

    /// What no issuer may state holds for nothing: a log may have it from a version that reads more into it.
    private static func compile(_ condition: Grant.Condition) -> Test {
        switch condition.comparison {
        case .equal, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual, .prefix:
            return .scalar(ScalarTest(condition.comparison, condition.value))
        case .oneOf: return .oneOf(condition.alternatives.map { ScalarTest(.equal, $0) })
        case .glob: return Glob(condition.value).map(Test.glob) ?? .never
        case .eachPrefix: return condition.value.isEmpty ? .never : .prefix(condition.value)
        case .range:
            guard let ends = condition.ends, let low = ExactNumber.Parsed(ends.low),
                let high = ExactNumber.Parsed(ends.high)
            else { return .never }
            return .range(low, high)
        case .network:
            let networks = condition.alternatives.map { IPNetwork($0) }
            return networks.contains(nil) ? .never : .networks(networks.compactMap(\.self))
        case .unknown: return .never
        }
    }

    package static func == (a: CompiledCondition, b: CompiledCondition) -> Bool { a.condition == b.condition }
    package func hash(into hasher: inout Hasher) { hasher.combine(condition) }

    /// A path that is both a list and none may be either: it fulfils nothing.
    package func holds(for attributes: [String: String], _ lists: [String: [String]]) -> Bool {
        let list = lists.isEmpty ? nil : lists.value(forBytes: condition.path)
        guard let actual = attributes.value(forBytes: condition.path) else {
            guard let list, !list.isEmpty else { return false }
            if case .scalar = test { return false }
            return !list.hasOne { !takes($0) }
        }
        return list == nil && takes(actual)
    }

    private func takes(_ actual: String) -> Bool {
        switch test {
        case .scalar(let test): test.takes(actual)
        case .oneOf(let tests): tests.hasOne { $0.takes(actual) }
        case .glob(let glob): glob.matches(actual)
        case .prefix(let text): actual.begins(with: text) && !actual.hasDotSegment(after: text.utf8.count)
        case .range(let low, let high):
            ExactNumber.isInteroperable(actual) && ExactNumber.compare(actual, low).isOne(of: .same, .greater)
                && ExactNumber.compare(actual, high).isOne(of: .same, .less)
        case .networks(let networks): IPAddress(actual).map { address in networks.hasOne { $0.has(address) } } ?? false
        case .never: false
        }
    }
}

extension ExactNumber.Order? {
    fileprivate func isOne(of a: ExactNumber.Order, _ b: ExactNumber.Order) -> Bool { self == a || self == b }
}

/// A comparison of one text, number or boolean.
struct ScalarTest: Sendable {
    private let comparison: Grant.Comparison
    private let value: String
    /// The value as a number, where it is one.
    private let number: ExactNumber.Parsed?

    init(_ comparison: Grant.Comparison, _ value: String) {
        (self.comparison, self.value) = (comparison, value)
        number = ExactNumber.Parsed(value)
    }

    func takes(_ actual: String) -> Bool {
        if comparison == .prefix {
            return actual.begins(with: value) && (value.isEmpty || !actual.hasDotSegment(after: value.utf8.count))
        }
        if comparison == .equal, actual.isSame(as: value) { return true }
        guard let order = number.flatMap({ ExactNumber.compare(actual, $0) }) else {
            // Some tools read " 3", "03" or "3_0" as a number, others do not: what may be the number is not another
            // one.
            return comparison == .notEqual && !actual.mayBeSamePath(as: value)
                && !(actual.hasDigit && number != nil)
        }
        // What a tool would read as a neighbour of this number is neither.
        guard ExactNumber.isInteroperable(actual) else { return false }
        return switch comparison {
        // Doors write each number in one way, so a text such as "3e0" is no number to a tool that reads texts.
        case .equal: order == .same && ExactNumber.isCanonical(actual)
        // A tool may read a text as a number.
        case .notEqual: order != .same
        case .less: order == .less
        case .lessOrEqual: order != .greater
        case .greater: order == .greater
        case .greaterOrEqual: order != .less
        default: false
        }
    }
}
