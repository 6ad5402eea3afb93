internal import PenstockCore
internal import Synchronization

/// Calls that wait for a slice or an echo. Whoever brings news wakes all of them; each looks for itself.
final class Waiters: Sendable {
    private struct State {
        var waiting: [UInt64: CheckedContinuation<Void, Never>] = [:]
        var nextID: UInt64 = 0
        /// Counts the wakes, so that news between a look and the wait is not missed.
        var round: UInt64 = 0
    }

    private let state = Mutex(State())

    var round: UInt64 { state.withLock { $0.round } }

    /// Returns once there was a wake after `round`, or the task is cancelled: its caller has gone.
    func wait(after round: UInt64) async {
        let id = state.withLock { state in
            state.nextID += 1
            return state.nextID
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let passed = state.withLock { state in
                    if state.round != round || Task.isCancelled { return true }
                    state.waiting[id] = continuation
                    return false
                }
                if passed { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.waiting.removeValue(forKey: id) }?.resume()
        }
    }

    func resumeAll() {
        let waiting = state.withLock { state in
            state.round += 1
            defer { state.waiting = [:] }
            return state.waiting
        }
        for (_, continuation) in waiting.sorted(by: { $0.key < $1.key }) { continuation.resume() }
    }

    var isEmpty: Bool { state.withLock { $0.waiting.isEmpty } }
}

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
        let (stream, continuation) = AsyncStream.makeStream(of: Cancellation.self, bufferingPolicy: .bufferingOldest(Self.buffered))
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
