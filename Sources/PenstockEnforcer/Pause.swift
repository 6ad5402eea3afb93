internal import Glibc

/// Sleeping on a thread of our own.
enum Pause {
    static func milliseconds(_ count: Int) {
        var time = timespec(tv_sec: count / 1000, tv_nsec: count % 1000 * 1_000_000)
        nanosleep(&time, nil)
    }
}
