/// Faults that the world can suffer.
enum FaultKind: String, CaseIterable {
    case cutOneWay, cutBothWays, loss, duplication, reordering, clog, highWater
    case killNode, losePowerNode, loseDiskNode, damageJournal, fullDisk, slowDisk, pauseNode, suspendMachine,
        stepWallClock
    case killLedger, losePowerLedger, pauseLedger, fullLedgerDisk, slowLedgerDisk, restoreBackup, leapLedgerClock
    case expelNode, hostileMember, secondProcess
}

/// What a sweep must have seen: a simulator that never makes its faults proves nothing.
enum Sight: String, CaseIterable {
    case cutMessage, lostMessage, duplicate, highWaterDrop
    case gap, fetch, staleDenial, allow, hold, settle, release, revokedDenial, exhausted, exhaustedAtOnce,
        heldElsewhere, unrecordable
    case fenced, enforced, closed, partial, lifted, urgentAhead, cancelled, voided, retryPermit
    case predecessorClosed, predecessorUnproven, carried, refusedCommit, leaseAfterFailedCommit, restrictedOnFullDisk,
        leaseWithheld, diverged, recovered, snapshotLoaded, refusedForgery, child, refusedChild
    case parked, servedLater, waitedInVain, recall, windowOpened, warned, debtTold, overrun, ceilingRaised,
        ceilingLowered, overcommitted, debtAccepted, frozen, frozenGrant
    case rateLimited, counted, countedCall
    case debtWithRoom, tolerated, debtSettled, budgetMoved, budgetClosed, closedDenial, rateChanged, rateClosed
    case checkpoint, cosigned, completeReceipt
    case leapt, leapEnded, timeAccepted, timeNoted, forgotten, forgottenChild
}

struct Coverage {
    private(set) var faults: [FaultKind: Int] = [:]
    private(set) var sights: [Sight: Int] = [:]

    mutating func note(_ fault: FaultKind) { faults[fault, default: 0] += 1 }
    mutating func note(_ sight: Sight) { sights[sight, default: 0] += 1 }

    mutating func add(_ other: Coverage) {
        faults.merge(other.faults, uniquingKeysWith: +)
        sights.merge(other.sights, uniquingKeysWith: +)
    }

    /// What never occurred.
    var missing: [String] {
        FaultKind.allCases.filter { faults[$0] == nil }.map(\.rawValue)
            + Sight.allCases.filter { sights[$0] == nil }.map(\.rawValue)
    }
}

extension Coverage {
    var listing: [(String, Int)] {
        FaultKind.allCases.map { ($0.rawValue, faults[$0] ?? 0) }
            + Sight.allCases.map { ($0.rawValue, sights[$0] ?? 0) }
    }
}
