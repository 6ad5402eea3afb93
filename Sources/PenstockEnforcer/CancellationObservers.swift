internal import PenstockCore
internal import PenstockGatekeeper
internal import Synchronization

/// Streams that are told which calls must stop. One that does not read is ended, and its reader stops everything.
final class CancellationObservers: Sendable {
    private struct State {
        var streams: [Int: AsyncStream<Cancellation>.Continuation] = [:]
        var next = 0
        var finished = false
    }

    private let state = Mutex(State())
    /// As many as one restriction can stop, each once, and what comes while these are read.
    private static let buffered = Limits.openHolds + 4096

    func subscribe() -> AsyncStream<Cancellation> {
        let (stream, continuation) = AsyncStream.makeStream(
            of: Cancellation.self, bufferingPolicy: .bufferingOldest(Self.buffered))
        let number: Int? = state.withLock { state in
            guard !state.finished else { return nil }
            state.next += 1
            state.streams[state.next] = continuation
            return state.next
        }
        guard let number else {
            continuation.finish()
            return stream
        }
        continuation.onTermination = { [weak self] _ in self?.remove(number) }
        return stream
    }

    func send(_ cancellations: [Cancellation]) {
        guard !cancellations.isEmpty else { return }
        let streams = state.withLock { $0.streams }
        for (number, continuation) in streams {
            for cancellation in cancellations {
                if case .dropped = continuation.yield(cancellation) {
                    remove(number)
                    continuation.finish()
                    break
                }
            }
        }
    }

    func finish() {
        let streams = state.withLock { state in
            state.finished = true
            defer { state.streams = [:] }
            return state.streams
        }
        for continuation in streams.values { continuation.finish() }
    }

    private func remove(_ number: Int) {
        _ = state.withLock { $0.streams.removeValue(forKey: number) }
    }
}
