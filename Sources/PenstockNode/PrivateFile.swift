internal import Foundation
internal import Glibc

/// Files that hold secrets: written with mode 0600, and refused when others can read them.
package enum PrivateFile {
    /// Fails when the file exists: a key is never overwritten.
    package static func create(_ path: String, _ text: String) throws(NodeError) {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw NodeError(.identity, "cannot create \(path): \(String(cString: strerror(errno)))") }
        defer { close(descriptor) }
        let bytes = Array(text.utf8)
        guard write(descriptor, bytes, bytes.count) == bytes.count, fsync(descriptor) == 0 else {
            throw NodeError(.identity, "cannot write \(path): \(String(cString: strerror(errno)))")
        }
    }

    package static func read(_ path: String) throws(NodeError) -> String {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw NodeError(.identity, "cannot read \(path): \(String(cString: strerror(errno)))") }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw NodeError(.identity, "cannot examine \(path)") }
        guard status.st_mode & 0o077 == 0 else {
            throw NodeError(.identity, "\(path) can be read by others; run: chmod 600 \(path)")
        }
        guard status.st_size <= 64 * 1024 else { throw NodeError(.identity, "\(path) is too large for a key") }
        var bytes = [UInt8](repeating: 0, count: Int(status.st_size))
        let count = Glibc.read(descriptor, &bytes, bytes.count)
        guard count == bytes.count else { throw NodeError(.identity, "cannot read \(path)") }
        return String(decoding: bytes, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// Refuses a folder in which others could replace files, or whose own folder lets them replace it. With the sticky bit,
    /// as /tmp has it, only the owner can.
    package static func requireOwn(folder: String) throws(NodeError) {
        guard let resolved = realpath(folder, nil) else { throw NodeError(.identity, "cannot examine \(folder): \(String(cString: strerror(errno)))") }
        let path = String(cString: resolved)
        free(resolved)
        for place in [path, URL(fileURLWithPath: path).deletingLastPathComponent().path] {
            var status = stat()
            guard stat(place, &status) == 0 else { throw NodeError(.identity, "cannot examine \(place): \(String(cString: strerror(errno)))") }
            guard status.st_mode & 0o022 == 0 || status.st_mode & 0o1000 != 0 else {
                throw NodeError(.identity, "\(place) can be written by others, who could replace what is in it; run: chmod go-w \(place)")
            }
        }
    }

    package static func makeFolder(_ path: String) throws(NodeError) {
        do {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw NodeError(.identity, "cannot make the folder \(path): \(error.localizedDescription)")
        }
    }
}
