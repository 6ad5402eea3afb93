internal import Foundation
internal import Glibc
internal import Synchronization

/// A secret in a file that may be replaced while it is used, in place or, as container platforms do, behind a link.
package final class ReplaceableSecret: Sendable {
    private struct State {
        var text: String
        var seen: [Int]
    }

    private let path: String
    private let state: Mutex<State>

    package init(_ path: String) throws(NodeError) {
        self.path = path
        // Looked at first: what replaces it meanwhile is another file.
        let seen = Self.look(path)
        state = Mutex(State(text: try PrivateFile.read(path), seen: seen))
    }

    package var text: String { state.withLock { $0.text } }

    /// The file's text where another is there than was read last; nil where it is the same, or gone for a moment. A
    /// pipe has been read once and for all.
    package func replaced() throws(NodeError) -> String? {
        let seen = Self.look(path)
        guard !seen.isEmpty, state.withLock({ $0.seen != seen && !$0.seen.isEmpty }) else { return nil }
        state.withLock { $0.seen = seen }
        let text = try PrivateFile.read(path)
        return state.withLock { state in
            defer { state.text = text }
            return state.text == text || text.isEmpty ? nil : text
        }
    }

    /// By what two looks at a regular file differ once it was written or replaced.
    private static func look(_ path: String) -> [Int] {
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return [] }
        return [
            Int(status.st_dev), Int(status.st_ino), Int(status.st_size), status.st_mtim.tv_sec, status.st_mtim.tv_nsec,
            status.st_ctim.tv_sec, status.st_ctim.tv_nsec,
        ]
    }
}
