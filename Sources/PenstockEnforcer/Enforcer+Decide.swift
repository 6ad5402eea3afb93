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
            if !call.callID.isEmpty, let earlier = retry(call, &core) { return earlier }
            let now = Clocks.now()
            var verdict = core.enforcement.prepare(call, arrivedAt: arrivedAt ?? now, now: now)
            if verdict.reason == .budgetPending {
                core.enforcement.lack(verdict)
                signal(&core)
                return ruling(verdict, sequence: 0)
            }
            if core.enforcement.purse.wantsReserve { signal(&core) }
            return record(call, &verdict, &core)
        }
    }

    /// Records before anyone hears the answer, and looks at the lease once more as it leaves.
    private func record(_ call: borrowing Call, _ verdict: inout Verdict, _ core: inout Core) -> Ruling {
        let grant = verdict.grant < 0 ? 0 : core.enforcement.folded.grants[Int(verdict.grant)].position
        let wall = Clocks.wall()
        let debits = verdict.isAllow ? core.enforcement.debits : []
        let count = DecisionRecord.byteCount(call, debits: debits.count)
        let written = journal.append(byteCount: count) { memory in
            DecisionRecord.write(call, verdict, debits, grant: grant, wall: wall, into: memory)
        }
        core.isUnwritable = written == nil
        guard let sequence = written else {
            if verdict.isAllow { core.enforcement.undo(held: call.holds) }
            verdict.reason = verdict.isAllow ? .unrecordable : verdict.reason
            core.unrecorded += 1
            core.decided[Int(verdict.reason.rawValue)] += 1
            return ruling(verdict, sequence: 0)
        }
        if verdict.isAllow {
            if !core.enforcement.confirm(&verdict, held: call.holds, now: Clocks.now()) {
                void(sequence, debits)
            } else if call.holds || !call.callID.isEmpty {
                register(call, verdict, sequence, &core)
            }
        }
        core.decided[Int(verdict.reason.rawValue)] += 1
        return ruling(verdict, sequence: sequence)
    }

    /// The allow of that record was never given out. If not even this can be written, the amounts stay spent on restart.
    private func void(_ sequence: UInt64, _ debits: [Debit]) {
        var record = DecisionRecord(kind: .voided)
        record.decision = sequence
        record.reason = .staleView
        record.wall = Clocks.wall()
        record.debits = debits.map { .init(slice: $0.slice, used: $0.amount) }
        _ = append(record)
    }

    func append(_ record: DecisionRecord) -> UInt64? {
        let bytes = record.bytes
        return journal.append(byteCount: bytes.count) { $0.copyBytes(from: bytes) }
    }

    private func register(_ call: borrowing Call, _ verdict: Verdict, _ sequence: UInt64, _ core: inout Core) {
        let name = call.callID.isEmpty ? nil : CallTable.CallName(grant: verdict.grant, callID: call.callID)
        let content = name == nil ? Digest.zero : Self.content(call)
        if call.holds {
            core.enforcement.beginHold(verdict, decision: sequence, name: name, content: content)
        } else if let name {
            core.enforcement.rememberSettled(name, content: content, decision: sequence)
        }
    }

    /// A retry under the same id gets the same permit, after all checks but the budget's.
    private func retry(_ call: borrowing Call, _ core: inout Core) -> Ruling? {
        guard let grant = core.enforcement.view?.index(of: call.credential) else { return nil }
        let earlier = core.enforcement.earlier(call, grant: Int32(grant), content: Self.content(call))
        guard earlier != .new else { return nil }
        var verdict = core.enforcement.preview(call, now: Clocks.now())
        var sequence: UInt64 = 0
        switch earlier {
        case .new: return nil
        case .mismatch: verdict.reason = .duplicateMismatch
        case .settled: verdict.reason = verdict.reason == .none ? .alreadySettled : verdict.reason
        case .underWay(let decision): sequence = decision
        }
        if verdict.isAllow { return ruling(verdict, sequence: sequence) }
        return record(call, &verdict, &core)
    }

    /// Everything that makes two calls the same call.
    private static func content(_ call: borrowing Call) -> Digest {
        var hasher = SHA256.Hasher()
        for text in [call.action, call.resourceType, call.resourceID] + call.amounts.list.map({ "\($0.unit)=\($0.value)" }) {
            hasher.update(Array("\(text.utf8.count):".utf8) + Array(text.utf8))
        }
        hasher.update(call.argumentsDigest.bytes)
        return hasher.finalize()
    }

    @inline(__always)
    private func ruling(_ verdict: borrowing Verdict, sequence: UInt64) -> Ruling {
        Ruling(
            reason: verdict.reason, sequence: sequence, usableUntil: verdict.usableUntil, position: verdict.position,
            viewAge: verdict.viewAge, grant: verdict.grant, lacking: verdict.lacking, shortfall: verdict.shortfall)
    }
}
