public import PenstockCore
internal import PenstockCrypto
internal import PenstockJournal
internal import PenstockNode
internal import Synchronization

extension Enforcer {
    /// Decides one call now, from memory: it never waits, and on the allow path it does not touch the heap.
    /// `budget_pending` means that a slice was asked for; it is the one answer that is not recorded.
    ///
    /// - Parameter credential: the credential's text, hashed here.
    public func decide(credential: UnsafeRawBufferPointer, _ call: inout Call) -> Ruling {
        call.credential = Credential.digest(unchecked: credential) ?? .zero
        return decide(call)
    }

    /// As above, for a call whose credential is hashed already.
    public func decide(_ call: borrowing Call) -> Ruling {
        decide(call, arrivedAt: nil)
    }

    /// - Parameter arrivedAt: nil for now.
    func decide(_ call: borrowing Call, arrivedAt: Instant?) -> Ruling {
        core.withLock { core in
            let verdict = core.enforcement.decide(call, arrivedAt: arrivedAt, journal: Recorder(journal: journal))
            if core.enforcement.purse.wantsReserve || core.enforcement.rates.isHurried && core.enforcement.rates.wantsEcho(at: Clocks.now()) { signal(&core) }
            if verdict.reason != .budgetPending { count(verdict, &core) }
            return Ruling(verdict)
        }
    }

    /// Ends a call that `decide` allowed and that holds, as `Gatekeeper.settle` does, without a permit's text and without
    /// waiting: for callers in this process that keep their rulings.
    public func settle(_ ruling: Ruling, actual: borrowing CallAmounts) throws(HoldError) {
        try settle(ruling.sequence, actual, .none)
    }

    @inline(__always)
    func count(_ verdict: borrowing Verdict, _ core: inout Core) {
        core.decided[Int(verdict.reason.rawValue)] += 1
        // A denial that is counted tells nothing of the journal.
        if verdict.isUnwritable {
            core.unrecorded += 1
            core.isUnwritable = true
        } else if verdict.sequence > 0 {
            core.isUnwritable = false
        }
    }

    func append(_ record: DecisionRecord) -> UInt64? { Recorder(journal: journal).record(record) }
}

/// Writes decisions into the journal's memory.
struct Recorder: DecisionJournal {
    let journal: Journal

    var now: Instant { Clocks.now() }

    var room: JournalRoom { JournalRoom(used: journal.usedBytes, bound: journal.boundBytes) }

    func record(_ call: borrowing Call, _ verdict: Verdict, _ debits: [Debit], grant: Position) -> UInt64? {
        let wall = Clocks.wall()
        return journal.append(byteCount: DecisionRecord.byteCount(call, verdict, debits: debits.count)) { memory in
            DecisionRecord.write(call, verdict, debits, grant: grant, wall: wall, into: memory)
        }
    }

    func record(_ record: DecisionRecord) -> UInt64? {
        var record = record
        record.wall = Clocks.wall()
        return journal.append(byteCount: record.byteCount, standsForOthers: record.kind == .carried) { record.write(into: $0) }
    }

    func recordEnd(_ end: borrowing HoldEnd) -> UInt64? {
        let wall = Clocks.wall()
        return journal.append(byteCount: DecisionRecord.endByteCount(end)) { DecisionRecord.writeEnd(end, wall: wall, into: $0) }
    }

    func content(_ call: borrowing Call) -> Digest {
        var hasher = SHA256.Hasher()
        // All that a decision reads, in an order that does not depend on how it was written.
        func add(_ texts: [String]) {
            hasher.update(Array("\(texts.count)/".utf8))
            for text in texts { hasher.update(Array("\(text.utf8.count):".utf8) + Array(text.utf8)) }
        }
        func sorted<T>(_ items: [T], _ name: (T) -> String) -> [T] { items.sorted { name($0).utf8.lexicographicallyPrecedes(name($1).utf8) } }
        add([call.action, call.resourceType, call.resourceID, call.workload, call.holds ? "hold" : "spend", "\(call.atLeast)"])
        add(sorted(call.amounts.list, \.unit).flatMap { [$0.unit, "\($0.value)"] })
        add(sorted(Array(call.attributes), \.key).flatMap { [$0.key, $0.value] })
        hasher.update(call.argumentsDigest.bytes)
        return hasher.finalize()
    }
}
