internal import Glibc
internal import Synchronization

extension LogReserve {
    /// Believes nothing that was allocated before: a file system may have promised what it did not keep.
    func measure(used: Int) {
        state.withLock { state in
            state.used = used
            guard state.kind == .allocated else { return }
            state.walBytes = min(StoreLimits.walReserveBytes, Self.blocks(wal))
            state.length = Self.length(log)
            guard state.length > used, !allocate(log, 0, used, state.length - used, &state) else { return }
            ftruncate(log, off_t(used))
            state.length = Self.length(log)
        }
    }
}
