internal import Logging
internal import PenstockCore
internal import PenstockProto
internal import PenstockStore
internal import PenstockSystem
internal import SwiftProtobuf

/// What was said of the disk last, and when; and when its reserve was looked after.
struct DiskReport {
    var warnings: [String] = []
    var room = StoreRoom.everything
    var saidAt: Instant = .min / 2
    var restockedAt: Instant = .min / 2
    var isShort = false
}

/// What the disk can take, told to the ledger that decides by it, and to people.
extension Sequencer {
    /// How often room is looked for while there is too little.
    static let roomInterval: Nanoseconds = .nanosecondsPerSecond

    func measureRoom(at now: Instant) {
        let isProven = ledger.isProofDue(at: now)
        perform(turn.storeTakes(isProven ? provenRoom() : room(at: now), isProven: isProven, at: now))
        sayRoom(at: now)
    }

    /// As it is measured. What was used up of the reserve is taken again first, where that is due.
    func room(at now: Instant) -> StoreRoom {
        if store.room != .everything, !diskReport.isShort || now - diskReport.restockedAt >= Self.roomInterval {
            diskReport.restockedAt = now
            do {
                try store.restock()
            } catch {
                logger.error("no room was reserved", metadata: ["error": "\(error)"])
                count("failed_reads")
            }
        }
        let room = store.room
        diskReport.isShort = room != .everything
        return room
    }

    /// A commit has failed, against what was measured: tries whether a restriction still fits.
    func provenRoom() -> StoreRoom {
        do {
            return try store.proveRoom()
        } catch {
            logger.error("no restriction could be written", metadata: ["error": "\(error)"])
            count("failed_commits")
            return .nothing
        }
    }

    /// A log line for each sentence that was not true before, and one when all is well.
    private func sayRoom(at now: Instant) {
        guard now - diskReport.saidAt >= Self.roomInterval || diskReport.room != ledger.room else { return }
        (diskReport.saidAt, diskReport.room) = (now, ledger.room)
        let disk = store.disk
        let warnings = diskWarnings(disk)
        guard warnings != diskReport.warnings else { return }
        for sentence in warnings where !diskReport.warnings.contains(sentence) {
            logger.warning("\(sentence)", metadata: ["free": "\(disk.freeBytes)", "reserve": "\(disk.reserveBytes)"])
        }
        if warnings.isEmpty { logger.info("the disk has room for everything again") }
        diskReport.warnings = warnings
    }

    func diskWarnings(_ disk: StoreDisk) -> [String] {
        var warnings: [String] = []
        switch ledger.room {
        case .everything: break
        case .restrictions:
            warnings.append(
                "the ledger's disk is full: only revokes, suspensions, throttles and expulsions are taken, from room that is kept for them; free space on it"
            )
        case .nothing:
            warnings.append(
                "the ledger's disk is full to its end: nothing can be written, and no lease is renewed, so that every node comes to deny; free space on it"
            )
        }
        if let why = disk.unreservable {
            warnings.append(
                "no room can be kept for revokes on the ledger's disk, only measured, and others may take it: \(why); put the log on ext4, xfs or tmpfs"
            )
        }
        if disk.decisionsWait {
            warnings.append(
                "no decisions are taken up from nodes, whose journals keep them until they are full: there is too little space for them at the ledger; free some, or raise decisions_megabytes"
            )
        }
        return warnings
    }

    func diskStatus(_ disk: StoreDisk) -> Penstock_V1_DiskStatus {
        .with {
            $0.freeBytes = UInt64(max(0, disk.freeBytes))
            $0.reserveBytes = UInt64(max(0, disk.reserveBytes))
            switch ledger.room {
            case .everything: $0.state = .room
            case .restrictions: $0.state = .restrictionsOnly
            case .nothing: $0.state = .nothing
            }
            let growth = growth(disk, at: Clocks.now())
            $0.logBytes = UInt64(max(0, disk.logBytes))
            $0.logBytesADay = UInt64(max(0, growth.log))
            $0.decisionBytes = UInt64(max(0, disk.decisionBytes))
            $0.decisionBytesADay = UInt64(max(0, growth.decisions))
            if let days = growth.days(free: disk.freeBytes) { $0.daysLeft = days }
        }
    }
}
