package import Configuration
internal import Foundation
internal import SystemPackage

/// A node's settings: `PENSTOCK_*` from the environment before the file. Flags are the command's and come first.
package struct FileSettings: Sendable {
    package let reader: ConfigReader
    /// Relative paths in the file are meant from here.
    package let folder: String

    /// - Parameter keys: what the file may set; anything else is a slip of the pen, which would go unseen. Nil for anything.
    package init(_ path: String, keys: [String]? = nil) async throws {
        guard FileManager.default.isReadableFile(atPath: path) else { throw NodeError(.configuration, "cannot read the configuration \(path)") }
        let file: FileProvider<YAMLSnapshot>
        do {
            file = try await FileProvider<YAMLSnapshot>(filePath: FilePath(path))
        } catch {
            throw NodeError(.configuration, "\(path) is no YAML of 'name: value' lines: \("\(error)".split(separator: "\n").joined(separator: " "))")
        }
        if let keys { try Self.refuseOthers(than: keys, in: path) }
        reader = ConfigReader(providers: [EnvironmentVariablesProvider().prefixKeys(with: "penstock"), file])
        folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
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

    package func text(_ key: String) throws(NodeError) -> String {
        guard let text = reader.string(forKey: ConfigKey(key)), !text.isEmpty else { throw NodeError(.configuration, "the configuration lacks '\(key)'") }
        return text
    }

    package func optionalText(_ key: String) -> String? {
        reader.string(forKey: ConfigKey(key)).flatMap { $0.isEmpty ? nil : $0 }
    }

    package func path(_ key: String) throws(NodeError) -> String { absolute(try text(key)) }

    package func optionalPath(_ key: String) -> String? { optionalText(key).map(absolute) }

    package func absolute(_ path: String) -> String {
        path.hasPrefix("/") ? path : URL(fileURLWithPath: folder).appendingPathComponent(path).standardized.path
    }

    package func integer(_ key: String, default value: Int, in range: ClosedRange<Int>) throws(NodeError) -> Int {
        guard let text = reader.string(forKey: ConfigKey(key)) ?? reader.int(forKey: ConfigKey(key)).map(String.init) else { return value }
        guard let number = Int(text), range.contains(number) else { throw NodeError(.configuration, "'\(key)' must be a whole number from \(range.lowerBound) to \(range.upperBound), not '\(text)'") }
        return number
    }

    package func list(_ key: String) -> [String] {
        if let list = reader.stringArray(forKey: ConfigKey(key)) { return list }
        return optionalText(key).map { $0.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) } } ?? []
    }
}
