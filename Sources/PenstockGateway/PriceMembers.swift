internal import PenstockCore
internal import PenstockNode
internal import Yams

/// The members of one mapping in the file, each of which must be known.
struct PriceMembers {
    let line: Int?
    private var members: [(name: String, value: Node)] = []

    init(_ node: Node, _ names: [String]) throws(PriceFile.Problem) {
        line = node.mark?.line
        guard case .mapping(let mapping) = node else {
            throw problem("expected 'name: value' lines with \(names.joined(separator: ", "))")
        }
        for (key, value) in mapping {
            guard let name = key.scalar?.string, names.contains(name) else {
                throw PriceFile.Problem(
                    line: key.mark?.line,
                    what: "there is no '\(key.scalar?.string ?? "…")' here; there are \(names.joined(separator: ", "))")
            }
            members.append((name, value))
        }
    }

    subscript(_ name: String) -> Node? { members.first { $0.name == name }?.value }

    func problem(_ what: String) -> PriceFile.Problem { .init(line: line, what: what) }

    private func problem(_ node: Node, _ what: String) -> PriceFile.Problem {
        .init(line: node.mark?.line ?? line, what: what)
    }

    func optionalText(_ name: String) throws(PriceFile.Problem) -> String? {
        guard let node = self[name] else { return nil }
        guard let scalar = node.scalar, !scalar.isNull, case let text = scalar.string, !text.isEmpty else {
            throw problem(node, "'\(name)' must be a text")
        }
        return text
    }

    func text(_ name: String) throws(PriceFile.Problem) -> String {
        guard let text = try optionalText(name) else { throw problem("'\(name)' is missing") }
        return text
    }

    func number(_ name: String) throws(PriceFile.Problem) -> Int64? {
        guard let node = self[name] else { return nil }
        guard let number = node.scalar.flatMap({ Quantities.number($0.string) }) else {
            throw problem(node, "'\(name)' must be a whole number, not negative")
        }
        return number
    }

    func bound(_ name: String, of price: String) throws(PriceFile.Problem) -> Int64 {
        guard let bound = try number(name) else {
            throw problem("'\(price)' needs '\(name)': what to hold until the result is there")
        }
        return bound
    }

    func price(_ name: String) throws(PriceFile.Problem) -> Price? {
        guard let node = self[name] else { return nil }
        return try price(name, node)
    }

    private func price(_ name: String, _ node: Node) throws(PriceFile.Problem) -> Price {
        guard let price = node.scalar.flatMap({ Price($0.string) }) else {
            throw problem(node, "'\(name)' must be N or N/M, so much for so many: 3/1000 is 3 for each 1000")
        }
        return price
    }

    func entries(_ name: String) throws(PriceFile.Problem) -> [(String, Price)] {
        guard let node = self[name] else { return [] }
        guard case .mapping(let mapping) = node, mapping.count > 0 else {
            throw problem(node, "'\(name)' must have lines such as arguments.n: 3/1000")
        }
        var entries: [(String, Price)] = []
        for (key, value) in mapping {
            let path = key.scalar?.string ?? ""
            entries.append((path, try price(path, value)))
        }
        return entries
    }

    func list(_ name: String) throws(PriceFile.Problem) -> [Node] {
        guard let node = self[name] else { throw problem("'\(name)' is missing") }
        guard case .sequence(let sequence) = node else { throw problem(node, "'\(name)' must be a list of rules") }
        return Array(sequence)
    }
}
