internal import Dispatch
internal import PenstockSystem

/// For tests that wait on their thread: the threads of the tests' pool are as few as cores, and every other test would
/// wait too.
package final class BlockingExecutor: TaskExecutor {
    private let queue = DispatchQueue(label: "tests that block", attributes: .concurrent)

    package init() {}

    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        let executor = asUnownedTaskExecutor()
        queue.async { job.runSynchronously(on: executor) }
    }
}

/// What a body returns that blocks, on a thread of its own.
package func onOwnThread<Value: Sendable>(_ body: @escaping @Sendable () -> Value) async -> Value {
    await withCheckedContinuation { continuation in
        // Without a thread no test can run.
        try! SystemThread(name: "test") { continuation.resume(returning: body()) }
    }
}
