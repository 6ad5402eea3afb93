internal import PenstockCore
internal import PenstockJSON

/// The scalars among a tool's arguments, each under `arguments.PATH`; what exceeds the bounds is left out, and a
/// condition on it is not fulfilled.
struct ArgumentAttributes {
    private(set) var attributes: [String: String] = [:]
    /// Arrays of nothing but scalars, besides their elements.
    private(set) var lists: [String: [String]] = [:]
    private var bytes = 0

    /// Nil when two values come under the same path, as in `{"a.b": 1, "a": {"b": 2}}`: a tool may read either.
    static func of(_ arguments: JSON) -> ArgumentAttributes? {
        guard !ArgumentPaths.areAmbiguous(arguments) else { return nil }
        var attributes = ArgumentAttributes()
        attributes.add(arguments, "arguments", depth: 0)
        return attributes
    }

    private mutating func add(_ json: JSON, _ path: String, depth: Int) {
        guard depth <= GatewayLimits.attributeDepth else { return }
        switch json {
        case .null: break
        case .bool, .number, .string: if let text = Self.scalar(json) { keep(text, path) }
        case .array(let elements):
            keep(elements, path)
            for (index, element) in elements.prefix(GatewayLimits.attributes).enumerated() {
                add(element, "\(path).\(index)", depth: depth + 1)
            }
        case .object(let members):
            for member in members { add(member.value, "\(path).\(member.key)", depth: depth + 1) }
        }
    }

    private static func scalar(_ json: JSON) -> String? {
        switch json {
        case .bool(let flag): flag ? "true" : "false"
        // However it is written, a number is one value to the tool.
        case .number(let number): ExactNumber.canonical(number)
        case .string(let string): string
        default: nil
        }
    }

    /// The whole list or none of it: a condition is about every element.
    private mutating func keep(_ elements: [JSON], _ path: String) {
        guard lists.count < GatewayLimits.attributes, elements.count <= GatewayLimits.attributes else { return }
        let texts = elements.compactMap(Self.scalar)
        let size = texts.reduce(path.utf8.count) { $0 + $1.utf8.count }
        guard !texts.isEmpty, texts.count == elements.count, bytes + size <= GatewayLimits.attributeBytesTotal else {
            return
        }
        bytes += size
        lists[path] = texts
    }

    private mutating func keep(_ text: String, _ path: String) {
        let size = path.utf8.count + text.utf8.count
        guard attributes.count < GatewayLimits.attributes, text.utf8.count <= GatewayLimits.attributeBytes,
            bytes + size <= GatewayLimits.attributeBytesTotal
        else { return }
        bytes += size
        attributes[path] = text
    }
}

/// Every path of every value in a tool's arguments, whatever its type, size or depth, as a tree of names.
private struct ArgumentPaths {
    private struct Step: Hashable {
        var parent: Int
        var name: String
    }

    private var steps: [Step: Int] = [:]
    private var taken: [Bool] = [true]

    /// Without a dot in a name, two paths are two places in the object.
    static func areAmbiguous(_ arguments: JSON) -> Bool {
        guard hasDots(arguments) else { return false }
        var paths = ArgumentPaths()
        return !paths.add(arguments, at: 0)
    }

    private static func hasDots(_ json: JSON) -> Bool {
        switch json {
        case .array(let elements): elements.contains(where: hasDots)
        case .object(let members): members.contains { $0.key.utf8.contains(UInt8(ascii: ".")) || hasDots($0.value) }
        default: false
        }
    }

    private mutating func add(_ json: JSON, at place: Int) -> Bool {
        switch json {
        case .array(let elements):
            for (index, element) in elements.enumerated() {
                guard let next = enter("\(index)", from: place), add(element, at: next) else { return false }
            }
        case .object(let members):
            for member in members {
                guard let next = enter(member.key, from: place), add(member.value, at: next) else { return false }
            }
        default: break
        }
        return true
    }

    /// Nil when a value is there already.
    private mutating func enter(_ name: String, from place: Int) -> Int? {
        var place = place
        for part in ClientMessage.fold(name).split(separator: ".", omittingEmptySubsequences: false) {
            let step = Step(parent: place, name: String(part))
            place = steps[step] ?? taken.count
            if place == taken.count {
                steps[step] = place
                taken.append(false)
            }
        }
        guard !taken[place] else { return nil }
        taken[place] = true
        return place
    }
}
