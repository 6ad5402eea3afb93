internal import ArgumentParser
internal import PenstockCore

/// `N/DURATION`, perhaps with `,burst=B`.
struct RateText: Formed {
    static let forms = "N/DURATION, such as 100/1m, with ,burst=B for another burst than N"

    var limit: Int64
    var periodMS: Int64
    /// Nil takes the limit.
    var burst: Int64?

    init?(reading text: String) {
        let parts = text.split(separator: ",", omittingEmptySubsequences: false)
        let rate = parts[0].split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count <= 2, rate.count == 2, let limit = Int64(rate[0]), limit > 0,
            let period = DurationText(reading: String(rate[1]))
        else { return nil }
        (self.limit, periodMS) = (limit, period.milliseconds)
        guard parts.count == 2 else { return }
        guard parts[1].hasPrefix("burst="), let burst = Int64(parts[1].dropFirst(6)), burst > 0 else { return nil }
        self.burst = burst
    }

    static func written(_ rate: Rate) -> String {
        "\(rate.limit)/\(DurationText(milliseconds: rate.periodMS).defaultValueDescription)"
            + (rate.burst == rate.limit ? "" : ",burst=\(rate.burst)")
    }
}

/// `UNIT=N/DURATION`, perhaps with `,burst=B`.
struct UnitRateText: Formed {
    static let forms = "UNIT=N/DURATION, such as calls=100/1m, with ,burst=B for another burst than N"

    var rate: Rate

    init?(reading text: String) {
        guard let equals = text.firstIndex(of: "="), equals > text.startIndex,
            let rate = RateText(reading: String(text[text.index(after: equals)...]))
        else { return nil }
        self.rate = Rate(unit: String(text[..<equals]), limit: rate.limit, periodMS: rate.periodMS, burst: rate.burst)
    }
}
