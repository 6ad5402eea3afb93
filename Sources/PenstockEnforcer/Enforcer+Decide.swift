public import PenstockCore
internal import PenstockCrypto
public import PenstockGatekeeper
internal import PenstockJournal
internal import PenstockSystem
internal import Synchronization

extension Enforcer {
    /// Decides one call now, from memory: it never waits, and on the allow path it does not touch the heap.
    /// `budget_pending` means that a slice was asked for; it is the one answer that is not recorded.
    ///
    /// - Parameter credential: the credential's text, hashed here.
    public func decide(credential: UnsafeRawBufferPointer, _ call: inout Call) -> Verdict {
        call.credential = Credential.digest(unchecked: credential) ?? .zero
        return decide(call)
    }

    /// As above, for a call whose credential is hashed already.
    public func decide(_ call: borrowing Call) -> Verdict {
        let shard = shards.number(of: call.credential)
        var (wantsTurn, lacksParts) = (false, false)
        var verdict = decide(call, in: shard, &wantsTurn, &lacksParts)
        if lacksParts {
            dealRates()
            verdict = decide(call, in: shard, &wantsTurn, &lacksParts)
        }
        if wantsTurn { signal() }
        return verdict
    }

    @inline(__always)
    private func decide(
        _ call: borrowing Call, in shard: Int, _ wantsTurn: inout Bool, _ lacksParts: inout Bool
    ) -> Verdict {
        withShard(shard) { shard, node in
            let verdict = shard.decide(
                call, arrivedAt: nil, under: node, journal: Recorder(journal, lane: Int(shard.number)))
            wantsTurn = shard.wantsTurn(at: Clocks.now())
            lacksParts = shard.lacksParts(verdict)
            return verdict
        }
    }

    /// Uses one shard, in place: a shard that is read out of its node is copied.
    @inline(__always)
    func withShard<Result, Failure: Error>(
        _ number: Int, _ body: (inout Shard, borrowing NodeState) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try state.withShard(number) { enforcement throws(Failure) in
            try body(&enforcement.shards[number], enforcement.node)
        }
    }

    /// Moves parts of rates to the shards whose calls lack some, while all others wait.
    func dealRates() { _ = state.withAll { $0.dealRates(at: Clocks.now()) } }

    /// Ends a call that `decide` allowed and that holds, as `Gatekeeper.settle` does, without a permit's text and
    /// without waiting: for callers in this process that keep their verdicts.
    public func settle(_ verdict: Verdict, actual: borrowing CallAmounts) throws(HoldError) {
        try settle(verdict.sequence, in: Int(verdict.shard), actual, .none)
    }
}

/// Writes decisions into the journal's memory.
///
/// Lives no longer than a call of the enforcer that owns the journal, so it counts no reference: threads that decide
/// side by side would pass the counter's cache line to and fro.
struct Recorder: NodeJournal {
    private let journal: Unmanaged<Journal>
    /// Of the journal: one writer at a time.
    let lane: Int

    /// - Parameter lane: 0 for whoever has all shards.
    init(_ journal: Journal, lane: Int = 0) { (self.journal, self.lane) = (.passUnretained(journal), lane) }

    @inline(__always)
    private func withJournal<Result>(_ body: (Journal) -> Result) -> Result {
        journal._withUnsafeGuaranteedRef { body($0) }
    }

    var now: Instant { Clocks.now() }

    var room: JournalRoom { withJournal { JournalRoom(used: $0.usedBytes, bound: $0.boundBytes) } }

    var lastRecorded: UInt64 { withJournal { $0.nextSequence - 1 } }

    var hasOwnRecords: Bool { withJournal { $0.hasOwnRecords } }

    var hasRoom: Bool { withJournal { $0.hasRoom } }

    func canRelease(through sequence: UInt64) -> Bool { withJournal { $0.canRelease(through: sequence) } }

    func record(_ call: borrowing Call, _ verdict: Verdict, _ debits: [Debit], grant: Position) -> UInt64? {
        let wall = Clocks.wall()
        return append(byteCount: DecisionRecord.byteCount(call, verdict, debits: debits.count)) {
            DecisionRecord.write(call, verdict, debits, grant: grant, wall: wall, into: $0)
        }
    }

    func record(_ record: DecisionRecord) -> UInt64? {
        var record = record
        record.wall = Clocks.wall()
        return append(byteCount: record.byteCount, standsForOthers: record.kind == .carried) { record.write(into: $0) }
    }

    func recordEnd(_ end: borrowing HoldEnd) -> UInt64? {
        let wall = Clocks.wall()
        return append(byteCount: DecisionRecord.endByteCount(end)) {
            DecisionRecord.writeEnd(end, wall: wall, into: $0)
        }
    }

    @inline(__always)
    private func append(
        byteCount: Int, standsForOthers: Bool = false, _ fill: (UnsafeMutableRawBufferPointer) -> Void
    ) -> UInt64? {
        withJournal { $0.append(byteCount: byteCount, lane: lane, standsForOthers: standsForOthers, fill) }
    }

    func content(_ call: borrowing Call) -> Digest {
        var hasher = SHA256.Hasher()
        // All that a decision reads, in an order that does not depend on how it was written.
        func add(_ texts: [String]) {
            hasher.update(Array("\(texts.count)/".utf8))
            for text in texts { hasher.update(Array("\(text.utf8.count):".utf8) + Array(text.utf8)) }
        }
        func sorted<T>(_ items: [T], _ name: (T) -> String) -> [T] {
            items.sorted { name($0).utf8.lexicographicallyPrecedes(name($1).utf8) }
        }
        add([
            call.action, call.resourceType, call.resourceID, call.presented.workload, call.holds ? "hold" : "spend",
            "\(call.atLeast)", call.presented.key?.hex ?? "", call.presented.certificate?.hex ?? "",
        ])
        add(sorted(call.amounts.list, \.unit).flatMap { [$0.unit, "\($0.value)"] })
        add(sorted(Array(call.attributes), \.key).flatMap { [$0.key, $0.value] })
        // Only where there are any: ids from before a restart were made without them.
        if call.linearizable { add(["linearizable"]) }
        for (path, list) in sorted(Array(call.lists), \.key) { add([path] + list) }
        hasher.update(call.argumentsDigest.bytes)
        return hasher.finalize()
    }
}
