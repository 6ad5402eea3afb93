internal import Glibc
package import PenstockCore

/// The two clocks a node reads. Swift's `ContinuousClock` is CLOCK_BOOTTIME on Linux too; this reads it without
/// going through `Duration`, since every decision does it twice.
package enum Clocks {
    /// CLOCK_BOOTTIME: counts suspend, never steps.
    @inline(__always)
    package static func now() -> Instant {
        var time = timespec()
        clock_gettime(CLOCK_BOOTTIME, &time)
        return Instant(time.tv_sec) * .nanosecondsPerSecond + Instant(time.tv_nsec)
    }

    /// The wall clock, which may step: for claims and display, never for leases.
    @inline(__always)
    package static func wall() -> WallTime {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME_COARSE, &time)
        return WallTime(time.tv_sec) * 1000 + WallTime(time.tv_nsec) / .nanosecondsPerMillisecond
    }
}
