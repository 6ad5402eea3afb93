package import Configuration
internal import Foundation
internal import SystemPackage

/// A node's settings: `PENSTOCK_*` from the environment before the file. Flags are the command's and come first.
package struct FileSettings: Sendable {
    package let reader: ConfigReader
    /// Relative paths in the file are meant from here.
    package let folder: String

    package init(_ path: String) async throws {
        guard FileManager.default.isReadableFile(atPath: path) else { throw NodeError(.configuration, "cannot read the configuration \(path)") }
        let file: FileProvider<YAMLSnapshot>
        do {
            file = try await FileProvider<YAMLSnapshot>(filePath: FilePath(path))
        } catch {
            throw NodeError(.configuration, "\(path) is no YAML of 'name: value' lines: \("\(error)".split(separator: "\n").joined(separator: " "))")
        }
        reader = ConfigReader(providers: [EnvironmentVariablesProvider().prefixKeys(with: "penstock"), file])
        folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
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
