/// A log sequence number: gapless, starting at 1 with the genesis event; 0 is the empty log.
public typealias Position = UInt64

/// Nanoseconds on the continuous clock (CLOCK_BOOTTIME, which counts suspend). Only differences mean anything,
/// and only within one machine. Leases, fences and durations use it.
public typealias Instant = Int64

/// Milliseconds since the Unix epoch on some node's wall clock. Grants' time bounds use it.
public typealias WallTime = Int64

/// A length of time in nanoseconds.
public typealias Nanoseconds = Int64

extension Int64 {
    public static let nanosecondsPerMillisecond: Int64 = 1_000_000
    public static let nanosecondsPerSecond: Int64 = 1_000_000_000
}
