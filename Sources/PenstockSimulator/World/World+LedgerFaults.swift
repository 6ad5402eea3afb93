internal import PenstockCore

/// How the ledger's process and its clock go wrong and come back.
extension World {
    /// Where the folder does not say what was told, the machine's start takes longer than the leases of before.
    func startLedger(after down: Int64) {
        queue.add(.startLedger(restored: false), at: now + max(down, host.mark == nil ? checker.settings.bound : 0))
    }

    /// The ledger's machine comes up under another boot: its continuous clock tells nothing of the time before.
    func beginAnew(_ lasts: Int64, _ amount: Int) {
        host.isSameBoot = false
        if amount % 2 == 0 { host.clock.wallErrorMS = -3_600_000 }
        queue.add(.healLedgerClock, at: now + lasts * 2)
        if amount % 3 == 0 { host.mark = nil }
    }

    /// The wall clock is right again. Where the ledger's time has fallen behind, its operator says so.
    func healLedgerClock() {
        host.clock.wallErrorMS = 0
        guard host.ledger != nil, !host.isPaused else { return }
        noteTime()
        let leap = host.running.ledger.time.reading(at: ledgerNow).leapMS
        guard leap != 0 else { return }
        coverage.note(.timeAccepted)
        command(.timeAccepted(leapMS: leap, reason: ""), by: "op")
    }

    /// How long a machine was down, a wall clock that is behind cannot tell: time goes on from what the log and the
    /// folder carry.
    func noteLostTime() {
        guard !host.isSameBoot else { return }
        host.isSameBoot = true
        guard host.clock.wallErrorMS < 0 else { return }
        let own = (1...log.head).last { log.event(at: $0).origin == "ledger" }
        let told = max(own.map { log.durableAt[Int($0) - 1] } ?? 0, host.mark == nil ? 0 : host.markedAt)
        checker.lostTime += host.clock.undisturbedWall(at: now) - host.clock.undisturbedWall(at: told)
    }

    /// Reads the wall clock, and keeps what the ledger makes of it in its folder.
    func noteTime() {
        switch host.running.observe(wall: host.clock.wall(at: now), at: ledgerNow) {
        case .leapt: coverage.note(.leapt)
        case .agrees: coverage.note(.leapEnded)
        case nil: break
        }
        host.time = host.running.ledger.time
        host.mark = LedgerTime.Mark(at: ledgerNow, time: host.time.reading(at: ledgerNow).continued)
        host.stopped = host.time.stopped(at: ledgerNow)
        host.lagging = host.time.lagging(at: ledgerNow)
        host.markedAt = now
    }
}
