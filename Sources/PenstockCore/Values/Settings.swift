/// The mesh-wide bounds that the revocation bound B is made of. They are log events.
package struct Settings: Hashable, Sendable {
    /// How long an enforcer may trust its view after it sent the echo that confirmed it.
    package var maxStalenessMS: UInt32
    /// The longest grace that a grant may ask for.
    package var maxGraceMS: UInt32
    /// ρ: the greatest difference between the rates of two running clocks, in parts per million.
    package var clockRatePPM: UInt32
    /// Added to every fence for the time between reading a clock and acting on it.
    package var marginMS: UInt32
    /// How far real cost may go above a hold, or a ceiling, without freezing anything.
    package var debtTolerance: DebtTolerance

    package init(
        maxStalenessMS: UInt32, maxGraceMS: UInt32, clockRatePPM: UInt32, marginMS: UInt32,
        debtTolerance: DebtTolerance = .none
    ) {
        self.maxStalenessMS = maxStalenessMS
        self.maxGraceMS = maxGraceMS
        self.clockRatePPM = clockRatePPM
        self.marginMS = marginMS
        self.debtTolerance = debtTolerance
    }

    package static let standard = Settings(maxStalenessMS: 1000, maxGraceMS: 0, clockRatePPM: 1000, marginMS: 50)

    package var maxStaleness: Nanoseconds { Nanoseconds(maxStalenessMS) * .nanosecondsPerMillisecond }

    /// B = (max_staleness + grace) × (1 + ρ) + margin, for the largest grace allowed.
    package var bound: Nanoseconds {
        let lease = Nanoseconds(maxStalenessMS) + Nanoseconds(maxGraceMS)
        let stretched = lease * .nanosecondsPerMillisecond / 1_000_000 * (1_000_000 + Nanoseconds(clockRatePPM))
        return stretched + Nanoseconds(marginMS) * .nanosecondsPerMillisecond
    }

    /// Why these settings cannot be used, or nil.
    package var problem: String? {
        if !(50...3_600_000).contains(maxStalenessMS) { return "max_staleness must be 50 ms to 1 hour" }
        if maxGraceMS > 3_600_000 { return "max_grace must be at most 1 hour" }
        if clockRatePPM > 100_000 { return "clock_rate_ppm must be at most 100,000" }
        if marginMS > 60_000 { return "margin must be at most 1 minute" }
        return debtTolerance.problem
    }
}
