internal import GRDB
internal import GRDBSQLite
internal import Glibc
package import PenstockCore
internal import Synchronization

/// What the disk can still take. The log's reserve is used from the sequencer's thread.
extension SQLiteStore {
    /// Grows the reserve again, where a commit has used it up or there was no room before. Cheap when it is whole.
    package func restock() throws(StoreError) {
        guard let reserve else { return }
        try readLog("reserving room") { db in
            guard let chunk = reserve.grow(used: try Self.usedBytes(db)) else { return }
            try DatabaseFile.control(db, SQLITE_FCNTL_CHUNK_SIZE, chunk)
        }
    }

    /// Looks what is left of the reserve after a commit failed, and writes to the log without changing it. Throws
    /// `.full` where no restriction could be made durable.
    package func proveRoom() throws(StoreError) -> StoreRoom {
        try readLog("looking at the reserve") { db in reserve?.measure(used: try Self.usedBytes(db)) }
        try restock()
        guard room > .nothing else { throw StoreError(.full, "\(log.path): nothing is left of the reserve") }
        try writeLog("writing to the reserve") { db in _ = try Self.setHead(Self.head(db), db) }
        return room
    }

    package var room: StoreRoom {
        guard let reserve else { return .everything }
        let state = reserve.current
        guard state.kind == .allocated else { return Self.measured(reserve.freeBytes) }
        let left = state.length - state.used
        guard left >= StoreLimits.restrictionFloorBytes, state.walBytes >= StoreLimits.walFloorBytes else {
            return .nothing
        }
        let isWhole =
            left >= StoreLimits.logReserveBytes - StoreLimits.reserveStep
            && state.walBytes >= StoreLimits.walReserveBytes
        return isWhole ? .everything : .restrictions
    }

    private static func measured(_ free: Int) -> StoreRoom {
        if free >= StoreLimits.measuredReserveBytes { return .everything }
        return free >= StoreLimits.measuredReserveBytes / 4 ? .restrictions : .nothing
    }

    /// Whether receipts and what proves them may be written.
    package var hasRoomForEvidence: Bool {
        guard let reserve else { return true }
        let state = reserve.current
        guard state.kind == .allocated else { return reserve.freeBytes >= StoreLimits.measuredReserveBytes / 2 }
        return state.length - state.used >= StoreLimits.evidenceFloorBytes
    }

    /// Whether a file of so many bytes may be written beside the log: what decisions leave free, it leaves too.
    package func hasRoom(forFile bytes: Int) -> Bool {
        guard let reserve else { return true }
        return room == .everything && reserve.freeBytes - bytes >= leftFree(reserve)
    }

    private func leftFree(_ reserve: LogReserve) -> Int {
        min(StoreLimits.decisionsLeaveFreeBytes, reserve.totalBytes / StoreLimits.decisionsLeaveFreeShare)
    }

    package var disk: StoreDisk {
        guard let reserve else {
            return StoreDisk(freeBytes: 0, reserveBytes: 0, unreservable: nil, decisionsWait: false)
        }
        let state = reserve.current
        var unreservable: String?
        if case .measured(let why) = state.kind { unreservable = why }
        return StoreDisk(
            freeBytes: reserve.freeBytes,
            reserveBytes: unreservable == nil ? max(0, state.length - state.used) + state.walBytes : 0,
            unreservable: unreservable, decisionsWait: decisionProblem(adding: Limits.pageBytes) != nil,
            logBytes: state.used, decisionBytes: decisionBytes.load(ordering: .relaxed))
    }

    /// Why decisions are not taken up, or nil. They never come near what the log needs.
    func decisionProblem(adding count: Int) -> StoreError? {
        let room = decisionRoom
        return count <= room.bytes ? nil : StoreError(.full, "\(decisions.path)\(room.end)")
    }

    /// How many bytes of decisions can still be taken up, and what ends them.
    var decisionRoom: (bytes: Int, end: String) {
        let used = decisionBytes.load(ordering: .relaxed)
        var room = (bytes: Int.max, end: "")
        if let maximumDecisionBytes {
            room = (maximumDecisionBytes - used, " has reached decisions_megabytes; raise it")
        }
        guard let reserve else { return room }
        let mark = leftFree(reserve)
        // What the next checkpoint brings into the file is not taken of the file system yet. A batch is written twice:
        // to the write-ahead log, and to the file then, where it takes spare pages first.
        let spare = spareDecisionBytes.load(ordering: .relaxed)
        let pending = max(0, used + spare - Self.length(of: decisions.path))
        let free = max(0, reserve.freeBytes - pending - StoreLimits.decisionOverheadBytes - mark)
        let bytes = (free + min(spare, free)) / 2
        return bytes < room.bytes
            ? (bytes, ": decisions leave \(mark >> 20) MiB of their file system free; free some room on it") : room
    }

    private static func length(of path: String) -> Int {
        var status = stat()
        return stat(path, &status) == 0 ? Int(status.st_size) : 0
    }

    /// Of the log, without the pages that hold nothing any more.
    package func liveLogBytes() throws(StoreError) -> Int {
        try readLog("asking for the size") { try Self.liveBytes($0) }
    }

    static func usedBytes(_ db: Database) throws -> Int {
        let pages = try Int.fetchOne(db.cachedStatement(sql: "PRAGMA page_count")) ?? 0
        let size = try Int.fetchOne(db.cachedStatement(sql: "PRAGMA page_size")) ?? 4096
        return pages * size
    }
}
