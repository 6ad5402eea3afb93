internal import Foundation
internal import Glibc
internal import PenstockCore
internal import PenstockStore

/// A folder that goes with the value.
final class TemporaryFolder {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "/penstock-store-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }
}

/// Mounts a memory file system of `size` (as in `size=4m`) for the time of `body`. False when that is not allowed.
func withSmallFileSystem(size: String, _ body: (String) throws -> Void) throws -> Bool {
    let folder = try TemporaryFolder()
    guard mount("none", folder.path, "tmpfs", 0, "size=\(size)") == 0 else { return false }
    defer { umount2(folder.path, CInt(MNT_DETACH)) }
    try body(folder.path)
    return true
}

func event(_ number: UInt64, byteCount: Int = 100) -> NewEvent {
    NewEvent(id: id(number), bytes: [UInt8](repeating: UInt8(truncatingIfNeeded: number), count: byteCount))
}

/// Distinct for distinct numbers; not hashes, which the store does not check.
func id(_ number: UInt64) -> Digest {
    Digest(words: (number &* 0x9E37_79B9_7F4A_7C15, number, 0, 1))
}

/// The error that `body` throws, or nil.
func storeError(_ body: () throws -> Void) -> StoreError? {
    do {
        try body()
        return nil
    } catch {
        return error as? StoreError
    }
}

/// Changes the byte at `offset`.
func damage(_ path: String, at offset: Int) throws {
    var data = try Data(contentsOf: URL(fileURLWithPath: path))
    data[offset] ^= 0xFF
    try data.write(to: URL(fileURLWithPath: path))
}

func firstOffset(of pattern: [UInt8], in path: String) throws -> Int? {
    try Data(contentsOf: URL(fileURLWithPath: path)).range(of: Data(pattern))?.lowerBound
}
