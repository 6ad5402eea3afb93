internal import ArgumentParser
internal import PenstockNode
internal import PenstockSystem

/// A length of time as people write it: `250ms`, `30s`, `15m`, `2h`, `7d`.
struct DurationText: Formed {
    static let forms = "a length of time, such as 250ms, 30s, 15m, 2h or 7d"

    var milliseconds: Int64

    init(milliseconds: Int64) { self.milliseconds = milliseconds }

    init?(reading text: String) {
        let units: [(String, Int64)] = [("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)]
        for (suffix, factor) in units where text.hasSuffix(suffix) {
            guard let count = Int64(text.dropLast(suffix.count)), count >= 0, count < 1 << 32 else { continue }
            milliseconds = count * factor
            return
        }
        return nil
    }

    /// As help states a default: in the largest unit that leaves a whole number.
    var defaultValueDescription: String {
        let units: [(String, Int64)] = [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000)]
        let unit = units.first { milliseconds >= $0.1 && milliseconds % $0.1 == 0 }
        return unit.map { "\(milliseconds / $0.1)\($0.0)" } ?? (milliseconds == 0 ? "0s" : "\(milliseconds)ms")
    }

    /// How long a command may be told to wait, in milliseconds: whoever wants more asks again.
    static let waits: ClosedRange<Int64> = 0...604_800_000

    /// - Parameter range: in milliseconds.
    func check(_ option: String, in range: ClosedRange<Int64>) throws {
        guard !range.contains(milliseconds) else { return }
        func text(_ milliseconds: Int64) -> String { DurationText(milliseconds: milliseconds).defaultValueDescription }
        throw ValidationError(
            range.upperBound == .max
                ? "\(option) is \(text(range.lowerBound)) and more"
                : "\(option) is \(text(range.lowerBound)) to \(text(range.upperBound))")
    }

    /// When it will have passed, by this machine's clock.
    func fromNow(_ what: String) throws -> Int64 {
        let now = Clocks.wall()
        guard milliseconds <= Times.last - now else { throw ValidationError("\(what) ends after the year 9999") }
        return now + milliseconds
    }
}

/// A time, or how long ago.
struct TimeText: ExpressibleByArgument {
    var milliseconds: Int64

    init?(argument: String) {
        if let time = Times.parse(argument) {
            // To a ledger, 0 is no bound at all.
            milliseconds = max(1, time)
        } else if let ago = DurationText(argument: argument) {
            milliseconds = Clocks.wall() - ago.milliseconds
        } else {
            return nil
        }
    }
}
