internal import PenstockSystem
internal import Synchronization

/// Work on several threads at once.
enum Parallel {
    /// What each thread comes to, in no order.
    static func run<Outcome: Sendable>(_ threads: Int, _ body: @escaping @Sendable (Int) -> Outcome) throws -> [Outcome]
    {
        let outcomes = Mutex<[Outcome]>([])
        let running = try (0..<threads).map { number in
            try SystemThread(name: "bench-\(number)") {
                let outcome = body(number)
                outcomes.withLock { $0.append(outcome) }
            }
        }
        for thread in running { thread.join() }
        return outcomes.withLock { $0 }
    }

    /// What a measurement takes itself, in nanoseconds.
    static func clockFloor() -> Int64 {
        let samples = (0..<100_000).map { _ in
            let before = Clocks.now()
            return Clocks.now() - before
        }
        return samples.sorted()[samples.count / 2]
    }
}
