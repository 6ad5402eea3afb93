internal import Foundation
internal import Synchronization

/// A value in parts that threads use side by side: a big-reader lock.
///
/// Whoever has a part reads the whole and changes that part. Whoever has all changes everything. So a change of what
/// all read waits for every part that is in use, and no part is used while it is made; parts meanwhile take no lock but
/// their own, and none waits for another.
///
/// Laws:
/// - one user of a part at a time, and none while somebody has all;
/// - all are taken in order, by one writer at a time, so that nobody waits in a circle;
/// - a writer that waits is not starved: users who come after it pass the gate behind it, so it waits for at most one
///   use by each thread.
///
/// Neither body may call this again. Sendable without a check of the compiler's: the memory is used under the locks
/// alone.
final class ShardedState<State: ~Copyable>: @unchecked Sendable {
    let count: Int
    private let state: UnsafeMutablePointer<State>
    private let locks: UnsafeMutableRawPointer
    /// A writer waits, or has all.
    let writerWaits: UnsafeMutablePointer<Atomic<Bool>>

    /// Two cache lines, as processors fetch the neighbour of the one that is asked for: what one thread writes is on
    /// lines of its own.
    private static var stride: Int { 128 }

    /// - Parameter count: parts of the state.
    init(_ value: consuming State, count: Int) {
        self.count = count
        state = .allocate(capacity: 1)
        state.initialize(to: value)
        locks = .allocate(byteCount: (count + 2) * Self.stride, alignment: Self.stride)
        writerWaits = (locks + (count + 1) * Self.stride).initializeMemory(as: Atomic<Bool>.self, to: Atomic(false))
        var attributes = pthread_mutexattr_t()
        pthread_mutexattr_init(&attributes)
        // A part is used for less than a sleep takes: whoever finds it taken looks again before it sleeps.
        pthread_mutexattr_settype(&attributes, CInt(PTHREAD_MUTEX_ADAPTIVE_NP))
        for place in 0...count {
            (locks + place * Self.stride).initializeMemory(as: pthread_mutex_t.self, to: pthread_mutex_t())
            let status = pthread_mutex_init(lock(place), &attributes)
            precondition(status == 0, "no lock: \(status)")
        }
        pthread_mutexattr_destroy(&attributes)
    }

    deinit {
        for place in 0...count { pthread_mutex_destroy(lock(place)) }
        writerWaits.deinitialize(count: 1)
        locks.deallocate()
        state.deinitialize(count: 1)
        state.deallocate()
    }

    @inline(__always)
    private func lock(_ part: Int) -> UnsafeMutablePointer<pthread_mutex_t> {
        (locks + part * Self.stride).assumingMemoryBound(to: pthread_mutex_t.self)
    }

    /// Held by the writer, and passed by users while one waits.
    @inline(__always)
    private var gate: UnsafeMutablePointer<pthread_mutex_t> { lock(count) }

    /// Uses one part; the rest may be read.
    @inline(__always)
    func withShard<Result, Failure: Error>(
        _ part: Int, _ body: (borrowing State) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        if writerWaits.pointee.load(ordering: .relaxed) {
            pthread_mutex_lock(gate)
            pthread_mutex_unlock(gate)
        }
        pthread_mutex_lock(lock(part))
        defer { pthread_mutex_unlock(lock(part)) }
        return try body(state.pointee)
    }

    /// Has all parts, once whoever uses one has ended.
    func withAll<Result, Failure: Error>(
        _ body: (inout State) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        pthread_mutex_lock(gate)
        writerWaits.pointee.store(true, ordering: .relaxed)
        for part in 0..<count { pthread_mutex_lock(lock(part)) }
        defer {
            for part in 0..<count { pthread_mutex_unlock(lock(part)) }
            writerWaits.pointee.store(false, ordering: .relaxed)
            pthread_mutex_unlock(gate)
        }
        return try body(&state.pointee)
    }
}
