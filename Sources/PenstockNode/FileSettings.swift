internal import Configuration
internal import Foundation
package import PenstockCore
internal import SystemPackage

/// A node's settings: `PENSTOCK_*` from the environment before the file. Flags are the command's and come first.
package struct FileSettings: Sendable {
    private let reader: ConfigReader
    private let path: String
    /// Relative paths in the file are meant from here; those from the environment, as those on the command line, from the
    /// working directory.
    package let folder: String
    /// What the environment says that no setting can mean, for whoever starts the command.
    package private(set) var notes: [String] = []
    /// Variables that are passed over.
    private var ignored: Set<String> = []

    /// - Parameter keys: what the file may set; anything else is a slip of the pen, which would go unseen. Nil for anything.
    package init(_ path: String, keys: [String]? = nil) async throws {
        guard FileManager.default.isReadableFile(atPath: path) else { throw NodeError(.configuration, "cannot read the configuration \(path)") }
        let file: FileProvider<YAMLSnapshot>
        do {
            file = try await FileProvider<YAMLSnapshot>(filePath: FilePath(path))
        } catch {
            throw NodeError(.configuration, "\(path)\(Self.line(of: error)) is no YAML of 'name: value' lines")
        }
        if let keys { try Self.refuseOthers(than: keys, in: path) }
        reader = ConfigReader(providers: [file])
        self.path = path
        for key in keys ?? [] {
            let variable = Self.variable(key)
            guard variable.hasSuffix("_PORT"), let text = Surroundings.text(variable), Surroundings.isServiceLink(text) else { continue }
            ignored.insert(variable)
            notes.append("\(variable) is '\(text)', as platforms set it for a service of that name: passed over, '\(key)' is taken from \(path)")
        }
        folder = Paths.folder(of: path)
    }

    /// The parser says where, as in "3:7: error: …", and what in words of its own.
    private static func line(of error: any Error) -> String {
        guard let place = "\(error)".range(of: "[0-9]+:[0-9]+: error", options: .regularExpression) else { return "" }
        return " line " + "\(error)"[place].prefix { $0 != ":" }
    }

    /// The names of the file's lines 'name: value', which is all of YAML that settings need.
    private static func refuseOthers(than keys: [String], in path: String) throws(NodeError) {
        let lines = String(decoding: FileManager.default.contents(atPath: path) ?? Data(), as: UTF8.self).split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
        var seen: Set<String> = []
        for (number, line) in lines.enumerated() {
            guard let first = line.first, !first.isWhitespace, !"#%".contains(first), line != "---", line != "..." else { continue }
            var name = line.prefix { $0 != ":" }.trimmingCharacters(in: .whitespaces)
            if name.count > 1, let quote = name.first, "\"'".contains(quote), name.last == quote { name = String(name.dropFirst().dropLast()) }
            guard keys.contains(name) else { throw NodeError(.configuration, "\(path) line \(number + 1): there is no setting '\(name)' here; there are \(keys.joined(separator: ", "))") }
            guard seen.insert(name).inserted else { throw NodeError(.configuration, "\(path) line \(number + 1): '\(name)' comes twice") }
        }
    }

    private static func variable(_ key: String) -> String { "PENSTOCK_" + key.uppercased() }

    /// What a setting is, and where that stands.
    private func value(_ key: String) -> (text: String, place: String, isFromFile: Bool)? {
        let variable = Self.variable(key)
        if !ignored.contains(variable), let text = Surroundings.text(variable) { return (text, "\(variable) in the environment", false) }
        let text = reader.string(forKey: ConfigKey(key)) ?? reader.int(forKey: ConfigKey(key)).map(String.init)
        return text.map { ($0, "'\(key)' in \(path)", true) }
    }

    package func text(_ key: String) throws(NodeError) -> String {
        guard let text = optionalText(key) else { throw NodeError(.configuration, "\(path) lacks '\(key)', and \(Self.variable(key)) is not set") }
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
    package func absolute(_ path: String, of key: String) -> String { absolute(path, isFromFile: value(key)?.isFromFile ?? true) }

    private func absolute(_ path: String, isFromFile: Bool) -> String {
        Paths.absolute(path, from: isFromFile ? folder : nil)
    }

    package func integer(_ key: String, default standard: Int, in range: ClosedRange<Int>) throws(NodeError) -> Int {
        guard let value = value(key) else { return standard }
        guard let number = Int(value.text), range.contains(number) else {
            throw NodeError(.configuration, "\(value.place) must be a whole number from \(range.lowerBound) to \(range.upperBound), not '\(value.text)'")
        }
        return number
    }

    package func list(_ key: String) -> [String] {
        if value(key)?.isFromFile != false, let list = reader.stringArray(forKey: ConfigKey(key)) { return list }
        return optionalText(key).map { $0.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) } } ?? []
    }

    /// Addresses or names, without ports.
    package func hosts(_ key: String) throws(NodeError) -> [HostAddress] {
        var hosts: [HostAddress] = []
        for text in list(key) where !text.isEmpty {
            guard let host = HostAddress(text) else { throw NodeError(.configuration, "\(value(key)?.place ?? key): '\(text)' is not \(HostAddress.forms)") }
            hosts.append(host)
        }
        return hosts
    }
}
