import PenstockCore
import PenstockTestSupport
import Synchronization
import Testing

@testable import PenstockEnforcer

@Suite struct WaitersTests {
    private static let topics: [NodeNews] = [
        .slices(grant: 1), .slices(grant: 2), .rates, .view, .debts,
    ]

    private final class Woken: Sendable {
        let topics = Mutex<[NodeNews]>([])
    }

    private func ticket(
        _ waiters: Waiters, _ topic: NodeNews = .view, of credential: Digest = testDigest, until: Instant = .max,
        at now: Instant = 0
    ) throws -> Waiters.Ticket {
        try #require(waiters.ticket(for: topic, of: credential, until: until, at: now))
    }

    @Test(arguments: topics) func newsWakeWhoWaitsForThemAndNobodyElse(topic: NodeNews) async throws {
        let waiters = Waiters()
        let woken = Woken()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for each in Self.topics {
                let ticket = try ticket(waiters, each)
                group.addTask {
                    await waiters.wait(ticket)
                    woken.topics.withLock { $0.append(each) }
                }
            }
            waiters.wake([topic])
            try await group.next()
            #expect(woken.topics.withLock { $0 } == [topic])
            #expect(waiters.count == Self.topics.count - 1)
            waiters.wake([topic])
            #expect(waiters.count == Self.topics.count - 1)
            waiters.wakeAll()
        }
        #expect(woken.topics.withLock { Set($0) } == Set(Self.topics))
        #expect(waiters.count == 0)
    }

    @Test func severalTopicsAreWokenTogether() async throws {
        let waiters = Waiters()
        let tickets = try Self.topics.map { try ticket(waiters, $0) }
        waiters.wake([.view, .debts])
        #expect(waiters.count == 3)
        for ticket in tickets[3...] { await waiters.wait(ticket) }
        waiters.wakeAll()
        for ticket in tickets { await waiters.wait(ticket) }
    }

    /// What comes between the look and the wait is not missed.
    @Test func newsBeforeTheWaitCount() async throws {
        let waiters = Waiters()
        let ticket = try ticket(waiters, .slices(grant: 7))
        waiters.wake([.slices(grant: 7)])
        await waiters.wait(ticket)
        #expect(waiters.count == 0)
    }

    @Test func whoWaitedLongEnoughIsWoken() async throws {
        let waiters = Waiters()
        let soon = try ticket(waiters, .rates, until: 10)
        let later = try ticket(waiters, .rates, until: 20)
        let patient = try ticket(waiters, .view)
        waiters.wakeDue(at: 9)
        #expect(waiters.count == 3)
        waiters.wakeDue(at: 10)
        #expect(waiters.count == 2)
        await waiters.wait(soon)
        waiters.wakeDue(at: 20)
        await waiters.wait(later)
        #expect(waiters.count == 1)
        // However far its own deadline is, it looks again after a moment.
        waiters.wakeDue(at: .nanosecondsPerSecond)
        await waiters.wait(patient)
        #expect(waiters.count == 0)
    }

    @Test(arguments: [false, true]) func whoGaveUpLeavesNothingBehind(beforeItWaits: Bool) async throws {
        let waiters = Waiters(bound: 10, ofCredential: 1)
        let ticket = try ticket(waiters, .slices(grant: 1))
        let waiting = Task {
            while beforeItWaits, !Task.isCancelled { await Task.yield() }
            await waiters.wait(ticket)
        }
        waiting.cancel()
        await waiting.value
        #expect(waiters.count == 0)
        // Neither news nor a deadline find it, and its part is free.
        waiters.wake([.slices(grant: 1)])
        waiters.wakeDue(at: .max)
        waiters.wakeAll()
        #expect(waiters.count == 0)
        _ = try self.ticket(waiters, .slices(grant: 1))
    }

    @Test func noMoreWaitThanTheBound() throws {
        let waiters = Waiters(bound: 4, ofCredential: 3)
        let other = fakeHash([1])
        for topic in Self.topics.prefix(3) { _ = try ticket(waiters, topic) }
        #expect(waiters.ticket(for: .view, of: testDigest, until: .max, at: 0) == nil)
        _ = try ticket(waiters, .view, of: other)
        #expect(waiters.ticket(for: .view, of: fakeHash([2]), until: .max, at: 0) == nil)
        #expect(waiters.count == 4)
        waiters.wake([Self.topics[0]])
        _ = try ticket(waiters, .view, of: other)
        #expect(waiters.ticket(for: .view, of: testDigest, until: .max, at: 0) == nil)
        waiters.wakeDue(at: .max)
        for _ in 0..<3 { _ = try ticket(waiters) }
        #expect(waiters.ticket(for: .view, of: testDigest, until: .max, at: 0) == nil)
    }

    /// Threads wake while tasks come, give up and go: each wait ends once, and nothing stays.
    @Test(.timeLimit(.minutes(5))) func everyWaitEndsOnce() async throws {
        let waiters = Waiters()
        let (isOver, ended) = (Count(), Count())
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                while isOver.value.load(ordering: .relaxed) == 0 {
                    for topic in Self.topics { waiters.wake(CollectionOfOne(topic)) }
                    await Task.yield()
                }
            }
            for round in 0..<2_000 {
                let ticket = try ticket(
                    waiters, Self.topics[round % Self.topics.count], of: fakeHash([UInt8(round % 7)]))
                let waiting = Task {
                    await waiters.wait(ticket)
                    ended.value.add(1, ordering: .relaxed)
                }
                if round % 3 == 0 { waiting.cancel() }
                if round % 16 == 0 { await waiting.value }
            }
            while ended.value.load(ordering: .relaxed) < 2_000 { await Task.yield() }
            isOver.value.add(1, ordering: .relaxed)
            try await group.waitForAll()
        }
        #expect(waiters.count == 0 && ended.value.load(ordering: .relaxed) == 2_000)
    }
}
