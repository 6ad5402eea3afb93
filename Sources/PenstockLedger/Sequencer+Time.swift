internal import Logging
internal import PenstockCore
internal import PenstockProto
internal import PenstockSystem
internal import SwiftProtobuf

/// The clocks that ledger time is made of, and what is said of them.
extension Sequencer {
    /// From what the log and the folder carry, and the clocks now.
    func startTime() -> LedgerTime {
        let memory = timeFile.memory(greatest: ledger.state.greatestTime)
        let (wall, now) = Clocks.together()
        let ahead = wall - memory.greatest
        if memory.mark == nil, memory.greatest > 0, ahead > Limits.clockGapMS {
            logger.warning(
                "the wall clock is far ahead of the log; restrictions that were to end meanwhile end now",
                metadata: ["by": "\(Self.span(ahead))"])
        }
        return LedgerTime(wall: wall, at: now, after: memory)
    }

    /// Before anything is judged by the time.
    func noteTime() {
        let (wall, now) = Clocks.together()
        switch turn.observe(wall: wall, at: now) {
        case .leapt(let leap):
            count("clock_leaps")
            keepTime()
            logger.critical(
                "the wall clock has leapt", metadata: ["leap": "\(Self.span(leap))", "held": "\(Self.held)"])
        case .agrees:
            logger.warning("the wall clock agrees with ledger time again")
            keepTime()
        case nil: break
        }
    }

    func keepTime() {
        if !timeFile.write(ledger.time, at: Clocks.now()) { count("time_not_kept") }
    }

    func ledgerTime() -> Penstock_V1_LedgerTime {
        let time = ledger.time.reading(at: Clocks.now())
        return .with {
            ($0.earliestMs, $0.continuedMs, $0.latestMs, $0.leapMs) = (
                time.earliest, time.continued, time.latest, time.leapMS
            )
        }
    }

    func timeWarnings() -> [String] {
        let leap = ledger.time.reading(at: Clocks.now()).leapMS
        return leap == 0 ? [] : ["the ledger's wall clock has leapt \(Self.span(leap)); \(Self.held)"]
    }

    private static let held = """
        grants expire by the later of the two clocks, and restrictions end by the earlier; set the machine's clock right, \
        or accept it with 'penstock time accept'
        """

    private static func span(_ milliseconds: Int64) -> String {
        let tenths = (milliseconds.magnitude + 50) / 100
        return "\(tenths / 10).\(tenths % 10) s \(milliseconds < 0 ? "back" : "ahead")"
    }
}
