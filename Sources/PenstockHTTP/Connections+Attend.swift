internal import NIOCore
internal import Synchronization

extension Connections {
    /// Does some work for the client of a connection, as a task that is cancelled when the client goes.
    func attend<T: Sendable>(_ channel: any Channel, _ work: @escaping @Sendable () async -> T) async -> T {
        guard isThere(channel) else {
            return await Task {
                withUnsafeCurrentTask { $0?.cancel() }
                return await work()
            }.value
        }
        // It begins here and now: what does not wait needs no other thread, and cannot be left by its client.
        let outcome = Outcome<T>()
        let task = Task.immediate {
            let value = await work()
            outcome.value.withLock { $0 = value }
        }
        if let value = outcome.value.withLock({ $0 }) { return value }
        var hasGone = true
        change(channel) { ($0.onGone, hasGone) = ({ task.cancel() }, $0.hasGone) }
        if hasGone { task.cancel() }
        defer { change(channel) { $0.onGone = nil } }
        await withTaskCancellationHandler {
            await task.value
        } onCancel: {
            task.cancel()
        }
        return outcome.value.withLock { $0! }  // The task is over.
    }

    private final class Outcome<T: Sendable>: Sendable {
        let value = Mutex<T?>(nil)
    }
}
