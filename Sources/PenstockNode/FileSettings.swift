internal import Foundation
package import PenstockCore
package import Yams

/// A node's settings: `PENSTOCK_*` from the environment before the file. Flags are the command's and come first.
package struct FileSettings: Sendable {
    private enum Value: Sendable {
        case text(String)
        case list([String])
    }

    private let values: [String: Value]
    private let path: String
    /// Relative paths in the file are meant from here; those from the environment, as those on the command line, from
    /// the working directory.
    package let folder: String
    /// What the environment says that no setting can mean, for whoever starts the command.
    package private(set) var notes: [String] = []
    /// Variables that are passed over.
    private var ignored: Set<String> = []

    /// Settings that may be lists; all others are one text.
    private static let lists: Set<String> = ["audiences", "host_names", "spiffe_bundles"]

    /// - Parameter keys: what the file may set; anything else is a slip of the pen, which would go unseen. Nil for
    ///   anything.
    package init(_ path: String, keys: [String]? = nil) throws(NodeError) {
        values = try Self.values(of: Self.mapping(TextFile.read("the configuration", path), path), keys, path)
        self.path = path
        for key in keys ?? [] {
            let variable = Self.variable(key)
            guard variable.hasSuffix("_PORT"), let text = Surroundings.text(variable), Surroundings.isServiceLink(text)
            else { continue }
            ignored.insert(variable)
            notes.append(
                """
                \(variable) is '\(text)', as platforms set it for a service of that name: passed over, '\(key)' is \
                taken from \(path)
                """
            )
        }
        folder = Paths.folder(of: path)
    }

    private static func mapping(_ text: String, _ path: String) throws(NodeError) -> Node.Mapping {
        var line: Int?
        do {
            // Comments alone, where everything is set in the environment.
            guard let root = try Yams.compose(yaml: text) else { return Node.Mapping([]) }
            if case .mapping(let mapping) = root { return mapping }
        } catch {
            switch error as? YamlError {
            case .duplicatedKeysInMapping(let keys, let context)?:
                throw NodeError(
                    .configuration, "\(path) line \(context.mark.line): '\(keys.sorted().first ?? "")' comes twice")
            case .scanner(_, _, let mark, _)?, .parser(_, _, let mark, _)?, .composer(_, _, let mark, _)?:
                line = mark.line
            default: break
            }
        }
        throw NodeError(.configuration, "\(path)\(line.map { " line \($0)" } ?? "") is no YAML of 'name: value' lines")
    }

    /// A value of another kind, or none, would be as good as absent: what it was to turn on would stay off unseen.
    private static func values(of mapping: Node.Mapping, _ keys: [String]?, _ path: String) throws(NodeError)
        -> [String: Value]
    {
        var values: [String: Value] = [:]
        for (key, node) in mapping {
            func problem(_ node: Node, _ what: String) -> NodeError {
                NodeError(.configuration, "\(path)\(node.mark.map { " line \($0.line)" } ?? ""): \(what)")
            }
            guard let name = key.scalar?.string, keys?.contains(name) ?? true else {
                throw problem(
                    key,
                    """
                    there is no setting '\(key.scalar?.string ?? "…")' here; there are \
                    \((keys ?? []).joined(separator: ", "))
                    """
                )
            }
            switch node {
            case .scalar(let scalar) where !scalar.isNull: values[name] = .text(scalar.string)
            case .sequence(let sequence) where lists.contains(name):
                let texts = sequence.compactMap { $0.scalar.flatMap { $0.isNull ? nil : $0.string } }
                guard texts.count == sequence.count else { throw problem(node, "'\(name)' must be a list of texts") }
                values[name] = .list(texts)
            case .scalar: throw problem(key, "'\(name)' has no value: leave the line out, or write \"\" for none")
            default:
                throw problem(
                    key, "'\(name)' must be a text or a number\(lists.contains(name) ? ", or a list of them" : "")")
            }
        }
        return values
    }

    private static func variable(_ key: String) -> String { "PENSTOCK_" + key.uppercased() }

    /// What a setting is, and where that stands.
    private func value(_ key: String) -> (text: String, place: String, isFromFile: Bool)? {
        let variable = Self.variable(key)
        if !ignored.contains(variable), let text = Surroundings.text(variable) {
            return (text, "\(variable) in the environment", false)
        }
        guard case .text(let text)? = values[key] else { return nil }
        return (text, "'\(key)' in \(path)", true)
    }

    package func text(_ key: String) throws(NodeError) -> String {
        guard let text = optionalText(key) else {
            throw NodeError(.configuration, "\(path) lacks '\(key)', and \(Self.variable(key)) is not set")
        }
        return text
    }

    package func optionalText(_ key: String) -> String? { value(key).flatMap { $0.text.isEmpty ? nil : $0.text } }

    package func path(_ key: String) throws(NodeError) -> String {
        _ = try text(key)
        return optionalPath(key)!
    }

    package func optionalPath(_ key: String) -> String? {
        value(key).flatMap { value in value.text.isEmpty ? nil : absolute(value.text, isFromFile: value.isFromFile) }
    }

    /// A path in the text of a setting, such as `unix:PATH`.
    package func absolute(_ path: String, of key: String) -> String {
        absolute(path, isFromFile: value(key)?.isFromFile ?? true)
    }

    private func absolute(_ path: String, isFromFile: Bool) -> String {
        Paths.absolute(path, from: isFromFile ? folder : nil)
    }

    package func integer(_ key: String, default standard: Int, in range: ClosedRange<Int>) throws(NodeError) -> Int {
        guard let value = value(key) else { return standard }
        guard let number = Int(value.text), range.contains(number) else {
            throw NodeError(
                .configuration,
                """
                \(value.place) must be a whole number from \(range.lowerBound) to \(range.upperBound), not \
                '\(value.text)'
                """
            )
        }
        return number
    }

    package func list(_ key: String) -> [String] {
        if value(key) == nil, case .list(let list)? = values[key] { return list }
        return optionalText(key).map { $0.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) } } ?? []
    }

    /// Addresses or names, without ports.
    package func hosts(_ key: String) throws(NodeError) -> [HostAddress] {
        var hosts: [HostAddress] = []
        for text in list(key) where !text.isEmpty {
            guard let host = HostAddress(text) else {
                throw NodeError(.configuration, "\(value(key)?.place ?? key): '\(text)' is not \(HostAddress.forms)")
            }
            hosts.append(host)
        }
        return hosts
    }
}

extension Node.Scalar {
    /// Written as nothing, or as YAML's word for it; in quotes it is a text.
    package var isNull: Bool { style == .plain && ["", "~", "null", "Null", "NULL"].contains(string) }
}
