internal import Dispatch
internal import PenstockSystem
internal import Synchronization

/// Works on requests on a thread of its own, one after another, so that what takes long delays no revoke and no echo.
/// Of one member only so many wait.
final class RequestQueue<Answer: Sendable>: Sendable {
    private struct State {
        /// Under way, by member.
        var waiting: [String: Int] = [:]
        var answers: [Answer] = []
    }

    private let mostWaiting: Int
    private let wake: WakeSignal
    private let queue: DispatchQueue
    private let state = Mutex(State())

    /// - Parameter mostWaiting: of one member, at once.
    init(_ name: String, mostWaiting: Int, wake: WakeSignal) {
        queue = DispatchQueue(label: "penstock.\(name)")
        self.mostWaiting = mostWaiting
        self.wake = wake
    }

    /// Whether there was room. The answer is told by `take`, after a wake.
    func add(for member: String, _ work: @escaping @Sendable () -> Answer) -> Bool {
        let hasRoom = state.withLock { state in
            guard state.waiting[member] ?? 0 < mostWaiting else { return false }
            state.waiting[member, default: 0] += 1
            return true
        }
        guard hasRoom else { return false }
        queue.async { [self] in
            let answer = work()
            state.withLock { state in
                let left = (state.waiting[member] ?? 1) - 1
                state.waiting[member] = left == 0 ? nil : left
                state.answers.append(answer)
            }
            wake.signal()
        }
        return true
    }

    /// Work of the ledger's own, behind what was begun: nobody waits for it.
    func add(_ work: @escaping @Sendable () -> Void) { queue.async(execute: work) }

    func take() -> [Answer] {
        state.withLock { state in
            defer { state.answers = [] }
            return state.answers
        }
    }

    /// Waits for what was begun.
    func finish() { queue.sync {} }
}
