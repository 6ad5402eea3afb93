internal import PenstockSystem
import PenstockTestSupport
import Synchronization
import Testing

@testable import PenstockEnforcer

/// The big-reader lock, between real threads. Nothing is timed: what must not be is counted where it would be seen.
@Suite struct ShardedStateTests {
    /// Users of each part never pause while writers take their turns. The laws are watched from outside (`Watch`)
    /// and in the state itself, whose fields are no atomics.
    ///
    /// A user that finds a writer waiting passed the gate before that one came; the next time, it stops there. It may
    /// have found the writer before that one too, when it waited for its part as that one left.
    @Test(.timeLimit(.minutes(5)), arguments: [(parts: 1, users: 3), (parts: 4, users: 2), (parts: 7, users: 1)])
    func usersAndWritersKeepApart(parts: Int, users: Int) async throws {
        let turns = 500
        let watch = Watch(parts: parts)
        let state = ShardedState(Accounts(parts: parts), count: parts)
        try await withTaskExecutorPreference(BlockingExecutor()) {
            let readers = try (0..<parts * users).map { number in
                try SystemThread(name: "user") {
                    var round = number
                    while !watch.isOver.load(ordering: .relaxed) {
                        round += 1
                        state.withShard(number % parts) { accounts in
                            watch.use(
                                accounts, number % parts, yields: round % 4 == 0,
                                writerWaits: state.hasWriter)
                        }
                    }
                }
            }
            let writers = try (0..<2).map { number in
                try SystemThread(name: "writer") {
                    for turn in 0..<turns {
                        spin { watch.uses.load(ordering: .relaxed) >= turn }
                        state.withAll { watch.change(&$0, bound: 2 * parts * users, yields: (turn + number) % 4 == 0) }
                    }
                }
            }
            for writer in writers { writer.join() }
            watch.isOver.store(true, ordering: .relaxed)
            for reader in readers { reader.join() }
        }
        #expect(watch.faults == [:])
        let (changes, uses) = state.withAll { accounts in
            (accounts.left, (0..<parts).reduce(0) { $0 + accounts.uses[$1 * Accounts.stride] })
        }
        #expect(changes == 2 * turns)
        #expect(uses == watch.uses.load(ordering: .relaxed))
    }

    /// Two users of two parts are inside at once: each waits there for the other.
    @Test(.timeLimit(.minutes(5))) func partsAreUsedSideBySide() async throws {
        let state = ShardedState(Accounts(parts: 2), count: 2)
        let (inside, metCount) = (Count(), Count())
        try await withTaskExecutorPreference(BlockingExecutor()) {
            let threads = try (0..<2).map { part in
                try SystemThread(name: "user") {
                    state.withShard(part) { _ in
                        inside.value.add(1, ordering: .sequentiallyConsistent)
                        spin { inside.value.load(ordering: .sequentiallyConsistent) == 2 }
                        metCount.value.add(inside.value.load(ordering: .relaxed) == 2 ? 1 : 0, ordering: .relaxed)
                    }
                }
            }
            for thread in threads { thread.join() }
        }
        #expect(metCount.value.load(ordering: .relaxed) == 2)
    }

    /// A writer waits for a user inside; whoever comes for that part, or for another, after it, comes behind it.
    @Test(.timeLimit(.minutes(5)), arguments: [0, 1, 2]) func whoComesAfterTheWriterWaitsBehindIt(held: Int)
        async throws
    {
        let state = ShardedState(Accounts(parts: 3), count: 3)
        let (mayLeave, isInside) = (Count(), Count())
        let order = Mutex<[String]>([])
        try await withTaskExecutorPreference(BlockingExecutor()) {
            let first = try SystemThread(name: "first") {
                state.withShard(held) { _ in
                    isInside.value.add(1, ordering: .sequentiallyConsistent)
                    spin { mayLeave.value.load(ordering: .sequentiallyConsistent) > 0 }
                    order.withLock { $0.append("first") }
                }
            }
            spin { isInside.value.load(ordering: .sequentiallyConsistent) > 0 }
            let writer = try SystemThread(name: "writer") {
                state.withAll { _ in order.withLock { $0.append("writer") } }
            }
            let isWaiting = spin { state.hasWriter }
            #expect(isWaiting)
            let later = try (0..<6).map { number in
                try SystemThread(name: "later") {
                    state.withShard(number % 3) { _ in order.withLock { $0.append("later") } }
                }
            }
            // However far they have come by now.
            for _ in 0..<100 { yieldThread() }
            mayLeave.value.add(1, ordering: .sequentiallyConsistent)
            for thread in later + [first, writer] { thread.join() }
        }
        #expect(order.withLock { $0 } == ["first", "writer"] + [String](repeating: "later", count: 6))
    }

    @Test func whatABodyThrowsLeavesNothingLocked() {
        struct Refused: Error {}
        let state = ShardedState(Accounts(parts: 2), count: 2)
        #expect(throws: Refused.self) {
            try state.withShard(1) { (_: borrowing Accounts) throws(Refused) -> Void in throw Refused() }
        }
        #expect(throws: Refused.self) {
            try state.withAll { (accounts: inout Accounts) throws(Refused) -> Void in
                accounts.left += 1
                throw Refused()
            }
        }
        #expect(!state.hasWriter)
        #expect(state.withShard(1) { $0.left } == 1)
        #expect(state.withAll { $0.left } == 1)
    }
}
