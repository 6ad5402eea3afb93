package import Foundation

/// Files that people write.
package enum TextFile {
    /// - Parameter what: the file is, for whoever named it.
    package static func read(_ what: String, _ path: String) throws(NodeError) -> String {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw NodeError(.configuration, "cannot read \(what) \(path)")
        }
        return try text(data, path)
    }

    /// UTF-8, without the byte order mark that some editors begin a file with. Anything else would be read as other
    /// text by some reader.
    package static func text(_ data: Data, _ path: String) throws(NodeError) -> String {
        let bytes = data.starts(with: [0xEF, 0xBB, 0xBF]) ? data.dropFirst(3) : data
        // UTF-16 of what stands in such files has a zero in every other byte.
        guard !bytes.contains(0), let text = String(validating: bytes, as: UTF8.self) else {
            throw NodeError(.configuration, "\(path) is not text in UTF-8: save it so")
        }
        return text
    }
}
