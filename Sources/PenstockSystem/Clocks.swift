internal import Glibc
package import PenstockCore

/// The two clocks that a node reads. Swift's `ContinuousClock` is CLOCK_BOOTTIME on Linux too; this reads it without
/// going through `Duration`, since every decision does it twice.
package enum Clocks {
    /// CLOCK_BOOTTIME: counts suspend, never steps.
    @inline(__always)
    package static func now() -> Instant {
        var time = timespec()
        clock_gettime(CLOCK_BOOTTIME, &time)
        return Instant(time.tv_sec) * .nanosecondsPerSecond + Instant(time.tv_nsec)
    }

    /// A deadline. One beyond a year is a year away: no sum with a clock's reading leaves 64 bits.
    package static func later(byMS milliseconds: Int64) -> Instant {
        now() + min(max(0, milliseconds), 31_536_000_000) * .nanosecondsPerMillisecond
    }

    /// The wall clock, which may step: for claims and display, never for leases.
    @inline(__always)
    package static func wall() -> WallTime {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME_COARSE, &time)
        return WallTime(time.tv_sec) * 1000 + WallTime(time.tv_nsec) / .nanosecondsPerMillisecond
    }

    /// The wall clock as it was at an instant: a process that is held up between the two readings tries again.
    package static func together() -> (wall: WallTime, at: Instant) {
        var narrowest = Nanoseconds.max
        var reading: (wall: WallTime, at: Instant) = (0, 0)
        for _ in 0..<8 where narrowest > .nanosecondsPerMillisecond {
            let before = now()
            let wall = wall()
            let after = now()
            guard after - before < narrowest else { continue }
            narrowest = after - before
            reading = (wall, after)
        }
        return reading
    }
}
