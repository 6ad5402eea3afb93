internal import PenstockCore

/// How much strangers may do in a second: by network address, and all together.
///
/// An address that is over its own bound takes nothing from the common one, so that nobody can use it up from one
/// place.
struct JoinBudget {
    enum Attempt {
        case admitted
        case answerBusy
        /// There have been many: an answer would cost more than it tells.
        case ignore
    }

    private struct Second {
        var startedAt: Instant?
        var attempts = 0
        var handshakes = 0
        var attemptsOf: [String: Int] = [:]
        var handshakesOf: [String: Int] = [:]
        var busyAnswers = 0
    }

    private var second = Second()

    mutating func admitsAttempt(from address: String, at now: Instant) -> Attempt {
        turn(at: now)
        guard Self.count(address, in: &second.attemptsOf) <= Limits.joinsPerSecondOfAddress,
            second.attempts < Limits.joinsPerSecond
        else {
            second.busyAnswers += 1
            return second.busyAnswers <= Limits.joinBusyAnswersPerSecond ? .answerBusy : .ignore
        }
        second.attempts += 1
        return .admitted
    }

    mutating func admitsHandshake(from address: String, at now: Instant) -> Bool {
        turn(at: now)
        guard Self.count(address, in: &second.handshakesOf) <= Limits.joinHandshakesPerSecondOfAddress,
            second.handshakes < Limits.joinHandshakesPerSecond
        else { return false }
        second.handshakes += 1
        return true
    }

    private mutating func turn(at now: Instant) {
        if let startedAt = second.startedAt, now - startedAt < .nanosecondsPerSecond { return }
        second = Second(startedAt: now)
    }

    /// Addresses beyond the bound share one count.
    private static func count(_ address: String, in counts: inout [String: Int]) -> Int {
        let key = counts[address] != nil || counts.count < Limits.joinAddresses ? address : ""
        counts[key, default: 0] += 1
        return counts[key]!
    }
}
