internal import PenstockCore
internal import Testing

/// What a ledger does once a commit has failed.
@Suite struct LedgerFailedCommitTests {
    private let n1 = Make.node("n1", .enforcer)
    private let progress = NodeProgress(incarnation: Make.incarnation(1), applied: 1, heard: 1)

    private func ledger() throws -> PenstockCore.Ledger {
        var state = LedgerState()
        try state.apply(Make.event(Make.id("event 1"), .genesis(Make.members, .standard), by: "ledger"), at: 1)
        var ledger = PenstockCore.Ledger(state)
        ledger.start(epoch: 7, restored: false, time: LedgerTime(wall: Make.wall, at: 0), at: 0)
        let epoch = Make.event(Make.id("epoch"), try #require(ledger.epochToOpen), by: "ledger")
        _ = try ledger.stage(own: epoch)
        _ = ledger.committed(at: 0)
        return ledger
    }

    private func code(_ body: () throws -> Void) -> Refusal.Code? {
        do {
            try body()
            return nil
        } catch {
            return (error as? Refusal)?.code
        }
    }

    private func stage(_ kind: EventKind, _ ledger: inout PenstockCore.Ledger) -> Refusal.Code? {
        code { _ = try ledger.stage(Make.event(Make.id("\(kind.name)"), kind), at: 0) }
    }

    private func lease(_ ledger: inout PenstockCore.Ledger) -> EchoReply? {
        guard code({ try ledger.register(progress, from: n1, agrees: true, at: 10) }) == nil else { return nil }
        let head = ledger.state.view.position
        return try? ledger.answer(progress, nonce: 3, rates: nil, from: n1, readHead: head, readEpoch: 7, at: 20)
    }

    @Test func failedCommitLeavesTheStateAsItWas() throws {
        var ledger = try ledger()
        let (before, time) = (ledger.state.view.image, ledger.stamp(at: 0))
        #expect(stage(Make.revoke(.agent("a")), &ledger) == nil)
        #expect(ledger.state.view.image == before, "nothing is told of what is staged")
        #expect(ledger.commitFailed(fits: .everything, at: 0).isEmpty)
        #expect(ledger.next.view.image == before && ledger.state.view.image == before)
        #expect(ledger.staged.isEmpty && ledger.barriers.isEmpty && ledger.halted == nil)
        #expect(ledger.stamp(at: 0) == time)
        _ = ledger.storeTakes(.everything, isProven: true, at: .nanosecondsPerSecond)
        #expect(stage(Make.revoke(.agent("a")), &ledger) == nil, "it may come again")
        #expect(ledger.committed(at: 5) == [3])
        #expect(ledger.barriers[3] != nil && ledger.state.view.image == ledger.next.view.image)
    }

    /// The measurement says what it said before the commit failed.
    @Test func leasesGoOnWhereARestrictionIsProvenToFit() throws {
        var ledger = try ledger()
        #expect(stage(.settingsChanged(.standard), &ledger) == nil)
        _ = ledger.commitFailed(fits: .restrictions, at: 0)
        _ = ledger.storeTakes(.everything, at: 0)
        #expect(lease(&ledger) != nil && !ledger.isProofDue(at: .max))
        #expect(stage(.settingsChanged(.standard), &ledger) == .full, "for a moment, others wait")
        #expect(stage(Make.revoke(.agent("a")), &ledger) == nil)
        _ = ledger.storeTakes(.everything, at: .nanosecondsPerSecond)
        #expect(stage(.settingsChanged(.standard), &ledger) == nil)
    }

    @Test(arguments: [EventKind.settingsChanged(.standard), Make.revoke(.agent("a"))])
    func noLeaseIsGivenBeforeARestrictionIsProvenToFit(failed: EventKind) throws {
        var ledger = try ledger()
        let second = Instant.nanosecondsPerSecond
        #expect(stage(failed, &ledger) == nil)
        // What was tried since says less than a restriction that has failed.
        _ = ledger.commitFailed(fits: failed == .settingsChanged(.standard) ? .nothing : .restrictions, at: 0)
        #expect(!ledger.isProofDue(at: 0) && ledger.isProofDue(at: second))
        _ = ledger.storeTakes(.everything, at: second)
        #expect(lease(&ledger) == nil && stage(Make.revoke(.agent("b")), &ledger) == .full)
        _ = ledger.storeTakes(.nothing, isProven: true, at: second)
        #expect(lease(&ledger) == nil && stage(Make.revoke(.agent("b")), &ledger) == .full)
        #expect(!ledger.isProofDue(at: second) && ledger.isProofDue(at: 2 * second), "it is tried again")
        _ = ledger.storeTakes(.restrictions, isProven: true, at: 2 * second)
        #expect(lease(&ledger) != nil)
    }
}
