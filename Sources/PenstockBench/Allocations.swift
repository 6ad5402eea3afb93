internal import Foundation

/// How often `malloc` was called, where a counting library is preloaded (`cluster/count-mallocs`); nil elsewhere.
enum Allocations {
    private typealias Counter = @convention(c) () -> UInt64

    private static let counter: Counter? = dlsym(UnsafeMutableRawPointer(bitPattern: 0), "penstock_malloc_count").map {
        unsafeBitCast($0, to: Counter.self)
    }

    static var count: UInt64? { counter?() }
}
