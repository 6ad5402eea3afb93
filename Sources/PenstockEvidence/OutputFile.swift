internal import Foundation
internal import Glibc
package import PenstockNode

/// Files that commands write for people: replaced whole, and looked at before whatever they are to tell of is done.
package enum OutputFile {
    /// Throws when a file could not be written there now. Nothing is left behind.
    package static func check(_ path: String) throws(NodeError) {
        guard !isDevice(path) else { return }
        let trial = path + ".trial-\(getpid())"
        defer { unlink(trial) }
        if let problem = isFolder(path) ? EISDIR : put([UInt8](repeating: 0, count: 4096), at: trial) {
            throw cannot(path, problem)
        }
    }

    package static func write(_ text: String, to path: String) throws(NodeError) {
        try write(Array(text.utf8), to: path)
    }

    package static func write(_ bytes: [UInt8], to path: String) throws(NodeError) {
        guard !isDevice(path) else {
            if let problem = put(bytes, at: path, flags: O_WRONLY | O_APPEND) { throw cannot(path, problem) }
            return
        }
        let beside = path + ".new-\(getpid())"
        defer { unlink(beside) }
        if let problem = put(bytes, at: beside) { throw cannot(path, problem) }
        guard rename(beside, path) == 0 else { throw cannot(path, errno) }
    }

    private static func cannot(_ path: String, _ problem: Int32) -> NodeError {
        NodeError(.configuration, "cannot write \(path): \(String(cString: strerror(problem)))")
    }

    /// A terminal, a pipe or /dev/null is written to as it is.
    private static func isDevice(_ path: String) -> Bool {
        FileKind(at: path) == .device
    }

    private static func isFolder(_ path: String) -> Bool {
        path.isEmpty || path.hasSuffix("/") || FileKind(at: path) == .folder
    }

    /// - Returns: the errno, or nil.
    private static func put(_ bytes: [UInt8], at path: String, flags: Int32 = O_WRONLY | O_CREAT | O_TRUNC) -> Int32? {
        let descriptor = open(path, flags | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { return errno }
        defer { close(descriptor) }
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count > 0 { rest = rest.dropFirst(count) } else if errno != EINTR { return errno }
        }
        return nil
    }
}
