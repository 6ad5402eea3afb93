/// What was measured of one call, by name and in order. As text it is the basis that is recorded beside a spend:
/// `calls=1 arguments.n=5 result_bytes=1234 result_tokens=56`.
package struct Quantities: Hashable, Sendable {
    package private(set) var list: [Quantity] = []

    package struct Quantity: Hashable, Sendable {
        package var name: String
        package var value: Int64
    }

    package static let calls = "calls"
    package static let resultBytes = "result_bytes"
    package static let resultTokens = "result_tokens"

    /// One call, and nothing else measured yet.
    package init() { list = [Quantity(name: Self.calls, value: 1)] }

    /// Nil for what `text` did not make.
    package init?(_ text: some StringProtocol) {
        for part in text.split(separator: " ", omittingEmptySubsequences: false) {
            guard let equals = part.firstIndex(of: "="), equals > part.startIndex,
                let value = Self.number(part[part.index(after: equals)...])
            else { return nil }
            let name = String(part[..<equals])
            guard self[name] == nil else { return nil }
            list.append(Quantity(name: name, value: value))
        }
    }

    package subscript(_ name: String) -> Int64? {
        get { list.first { $0.name == name }?.value }
        set {
            let place = list.firstIndex { $0.name == name }
            switch (place, newValue) {
            case (let place?, let value?): list[place].value = value
            case (let place?, nil): list.remove(at: place)
            case (nil, let value?): list.append(Quantity(name: name, value: value))
            case (nil, nil): break
            }
        }
    }

    package mutating func raise(_ name: String, to value: Int64) { self[name] = max(self[name] ?? 0, value) }

    package var text: String { list.map { "\($0.name)=\($0.value)" }.joined(separator: " ") }

    /// Digits and nothing else: no sign, no space, no fraction.
    package static func number(_ text: some StringProtocol) -> Int64? {
        guard !text.isEmpty, text.utf8.allSatisfy({ (48...57).contains($0) }) else { return nil }
        return Int64(text)
    }
}
