internal import Glibc
internal import PenstockSystem

/// A file of the archive, which only grows: what lies before `end` is known to the store, and what lies behind was left
/// by a process that died before it had said so.
struct ArchiveFile {
    let path: String

    /// Where each of the parts begins, once all of them are durable.
    func append(_ parts: [[UInt8]], at end: Int) throws(StoreError) -> [Int] {
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw .system("cannot open \(path)") }
        defer { close(descriptor) }
        guard ftruncate(descriptor, off_t(end)) == 0 else { throw .system("cannot cut \(path)") }
        var (offset, offsets) = (end, [Int]())
        for part in parts {
            offsets.append(offset)
            try write(part, to: descriptor, at: offset)
            offset += part.count
        }
        guard fsync(descriptor) == 0 else { throw .system("cannot sync \(path)") }
        do {
            try DurableFile.syncFolder(of: path)
        } catch {
            throw StoreError(error)
        }
        return offsets
    }

    private func write(_ bytes: [UInt8], to descriptor: CInt, at start: Int) throws(StoreError) {
        var done = 0
        while done < bytes.count {
            let count = bytes[done...].withUnsafeBytes {
                pwrite(descriptor, $0.baseAddress, $0.count, off_t(start + done))
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw .system("cannot write \(path)") }
            done += count
        }
    }

    func read(at offset: Int, count: Int) throws(StoreError) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .system("cannot open \(path) of the archive") }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: count)
        var done = 0
        while done < count {
            let read = bytes[done...].withUnsafeMutableBytes {
                pread(descriptor, $0.baseAddress, $0.count, off_t(offset + done))
            }
            if read < 0, errno == EINTR { continue }
            guard read > 0 else {
                throw StoreError(.corrupt, "\(path) ends before what was moved to it; put the whole file back")
            }
            done += read
        }
        return bytes
    }

    /// 0 where there is none.
    var length: Int {
        var status = stat()
        return stat(path, &status) == 0 ? Int(status.st_size) : 0
    }
}
