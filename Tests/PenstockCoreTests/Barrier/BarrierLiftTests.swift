internal import PenstockCore
internal import Testing

@Suite struct BarrierLiftTests {
    private func table() -> PresenceTable {
        var table = PresenceTable()
        table.allow(1000)
        table.echoed(Make.incarnation(1), node: "n1", at: 0)
        return table
    }

    @Test func liftedBarrierNeverCloses() {
        let table = table()
        var barrier = Barrier(position: 5, eventID: Make.id("r"), table: table, at: 100)
        barrier.lift(at: 200)
        #expect(barrier.state == .lifted)
        #expect(barrier.settledAt == 200)
        let ended = barrier.step(table, at: 5000)
        #expect(!ended)
        #expect(barrier.state == .lifted)
    }

    @Test func closedBarrierIsNotLifted() {
        var barrier = Barrier(position: 5, eventID: Make.id("r"), table: table(), at: 1000)
        #expect(barrier.state == .closed)
        barrier.lift(at: 1100)
        #expect(barrier.state == .closed)
        #expect(barrier.settledAt == 1000)
    }

    @Test func fenceCountsWithTheLargestBoundOfEarlierSettings() {
        var table = table()
        table.allow(3000)
        table.allow(200)
        var barrier = Barrier(position: 5, eventID: Make.id("r"), table: table, at: 100)
        #expect(barrier.bound == 3000)
        barrier.step(table, at: 2999)
        #expect(barrier.state == .waiting)
        barrier.step(table, at: 3000)
        #expect(barrier.state == .closed)
    }
}
