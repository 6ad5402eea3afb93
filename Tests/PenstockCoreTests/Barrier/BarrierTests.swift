internal import PenstockCore
internal import Testing

@Suite struct BarrierTests {
    private let one = Make.incarnation(1)
    private let two = Make.incarnation(2)

    /// One incarnation each of n1 and n2 at time 0, with a bound of 1000.
    private func table() -> PresenceTable {
        var table = PresenceTable()
        table.allow(1000)
        table.echoed(one, node: "n1", at: 0)
        table.echoed(two, node: "n2", at: 0)
        return table
    }

    private func barrier(_ table: PresenceTable, at now: Instant = 100) -> Barrier {
        Barrier(position: 5, eventID: Make.id("r"), table: table, at: now)
    }

    private func states(_ barrier: Barrier) -> [Barrier.Settlement] { barrier.nodes.map(\.state) }

    @Test func nobodyToWaitForIsClosedAtOnce() {
        #expect(barrier(PresenceTable()).state == .closed)
    }

    @Test func enforcedByAppliedAndByUrgentAcknowledgement() {
        var table = table()
        var barrier = barrier(table)
        #expect(states(barrier) == [.pending, .pending])
        _ = table.acked(one, node: "n1", applied: 5, urgent: [], ended: false, at: 110)
        let ended = [barrier.step(table, at: 110)]
        #expect(ended == [false])
        #expect(states(barrier) == [.enforced, .pending])
        _ = table.acked(two, node: "n2", applied: 3, urgent: [5], ended: false, at: 120)
        let closed = barrier.step(table, at: 120)
        #expect(closed)
        #expect(barrier.state == .closed)
        #expect(barrier.settledAt == 120)
        #expect(barrier.nodes.map(\.settledAt) == [110, 120])
        #expect(barrier.nodes.map(\.applied) == [5, 3])
    }

    @Test func acknowledgementOfAnEarlierPositionSettlesNothing() {
        var table = table()
        var barrier = barrier(table)
        _ = table.acked(one, node: "n1", applied: 4, urgent: [6], ended: false, at: 110)
        barrier.step(table, at: 110)
        #expect(states(barrier) == [.pending, .pending])
    }

    @Test func fencedExactlyAtTheBoundAfterTheLastEcho() {
        var table = table()
        var barrier = barrier(table)
        table.echoed(two, node: "n2", at: 50)
        barrier.step(table, at: 999)
        #expect(states(barrier) == [.pending, .pending])
        #expect(barrier.nextFence == 1000)
        barrier.step(table, at: 1000)
        #expect(states(barrier) == [.fenced, .pending])
        #expect(barrier.nextFence == 1050)
        barrier.step(table, at: 1050)
        #expect(barrier.state == .closed)
        #expect(barrier.nextFence == nil)
    }

    /// What such an echo renews needs the restriction in the view, so the wait is bounded whatever a node does.
    @Test func echoAfterTheOpeningDoesNotMoveTheFence() {
        var table = table()
        var barrier = barrier(table)
        table.echoed(one, node: "n1", at: 900)
        #expect(barrier.nextFence == 1000)
        barrier.step(table, at: 1000)
        #expect(states(barrier) == [.pending, .fenced])
        #expect(barrier.nextFence == 1100)
        barrier.step(table, at: 1100)
        #expect(barrier.state == .closed)
    }

    @Test func settledNodeStaysAsItSettled() {
        var table = table()
        var barrier = barrier(table)
        barrier.step(table, at: 1000)
        _ = table.acked(one, node: "n1", applied: 5, urgent: [], ended: false, at: 1100)
        let again = barrier.step(table, at: 1100)
        #expect(!again)
        #expect(states(barrier) == [.fenced, .fenced])
        #expect(barrier.settledAt == 1000)
    }

    @Test func restartedLedgerWaitsForTheLeasesItInherited() {
        var table = PresenceTable()
        table.started(at: 0, nodes: ["n1"], bound: 1000)
        var barrier = barrier(table)
        #expect(barrier.nodes.map(\.incarnation) == [.unknown])
        // The node's new incarnation proves nothing about the one before.
        table.echoed(one, node: "n1", at: 200)
        _ = table.acked(one, node: "n1", applied: 9, urgent: [], ended: false, at: 210)
        barrier.step(table, at: 999)
        #expect(barrier.state == .waiting)
        barrier.step(table, at: 1000)
        #expect(states(barrier) == [.fenced])
    }

    @Test func inheritedLeaseThatRanOutIsNotWaitedFor() {
        var table = PresenceTable()
        table.started(at: 0, nodes: ["n1"], bound: 1000)
        #expect(barrier(table, at: 1000).nodes.isEmpty)
    }

    @Test func incarnationsOfOneNodeSettleEachForItself() {
        var table = table()
        table.echoed(Make.incarnation(3), node: "n1", at: 10)
        var barrier = barrier(table)
        #expect(barrier.nodes.map(\.node) == ["n1", "n1", "n2"])
        _ = table.acked(Make.incarnation(3), node: "n1", applied: 5, urgent: [], ended: false, at: 110)
        barrier.step(table, at: 110)
        #expect(states(barrier) == [.pending, .enforced, .pending])
    }

    @Test func endedIncarnationSettlesWithoutItsFence() {
        var table = table()
        var barrier = barrier(table)
        _ = table.acked(one, node: "n1", applied: 4, urgent: [], ended: true, at: 110)
        barrier.step(table, at: 110)
        #expect(states(barrier) == [.fenced, .pending])
    }

    @Test func incarnationOfAfterTheOpeningIsNotWaitedFor() {
        var table = table()
        var barrier = barrier(table)
        table.echoed(Make.incarnation(3), node: "n3", at: 110)
        barrier.step(table, at: 1000)
        #expect(barrier.state == .closed)
        #expect(barrier.nodes.count == 2)
    }

    @Test func forgottenIncarnationKeepsItsFence() {
        var table = table()
        var barrier = barrier(table)
        table.forget(before: 5000)
        barrier.step(table, at: 999)
        #expect(states(barrier) == [.pending, .pending])
        barrier.step(table, at: 1000)
        #expect(barrier.state == .closed)
    }
}
