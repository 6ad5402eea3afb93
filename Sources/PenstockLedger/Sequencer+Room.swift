internal import Logging
internal import PenstockCore
internal import PenstockNode
internal import PenstockProto
internal import PenstockStore
internal import SwiftProtobuf

/// What the disk can take, told to the ledger that decides by it, and to people.
extension Sequencer {
    /// How often room is looked for while there is too little, and a failed commit is tried again.
    static let roomInterval: Nanoseconds = .nanosecondsPerSecond

    func measureRoom(at now: Instant) {
        if store.room != .everything, !isShortOfRoom || now - restockedAt >= Self.roomInterval {
            restockedAt = now
            do {
                try store.restock()
            } catch {
                halt("\(error)")
            }
        }
        isShortOfRoom = store.room != .everything
        let over = ledger.storeTakes(store.room)
        for request in over {
            if let waiting = parked.removeValue(forKey: request.requestID) { refuse(waiting, Refusal(.full, "the ledger's disk is full", retryAfterMS: 1000)) }
        }
        sayRoom(at: now)
    }

    /// A log line for each sentence that was not true before, and one when all is well.
    private func sayRoom(at now: Instant) {
        guard now - saidAt >= Self.roomInterval || roomSaid != ledger.room else { return }
        (saidAt, roomSaid) = (now, ledger.room)
        let disk = store.disk
        let warnings = diskWarnings(disk)
        guard warnings != saidOfDisk else { return }
        for sentence in warnings where !saidOfDisk.contains(sentence) { logger.warning("\(sentence)", metadata: ["free": "\(disk.freeBytes)", "reserve": "\(disk.reserveBytes)"]) }
        if warnings.isEmpty { logger.info("the disk has room for everything again") }
        saidOfDisk = warnings
    }

    func diskWarnings(_ disk: SQLiteStore.Disk) -> [String] {
        var warnings: [String] = []
        switch ledger.room {
        case .everything: break
        case .restrictions: warnings.append("the ledger's disk is full: only revokes, suspensions, throttles and expulsions are taken, from room that is kept for them; free space on it")
        case .nothing: warnings.append("the ledger's disk is full to its end: nothing can be written, and no lease is renewed, so that every node comes to deny; free space on it")
        }
        if let why = disk.unreservable { warnings.append("no room can be kept for revokes on the ledger's disk, only measured, and others may take it: \(why); put the log on ext4, xfs or tmpfs") }
        if disk.decisionsWait { warnings.append("no decisions are taken up from nodes, whose journals keep them until they are full: there is too little space for them at the ledger; free some, or raise decisions_megabytes") }
        return warnings
    }

    func diskStatus(_ disk: SQLiteStore.Disk) -> Penstock_V1_DiskStatus {
        .with {
            $0.freeBytes = UInt64(max(0, disk.freeBytes))
            $0.reserveBytes = UInt64(max(0, disk.reserveBytes))
            switch ledger.room {
            case .everything: $0.state = .room
            case .restrictions: $0.state = .restrictionsOnly
            case .nothing: $0.state = .nothing
            }
        }
    }
}
