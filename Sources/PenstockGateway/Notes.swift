internal import Logging
internal import Synchronization

/// What there is to say to whoever runs a gateway, at most a line a second: a client or a server could cause any
/// number.
final class Notes: Sendable {
    private struct State {
        var last: ContinuousClock.Instant?
        var kept = 0
    }

    private let logger: Logger
    private let state = Mutex(State())

    init(_ logger: Logger) { self.logger = logger }

    func say(_ text: String) {
        let kept: Int? = state.withLock { state in
            let now = ContinuousClock.now
            if let last = state.last, now - last < .seconds(1) {
                state.kept += 1
                return nil
            }
            defer { state.kept = 0 }
            state.last = now
            return state.kept
        }
        guard let kept else { return }
        logger.warning(kept == 0 ? "\(text)" : "\(text) (and \(kept) more before)")
    }
}
