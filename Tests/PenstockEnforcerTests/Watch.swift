import Glibc
import Synchronization

@testable import PenstockEnforcer

/// Lets another thread run, where there are more threads than cores.
func yieldThread() { _ = sched_yield() }

/// Waits until a condition holds; false after so many turns of other threads that it never will.
@discardableResult
func spin(until holds: () -> Bool) -> Bool {
    for _ in 0..<2_000_000 {
        if holds() { return true }
        yieldThread()
    }
    return holds()
}

final class Count: Sendable {
    let value = Atomic(0)
}

extension ShardedState where State: ~Copyable {
    var hasWriter: Bool { writerWaits.pointee.load(ordering: .relaxed) }
}

/// What a lock of the tests guards. Whoever uses a part changes its count of uses; the rest is a writer's.
struct Accounts: ~Copyable {
    /// One cache line each.
    static let stride = 8
    /// As many as there were changes, and equal but for the moment of a change.
    var (left, right) = (0, 0)
    let uses: UnsafeMutablePointer<Int>

    init(parts: Int) {
        uses = .allocate(capacity: parts * Self.stride)
        uses.initialize(repeating: 0, count: parts * Self.stride)
    }

    deinit { uses.deallocate() }
}

/// Sees from outside who is inside, and counts what must not be.
final class Watch: Sendable {
    enum Fault: Hashable {
        case userBesideWriter, writerBesideUser, twoWriters, twoUsersOfAPart, changeSeenHalf, changeDuringUse
        case writerStarved
    }

    let isOver = Atomic(false)
    let uses = Atomic(0)
    private let writers = Atomic(0)
    /// Entries of users that find a writer waiting, since the last writer's turn.
    private let entriesBeforeWriter = Atomic(0)
    private let users: [Count]
    private let seen = Mutex<[Fault: Int]>([:])

    init(parts: Int) { users = (0..<parts).map { _ in Count() } }

    var faults: [Fault: Int] { seen.withLock { $0 } }

    private func expect(_ holds: Bool, _ fault: Fault) {
        if !holds { seen.withLock { $0[fault, default: 0] += 1 } }
    }

    /// The body of a user.
    func use(_ accounts: borrowing Accounts, _ part: Int, yields: Bool, writerWaits: Bool) {
        if writerWaits { entriesBeforeWriter.add(1, ordering: .relaxed) }
        expect(users[part].value.add(1, ordering: .sequentiallyConsistent).oldValue == 0, .twoUsersOfAPart)
        expect(writers.load(ordering: .sequentiallyConsistent) == 0, .userBesideWriter)
        let change = accounts.left
        expect(accounts.right == change, .changeSeenHalf)
        let used = accounts.uses[part * Accounts.stride]
        if yields { yieldThread() }
        accounts.uses[part * Accounts.stride] = used + 1
        expect(accounts.left == change && accounts.right == change, .changeDuringUse)
        expect(writers.load(ordering: .sequentiallyConsistent) == 0, .userBesideWriter)
        users[part].value.subtract(1, ordering: .sequentiallyConsistent)
        uses.add(1, ordering: .relaxed)
    }

    /// The body of a writer.
    ///
    /// - Parameter bound: how many users may have come in between its request and its turn.
    func change(_ accounts: inout Accounts, bound: Int, yields: Bool) {
        expect(entriesBeforeWriter.exchange(0, ordering: .relaxed) <= bound, .writerStarved)
        expect(writers.add(1, ordering: .sequentiallyConsistent).oldValue == 0, .twoWriters)
        expect(nobodyUses, .writerBesideUser)
        let change = accounts.left
        accounts.left = change + 1
        if yields { yieldThread() }
        accounts.right += 1
        expect(accounts.left == accounts.right && accounts.right == change + 1, .twoWriters)
        expect(nobodyUses, .writerBesideUser)
        writers.subtract(1, ordering: .sequentiallyConsistent)
    }

    private var nobodyUses: Bool { users.allSatisfy { $0.value.load(ordering: .sequentiallyConsistent) == 0 } }
}
