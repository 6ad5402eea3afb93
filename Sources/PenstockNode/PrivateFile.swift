internal import Foundation
internal import Glibc

/// Files that hold secrets: written with mode 0600, and refused when everybody can read them or others write them.
package enum PrivateFile {
    /// Fails when the file exists: a key is never overwritten.
    package static func create(_ path: String, _ text: String) throws(NodeError) {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw NodeError(.identity, "cannot create \(path): \(String(cString: strerror(errno)))")
        }
        defer { close(descriptor) }
        let bytes = Array(text.utf8)
        guard write(descriptor, bytes, bytes.count) == bytes.count, fsync(descriptor) == 0 else {
            let cause = errno
            unlink(path)
            throw NodeError(.identity, "cannot write \(path): \(String(cString: strerror(cause)))")
        }
    }

    /// A secret's text: of a file, or of a pipe as shells and service managers hand one over. Without a byte order
    /// mark, and without white space around it, as editors and other systems leave it.
    package static func read(_ path: String) throws(NodeError) -> String {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw NodeError(.identity, "cannot read \(path): \(String(cString: strerror(errno)))")
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            throw NodeError(.identity, "cannot examine \(path): \(String(cString: strerror(errno)))")
        }
        if let problem = problem(of: status.st_mode, path) { throw problem }
        return try text(descriptor, path)
    }

    /// Whether a path, such as /dev/stdin, is this process's input.
    package static func isStandardInput(_ path: String) -> Bool {
        guard path.hasPrefix("/dev/") || path.hasPrefix("/proc/") else { return path.hasSuffix("/-") || path == "-" }
        var (input, other) = (stat(), stat())
        return fstat(0, &input) == 0 && stat(path, &other) == 0 && input.st_dev == other.st_dev
            && input.st_ino == other.st_ino && path != "/dev/null"
    }

    /// Standard input, to its end.
    package static func readStandardInput() throws(NodeError) -> String { try text(0, "standard input") }

    /// Whoever may write the file could put another's secret in it, and what everybody may read is none. A group that
    /// may read it is one that somebody chose: a container platform mounts secrets so (mode 0440), for a process that
    /// is not root.
    private static func problem(of mode: mode_t, _ path: String) -> NodeError? {
        switch mode & S_IFMT {
        case S_IFDIR: NodeError(.identity, "\(path) is a folder; name the file in it")
        case S_IFREG where mode & 0o004 != 0:
            NodeError(
                .identity,
                "\(path) can be read by others; run: chmod 600 \(path) (where a platform mounts it: mode 0400 or 0440)")
        case S_IFREG where mode & 0o022 != 0:
            NodeError(.identity, "\(path) can be written by others; run: chmod 600 \(path)")
        default: nil
        }
    }

    private static func text(_ descriptor: Int32, _ path: String) throws(NodeError) -> String {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else {
                throw NodeError(.identity, "cannot read \(path): \(String(cString: strerror(errno)))")
            }
            guard count > 0 else { break }
            bytes += buffer[..<count]
            guard bytes.count <= 64 * 1024 else { throw NodeError(.identity, "\(path) is too large for a key") }
        }
        let text =
            bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF])
            ? String(data: Data(bytes), encoding: .utf16) ?? "" : String(decoding: bytes, as: UTF8.self)
        return text.trimmingCharacters(in: CharacterSet.whitespacesAndNewlines.union(["\u{FEFF}", "\0"]))
    }

    /// Refuses a folder in which others could replace files, or whose own folder lets them replace it. With the sticky
    /// bit, as /tmp has it, only the owner can.
    package static func requireOwn(folder: String) throws(NodeError) {
        guard let resolved = realpath(folder, nil) else {
            throw NodeError(.identity, "cannot examine \(folder): \(String(cString: strerror(errno)))")
        }
        let path = String(cString: resolved)
        free(resolved)
        for place in [path, URL(fileURLWithPath: path).deletingLastPathComponent().path] {
            var status = stat()
            guard stat(place, &status) == 0 else {
                throw NodeError(.identity, "cannot examine \(place): \(String(cString: strerror(errno)))")
            }
            guard status.st_mode & 0o022 == 0 || status.st_mode & 0o1000 != 0 else {
                throw NodeError(
                    .identity,
                    "\(place) can be written by others, who could replace what is in it; run: chmod go-w \(place)")
            }
        }
    }

    package static func makeFolder(_ path: String) throws(NodeError) {
        do {
            try FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw NodeError(.identity, "cannot make the folder \(path): \(printed(error))")
        }
    }
}
