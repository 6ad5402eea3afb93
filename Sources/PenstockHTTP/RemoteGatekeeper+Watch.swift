import PenstockCore
import PenstockGatekeeper
internal import Synchronization

extension RemoteGatekeeper {
    /// Which credentials calls have, and what tells of them.
    struct Watch {
        /// The one in use and the one before it, which questions that are on their way still have.
        var known: [(digest: Digest, text: String)]
        /// Calls with a hold that are asked about or under way, by the credential that each has.
        private(set) var open: [Digest: Int] = [:]
        /// The credential of each, by its permit.
        var holds: [String: Digest] = [:]
        /// Somebody relies on cancellations.
        var isWanted = false
        /// Subscriptions that have broken so far.
        var broken = 0
        /// Why there is no stream of a credential, as it has been said.
        var problems: [Digest: Problem] = [:]
        var subscriptions: [Int: Subscription] = [:]
        private var last = 0

        init(known: [(digest: Digest, text: String)]) { self.known = known }
    }
}

extension RemoteGatekeeper.Watch {
    struct Problem {
        var text: String
        var denies: String
        /// The node does not know the credential.
        var isRefused = false
    }

    /// One reader of cancellations, and the streams that feed it, by the credential that each was opened with: it is
    /// told of that one's calls.
    struct Subscription {
        let continuation: AsyncStream<Cancellation>.Continuation
        var streams: [Digest: Stream] = [:]
    }

    struct Stream {
        let id: Int
        let task: Task<Void, Never>
        var isLive = false
    }

    mutating func next() -> Int {
        last += 1
        return last
    }

    func text(_ credential: Digest) -> String? { known.first { $0.digest == credential }?.text }

    func isWatched(_ credential: Digest) -> Bool {
        !isWanted
            || !subscriptions.isEmpty && subscriptions.values.allSatisfy { $0.streams[credential]?.isLive == true }
    }

    /// There are as many streams of others as there may be.
    func isFull(_ credential: Digest) -> Bool {
        subscriptions.values.contains {
            $0.streams[credential] == nil && $0.streams.count >= RemoteGatekeeper.mostStreams
        }
    }

    func isUsed(_ credential: Digest) -> Bool { credential == known[0].digest || open[credential] != nil }

    mutating func began(_ credential: Digest) { open[credential, default: 0] += 1 }

    /// - Returns: streams to cancel, outside of the lock.
    mutating func ended(_ credential: Digest) -> [Task<Void, Never>] {
        open[credential] = open[credential].flatMap { $0 > 1 ? $0 - 1 : nil }
        return giveUp()
    }

    mutating func over(_ permitID: String) -> [Task<Void, Never>] {
        holds.removeValue(forKey: permitID).map { ended($0) } ?? []
    }

    /// Takes away the streams that nothing is left to be told by. One that stands is left to each subscription, since
    /// that somebody was restricted is told by any.
    mutating func giveUp() -> [Task<Void, Never>] {
        problems = problems.filter { isUsed($0.key) }
        var idle: [Task<Void, Never>] = []
        for (number, subscription) in subscriptions {
            for (credential, stream) in subscription.streams where !isUsed(credential) {
                guard
                    !stream.isLive
                        || subscriptions[number]!.streams.contains(where: { $0.key != credential && $0.value.isLive })
                else { continue }
                subscriptions[number]!.streams[credential] = nil
                idle.append(stream.task)
            }
        }
        return idle
    }
}

extension RemoteGatekeeper {
    /// Waits until streams of a credential stand, or nobody relies on them.
    ///
    /// - Returns: how many had broken by then; nil when it waited in vain.
    func watched(_ credential: Digest, within patience: Duration) async -> Int? {
        let started = ContinuousClock.now
        while true {
            let (broken, isHopeless) = watch.withLock { watch in
                follow(credential, in: &watch)
                // Nothing tries again to open one.
                let isRefused = watch.problems[credential]?.isRefused == true && watch.subscriptions.isEmpty
                return (watch.isWatched(credential) ? watch.broken : nil, isRefused)
            }
            if let broken { return broken }
            guard !isHopeless, ContinuousClock.now - started < patience, !Task.isCancelled else { return nil }
            try? await Task.sleep(for: .milliseconds(5))
        }
    }
}
