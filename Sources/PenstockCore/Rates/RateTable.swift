/// The ledger's side of rates: which incarnation may use how many parts of each. Volatile; a process that has just
/// started learns it from the nodes, and gives nothing until every lease of an earlier one has run out.
package struct RateTable: Sendable {
    private struct Peer: Sendable {
        var sequence: UInt64
        var heardAt: Instant
        var keys: Set<RateKey>
    }

    /// A rate as the log has it.
    package struct Definition: Sendable {
        package var rate: Rate
        /// Whether this process has made it durable: no earlier one can have given parts of it.
        package var isOfThisProcess: Bool

        package init(_ rate: Rate, isOfThisProcess: Bool) {
            self.rate = rate
            self.isOfThisProcess = isOfThisProcess
        }
    }

    private var pools: [RateKey: RatePool] = [:]
    private var peers: [Incarnation: Peer] = [:]
    private let epoch: UInt64
    private let certainFrom: Instant
    private var bound: Nanoseconds
    /// Over all incarnations, so that an incarnation that was forgotten is not answered with an old number.
    private var lastNumber: UInt64 = 0
    package var clockRatePPM: UInt32 = Settings.standard.clockRatePPM

    /// - Parameters:
    ///   - epoch: greater than that of any process before.
    ///   - bound: B with the largest settings that may still be live.
    package init(epoch: UInt64, startedAt now: Instant, bound: Nanoseconds) {
        self.epoch = epoch
        self.bound = bound
        certainFrom = now + bound
    }

    /// Larger settings have been made durable. It never falls while the process runs.
    package mutating func allow(_ bound: Nanoseconds) { self.bound = max(self.bound, bound) }

    package var count: Int { pools.count }

    /// Takes up a statement and answers it; the answer must go out with the reply to the statement's echo, or not at
    /// all. Nil, and nothing changes, for one that is too long, or older than one that was heard.
    ///
    /// - Parameters:
    ///   - now: when the statement arrived, or later.
    ///   - definition: what the log says of a rate; nil when it knows none.
    package mutating func answer(
        _ statement: RateStatement, of incarnation: Incarnation, at now: Instant, definition: (RateKey) -> Definition?
    ) -> RateReply? {
        guard statement.lines.count <= Limits.ratesPerEcho, statement.sequence > peers[incarnation]?.sequence ?? 0
        else { return nil }
        lastNumber += 1
        let stamp = RateStamp(epoch: epoch, number: lastNumber)
        let keys = Set(statement.lines.map(\.key))
        guard keys.count == statement.lines.count else { return nil }
        for key in peers[incarnation]?.keys ?? [] where !keys.contains(key) {
            pools[key]!.release(incarnation, slowedBy: clockRatePPM, at: now)
        }
        var reply = RateReply(stamp: stamp, answers: statement.sequence, lines: [])
        var known: Set<RateKey> = []
        for line in statement.lines {
            let definition = definition(line.key)
            if let definition { open(line.key, definition, at: now) }
            let told = pools[line.key]?.step(
                line, by: incarnation, seen: statement.seen, in: stamp, definition?.rate, slowedBy: clockRatePPM,
                at: now)
            if told != nil { known.insert(line.key) }
            reply.lines.append(told ?? RateReply.Line(id: line.id, share: 0, granted: 0))
        }
        peers[incarnation] = Peer(sequence: statement.sequence, heardAt: now, keys: known)
        return reply
    }

    private mutating func open(_ key: RateKey, _ definition: Definition, at now: Instant) {
        guard pools[key] == nil, pools.count < Limits.rates else { return }
        pools[key] = RatePool(definition.rate, certainFrom: definition.isOfThisProcess ? nil : certainFrom, at: now)
    }

    /// The incarnation admits nothing more, or is refused for ever.
    package mutating func ended(_ incarnation: Incarnation, at now: Instant) {
        for key in peers.removeValue(forKey: incarnation)?.keys ?? [] {
            pools[key]!.release(incarnation, slowedBy: clockRatePPM, at: now)
        }
    }

    /// Takes back the parts of incarnations that can only deny, and forgets rates that are whole and full.
    package mutating func housekeep(at now: Instant) {
        for (incarnation, peer) in peers where now >= peer.heardAt + bound { ended(incarnation, at: now) }
        for key in pools.keys {
            pools[key]!.refill(pools[key]!.rate, slowedBy: clockRatePPM, at: now)
            if pools[key]!.isIdle { pools[key] = nil }
        }
    }

    /// Why the books of some rate do not balance, or nil. It is our bug if they do not.
    package var imbalance: String? {
        for (key, pool) in pools where pool.sum != Rate.whole { return "\(key) has \(pool.sum) parts of \(Rate.whole)" }
        return nil
    }
}
