internal import Foundation
internal import PenstockCore
internal import PenstockEnforcer
internal import PenstockSystem
internal import Synchronization

/// `bench apply`: how long a revoke waits for decisions that are made without pause, and is applied: from the first
/// shard's lock asked to the last passed.
package struct ApplyBench {
    package var grants = 100_000
    package var revokes = 2_000
    /// Each makes a cell.
    package var threads = [1, 2]
    package var shards: Int?

    package init(grants: Int, revokes: Int, threads: [Int] = [1, 2], shards: Int? = nil) {
        self.grants = grants
        self.revokes = revokes
        self.threads = threads
        self.shards = shards
    }

    package func run(in folder: String) throws -> [BenchResult] {
        let host = try OfflineEnforcer(folder, shards: shards)
        let deciding = DecideBench(grants: grants, decisions: 0)
        let credentials = try deciding.load(host)
        defer { host.stop() }
        return try threads.map { try measure(host.enforcer, credentials, threads: $0) }
    }

    private func measure(
        _ enforcer: Enforcer, _ credentials: DecideBench.Credentials, threads: Int
    ) throws -> BenchResult {
        let isOver = Flag()
        let applying = try SystemThread(name: "apply") { [revokes] in
            var samples: [Int64] = []
            for number in 0..<revokes {
                SystemThread.sleep(for: 500_000)
                let restriction = Restriction(
                    level: .revoke, selector: .agent("nobody-\(threads)-\(number)"), reason: "", expiresAt: 0)
                let before = Clocks.now()
                enforcer.applyAhead(restriction, number: threads << 32 | number)
                samples.append(Clocks.now() - before)
            }
            isOver.samples.withLock { $0 = samples }
            isOver.isSet.store(true, ordering: .releasing)
        }
        let decided = try Parallel.run(threads) { thread in
            var decided = 0
            while !isOver.isSet.load(ordering: .acquiring) {
                _ = DecideBench.loop(enforcer, credentials, count: 4096, seed: UInt64(thread + decided), timed: false)
                decided += 4096
            }
            return decided
        }
        applying.join()
        return BenchResult(
            "apply", settings: ["grants": "\(grants)", "deciding": "\(threads)", "shards": "\(enforcer.shards.count)"],
            samples: isOver.samples.withLock { $0 },
            floor: .init(name: "two clock reads", p50Ns: Parallel.clockFloor()),
            extra: ["decisions": Double(decided.reduce(0, +))])
    }

    private final class Flag: Sendable {
        let isSet = Atomic(false)
        let samples = Mutex<[Int64]>([])
    }
}
