internal import Synchronization

/// Where the next record goes, and its number. Writers pass it to and fro, so it lies on cache lines of its own.
struct JournalPlace: ~Copyable {
    /// Sendable without a check of the compiler's: the lock around it has it.
    struct Next: @unchecked Sendable {
        /// Of the segment that is filled; nil when there is none.
        var base: UnsafeMutableRawPointer?
        var offset = 0
        /// Where decisions end; what stands for others may go on to the segment's own end.
        var end = 0
        var limit = 0
        var index: UInt64 = 0
        var next: UInt64
    }

    private struct Shared: ~Copyable {
        let next: Mutex<Next>
        let offset = Atomic(0)
    }

    private let shared: UnsafeMutablePointer<Shared>

    /// Two lines, as processors fetch a line's neighbour too.
    private static var alignment: Int { 128 }

    init(next: UInt64) {
        shared = UnsafeMutableRawPointer.allocate(byteCount: Self.alignment, alignment: Self.alignment)
            .initializeMemory(as: Shared.self, to: Shared(next: Mutex(Next(next: next))))
    }

    deinit {
        shared.deinitialize(count: 1)
        shared.deallocate()
    }

    @inline(__always)
    func withLock<Result>(_ body: (inout sending Next) -> sending Result) -> Result {
        shared.pointee.next.withLock { body(&$0) }
    }

    /// What `show` showed last, without the lock.
    @inline(__always)
    var shownOffset: Int { shared.pointee.offset.load(ordering: .relaxed) }

    @inline(__always)
    func show(offset: Int) { shared.pointee.offset.store(offset, ordering: .relaxed) }
}
