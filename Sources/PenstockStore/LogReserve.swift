internal import CFileSystem
internal import Glibc
internal import Synchronization

/// Blocks that the file system has given the log ahead of need, so that a full disk takes no room from a restriction.
///
/// Two parts: `log.sqlite` is longer than its pages, and its write-ahead log has all the blocks that it can come to
/// need, as SQLite overwrites it from its start. SQLite cuts a file to its pages at each checkpoint; its chunk size
/// (https://sqlite.org/c3ref/c_fcntl_begin_atomic_write.html#sqlitefcntlchunksize) rounds that up to where the reserve
/// ends.
///
/// The two descriptors stay open for as long as the connection: to close one drops the process's locks on the file
/// (https://sqlite.org/howtocorrupt.html#_posix_advisory_locks_canceled_by_a_separate_thread_doing_close_).
final class LogReserve: Sendable {
    /// What this file system makes of a reservation.
    enum Kind: Equatable {
        case allocated
        /// It promises nothing: what is free is measured instead, and others may take it.
        case measured(why: String)
    }

    struct State {
        var kind = Kind.allocated
        /// Of `log.sqlite`: its length, and how much of it are pages.
        var length = 0
        var used = 0
        /// Allocated to the write-ahead log.
        var walBytes = 0
    }

    let path: String
    let log: CInt
    let wal: CInt
    let state = Mutex(State())

    /// Both files are there, and SQLite has them open.
    init(path: String) throws(StoreError) {
        self.path = path
        log = Glibc.open(path, O_RDWR | O_CLOEXEC)
        guard log >= 0 else { throw .system("cannot open \(path)") }
        wal = Glibc.open(path + "-wal", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard wal >= 0 else { throw .system("cannot open \(path)-wal") }
        var system = statfs()
        if fstatfs(log, &system) == 0, Self.copiesOnWrite(Int(system.f_type)) {
            state.withLock { $0.kind = .measured(why: "this file system writes changed blocks to new places") }
        }
    }

    deinit {
        close(wal)
        close(log)
    }

    /// btrfs, ZFS and bcachefs (statfs(2)): what is allocated ahead does not help the write that comes.
    private static func copiesOnWrite(_ type: Int) -> Bool { [0x9123_683E, 0x2FC1_2FC1, 0xCA45_1A4E].contains(type) }

    /// Grows what has been used up, as far as there is room. Returns the chunk size for SQLite, when it has changed.
    func grow(used: Int) -> CInt? {
        state.withLock { state -> CInt? in
            state.used = used
            guard state.kind == .allocated else { return nil }
            if state.walBytes < StoreLimits.walReserveBytes {
                _ = allocate(wal, CInt(fallocate_keep_size), 0, StoreLimits.walReserveBytes, &state)
                state.walBytes = min(StoreLimits.walReserveBytes, Self.blocks(wal))
            }
            let before = state.length
            state.length = Self.length(log)
            guard state.length - used < StoreLimits.logReserveBytes - StoreLimits.reserveStep else {
                return state.length == before ? nil : Self.chunk(state.length)
            }
            // What does not fit whole is taken in part: others would have it else.
            var wanted = Self.aligned(used + StoreLimits.logReserveBytes) - state.length
            while wanted >= StoreLimits.reserveStep / 4, state.kind == .allocated {
                if allocate(log, 0, state.length, wanted, &state) { break }
                // A part may have been allocated.
                ftruncate(log, off_t(state.length))
                wanted = Self.aligned(wanted / 2)
            }
            state.length = Self.length(log)
            return Self.chunk(state.length)
        }
    }

    func allocate(_ file: CInt, _ mode: CInt, _ offset: Int, _ count: Int, _ state: inout State) -> Bool {
        while fallocate(file, mode, off_t(offset), off_t(count)) != 0 {
            switch errno {
            case EINTR: continue
            case ENOSPC, EDQUOT: return false
            default:
                state.kind = .measured(
                    why: "this file system allocates nothing ahead: \(String(cString: strerror(errno)))")
                return false
            }
        }
        return true
    }

    /// After a commit, or where nothing could be grown.
    func note(used: Int) { state.withLock { $0.used = used } }

    var current: State { state.withLock { $0 } }

    /// What is left for others than the log.
    var freeBytes: Int {
        var system = statvfs()
        guard fstatvfs(log, &system) == 0 else { return 0 }
        return Int(system.f_bavail) * Int(system.f_frsize)
    }

    var totalBytes: Int {
        var system = statvfs()
        guard fstatvfs(log, &system) == 0 else { return 0 }
        return Int(system.f_blocks) * Int(system.f_frsize)
    }

    /// Takes the content of a write-ahead log that was moved into the file whole, and leaves its blocks. Beside another
    /// `log.sqlite` it would be taken for that one's.
    func emptyWAL() {
        let nothing = [UInt8](repeating: 0, count: 32)
        _ = pwrite(wal, nothing, nothing.count, 0)
        fdatasync(wal)
    }

    static func length(_ file: CInt) -> Int {
        var status = stat()
        return fstat(file, &status) == 0 ? Int(status.st_size) : 0
    }

    static func blocks(_ file: CInt) -> Int {
        var status = stat()
        return fstat(file, &status) == 0 ? Int(status.st_blocks) * 512 : 0
    }

    /// SQLite's chunk size is a 32-bit number: a longer file is so many chunks.
    private static func aligned(_ bytes: Int) -> Int {
        let unit = 4096 * chunks(bytes)
        return (bytes + unit - 1) / unit * unit
    }

    private static func chunks(_ bytes: Int) -> Int { max(1, (bytes + (1 << 30) - 1) >> 30) }

    static func chunk(_ length: Int) -> CInt { CInt(clamping: length / chunks(length)) }
}
