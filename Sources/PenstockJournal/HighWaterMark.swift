internal import Glibc

/// How far a journal was written, kept where no copy of its folder carries it: one page of a file in memory that outlives
/// the process and not the machine, named by the folder's device and inode.
///
/// After a kill, a journal that ends below its mark is an older one that was put back, and proves nothing; neither does one
/// whose mark is gone, or another incarnation's. The records before the newest segment need no mark: each segment begins
/// where the one before ends.
///
/// Sendable without a check of the compiler's: every field is a constant, and each lane of the mapped page has one writer.
final class HighWaterMark: @unchecked Sendable {
    /// What the last process left.
    struct Reading: Equatable {
        var bootID: [UInt8]
        var incarnation: [UInt8]
        /// The number that its next record would have had.
        var next: UInt64
    }

    private let path: String
    private let bootID: [UInt8]
    private let incarnation: [UInt8]
    private let page: UnsafeMutableRawPointer

    private static let magic: UInt64 = 0x4B52_414D_5453_4E50
    private static let byteCount = 4096
    private static let bootOffset = 8
    private static let incarnationOffset = 24
    private static let nextOffset = 40
    /// Each lane says how far it has written, on a cache line of its own; the furthest counts.
    static let lanes = byteCount / 64

    @inline(__always)
    private static func offset(ofLane lane: Int) -> Int { lane == 0 ? nextOffset : lane * 64 }

    static func path(of folder: SegmentHeader.Folder, in place: String) -> String {
        "\(place)/penstock-journal-\(folder.device)-\(folder.inode)"
    }

    /// The mark in `place`, or nil when there is none that this user made.
    static func read(of folder: SegmentHeader.Folder, in place: String) -> Reading? {
        let descriptor = open(path(of: folder, in: place), O_RDONLY | O_NOFOLLOW | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: byteCount, alignment: 8)
        defer { bytes.deallocate() }
        guard isOwn(descriptor), pread(descriptor, bytes.baseAddress, bytes.count, 0) == bytes.count,
            bytes.load(as: UInt64.self) == magic
        else { return nil }
        return Reading(
            bootID: [UInt8](bytes[bootOffset..<incarnationOffset]),
            incarnation: [UInt8](bytes[incarnationOffset..<nextOffset]),
            next: (0..<lanes).reduce(0) { max($0, bytes.load(fromByteOffset: offset(ofLane: $1), as: UInt64.self)) })
    }

    /// Maps the mark's page, and leaves what is in it. Nil where the place cannot be written: whatever is killed without a
    /// mark is charged in full.
    init?(of folder: SegmentHeader.Folder, in place: String, bootID: [UInt8], incarnation: [UInt8]) {
        path = Self.path(of: folder, in: place)
        (self.bootID, self.incarnation) = (bootID, incarnation)
        let descriptor = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        // Allocated, as a write to a page that cannot be had would be a fault signal.
        guard Self.isOwn(descriptor), posix_fallocate(descriptor, 0, off_t(Self.byteCount)) == 0,
            let memory = mmap(nil, Self.byteCount, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0),
            memory != MAP_FAILED
        else { return nil }
        page = memory
    }

    /// Takes the mark over for this incarnation, once it has a segment: until then it speaks of the one before.
    func begin(next: UInt64) {
        page.storeBytes(of: 0, as: UInt64.self)
        for (offset, byte) in (bootID + incarnation).enumerated() {
            page.storeBytes(of: byte, toByteOffset: Self.bootOffset + offset, as: UInt8.self)
        }
        for lane in 0..<Self.lanes { note(next: next, lane: lane) }
        page.storeReleasing64(Self.magic)
    }

    deinit { munmap(page, Self.byteCount) }

    /// After the record is published: a mark ahead of its journal would leave an honest one unproven.
    @inline(__always)
    func note(next: UInt64, lane: Int) { (page + Self.offset(ofLane: lane)).storeReleasing64(next) }

    /// A journal that is sealed needs none.
    func remove() { unlink(path) }

    private static func isOwn(_ descriptor: CInt) -> Bool {
        var status = stat()
        return fstat(descriptor, &status) == 0 && status.st_uid == geteuid() && status.st_mode & S_IFMT == S_IFREG
            && status.st_nlink == 1
    }
}
