internal import Glibc

/// The first page of a segment file, little-endian:
///
/// | offset | size | field                                                                   |
/// |--------|------|-------------------------------------------------------------------------|
/// | 0      | 8    | "PNSTJRNL"                                                              |
/// | 8      | 8    | version                                                                 |
/// | 16     | 8    | segment index, from 1, also in the file's name                          |
/// | 24     | 8    | size of the file                                                        |
/// | 32     | 16   | boot id of the kernel it was made under                                 |
/// | 48     | 16   | incarnation of the node that writes it                                  |
/// | 64     | 16   | device and inode of the file itself: a copy has others                  |
/// | 80     | 8    | checksum of all that                                                    |
/// | 88     | 16   | since version 2: device and inode of the folder, so that a link elsewhere is told |
/// | 104    | 8    | checksum of these                                                       |
/// | 128    | 16   | first sequence number, behind its check: written when taken into use    |
/// | 144    | 16   | last sequence number + 1, behind its check: written by a clean stop     |
///
/// A *mark* is a number behind its check; the number is written last, and 0 means that it is not there.
struct SegmentHeader: Equatable {
    static let byteCount = 4096
    static let version: UInt32 = 2
    static let magic: UInt64 = 0x4C4E_524A_5453_4E50
    static let checkedBytes = 80
    private static let folderOffset = 88

    var index: UInt64
    var segmentBytes: Int
    var bootID: [UInt8]
    var incarnation: [UInt8]
    var device: UInt64
    var inode: UInt64
    /// Nil in a file of version 1, which did not say.
    var folder: Folder?

    /// Which folder a file was made in.
    struct Folder: Equatable, Sendable {
        var device: UInt64
        var inode: UInt64
    }

    /// The two numbers written later. Their checks are salted with their offset, so one cannot stand for the other.
    enum Mark: Int {
        case firstSequence = 128
        case sealedEnd = 144

        var valueOffset: Int { rawValue + 8 }

        func check(_ value: UInt64, segment: UInt64) -> UInt64 {
            withUnsafeBytes(of: value) {
                // Not empty, as it holds the eight bytes of `value`.
                Record.checksum($0.baseAddress!, byteCount: 8, sequence: UInt64(rawValue), segment: segment)
            }
        }
    }

    /// Writes the header's page at the start of a file.
    func write(to descriptor: CInt, _ path: String) throws(JournalError) {
        let page = UnsafeMutableRawPointer.allocate(byteCount: Self.byteCount, alignment: 8)
        defer { page.deallocate() }
        page.initializeMemory(as: UInt8.self, repeating: 0, count: Self.byteCount)
        write(to: page)
        guard pwrite(descriptor, page, Self.byteCount, 0) == Self.byteCount else { throw .system("write", path) }
    }

    private func write(to page: UnsafeMutableRawPointer) {
        page.storeBytes(of: Self.magic, as: UInt64.self)
        page.storeBytes(of: UInt64(Self.version), toByteOffset: 8, as: UInt64.self)
        page.storeBytes(of: index, toByteOffset: 16, as: UInt64.self)
        page.storeBytes(of: UInt64(segmentBytes), toByteOffset: 24, as: UInt64.self)
        for (offset, byte) in (bootID + incarnation).enumerated() {
            page.storeBytes(of: byte, toByteOffset: 32 + offset, as: UInt8.self)
        }
        page.storeBytes(of: device, toByteOffset: 64, as: UInt64.self)
        page.storeBytes(of: inode, toByteOffset: 72, as: UInt64.self)
        page.storeBytes(of: Self.checksum(page), toByteOffset: Self.checkedBytes, as: UInt64.self)
        page.storeBytes(of: folder?.device ?? 0, toByteOffset: Self.folderOffset, as: UInt64.self)
        page.storeBytes(of: folder?.inode ?? 0, toByteOffset: Self.folderOffset + 8, as: UInt64.self)
        page.storeBytes(of: Self.folderChecksum(page), toByteOffset: Self.folderOffset + 16, as: UInt64.self)
    }

    /// Reads and checks a header page. `page` has at least `byteCount` bytes.
    init(page: UnsafeRawPointer, path: String) throws(JournalError) {
        guard page.load(as: UInt64.self) == Self.magic else {
            throw .corrupt(path: path, offset: 0, what: "this is not a journal segment")
        }
        guard page.load(fromByteOffset: Self.checkedBytes, as: UInt64.self) == Self.checksum(page) else {
            throw .corrupt(path: path, offset: Self.checkedBytes, what: "the header's checksum is wrong")
        }
        let version = page.load(fromByteOffset: 8, as: UInt64.self)
        guard (1...UInt64(Self.version)).contains(version) else {
            throw .incompatible(path: path, version: UInt32(clamping: version))
        }
        index = page.load(fromByteOffset: 16, as: UInt64.self)
        segmentBytes = Int(clamping: page.load(fromByteOffset: 24, as: UInt64.self))
        bootID = [UInt8](UnsafeRawBufferPointer(start: page + 32, count: 16))
        incarnation = [UInt8](UnsafeRawBufferPointer(start: page + 48, count: 16))
        device = page.load(fromByteOffset: 64, as: UInt64.self)
        inode = page.load(fromByteOffset: 72, as: UInt64.self)
        guard version > 1 else { return }
        guard page.load(fromByteOffset: Self.folderOffset + 16, as: UInt64.self) == Self.folderChecksum(page) else {
            throw .corrupt(path: path, offset: Self.folderOffset + 16, what: "the header's second checksum is wrong")
        }
        folder = Folder(
            device: page.load(fromByteOffset: Self.folderOffset, as: UInt64.self),
            inode: page.load(fromByteOffset: Self.folderOffset + 8, as: UInt64.self))
    }

    init(
        index: UInt64, segmentBytes: Int, bootID: [UInt8], incarnation: [UInt8], device: UInt64, inode: UInt64,
        folder: Folder?
    ) {
        precondition(bootID.count == 16 && incarnation.count == 16, "boot id and incarnation are 16 bytes each")
        self.index = index
        self.segmentBytes = segmentBytes
        self.bootID = bootID
        self.incarnation = incarnation
        self.device = device
        self.inode = inode
        self.folder = folder
    }

    private static func folderChecksum(_ page: UnsafeRawPointer) -> UInt64 {
        Record.checksum(page + folderOffset, byteCount: 16, sequence: UInt64(folderOffset), segment: 0)
    }

    private static func checksum(_ page: UnsafeRawPointer) -> UInt64 {
        Record.checksum(page, byteCount: checkedBytes, sequence: 0, segment: 0)
    }
}
