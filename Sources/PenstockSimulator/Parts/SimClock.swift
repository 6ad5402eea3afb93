internal import PenstockCore

/// One machine's clocks. True time is the simulator's, in nanoseconds; no machine can see it.
struct SimClock {
    /// How much faster than true time its continuous clock runs, in parts per million.
    var ratePPM: Int64
    /// What its continuous clock showed at true time 0.
    var offset: Int64
    /// Its wall clock's error, in milliseconds; a step changes it.
    var wallErrorMS: Int64 = 0

    func instant(at trueTime: Int64) -> Instant { offset + trueTime + trueTime / 1_000_000 * ratePPM }

    func wall(at trueTime: Int64) -> WallTime { undisturbedWall(at: trueTime) + wallErrorMS }

    /// As its wall clock would show if nobody had ever set it wrong.
    func undisturbedWall(at trueTime: Int64) -> WallTime { SimClock.trueWall(at: instant(at: trueTime) - offset) }

    static func trueWall(at trueTime: Int64) -> WallTime { 1_800_000_000_000 + trueTime / .nanosecondsPerMillisecond }
}
