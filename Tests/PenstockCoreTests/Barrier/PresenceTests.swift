internal import PenstockCore
internal import Testing

@Suite struct PresenceTests {
    private let one = Make.incarnation(1)
    private let two = Make.incarnation(2)

    private func table(bound: Nanoseconds = 1000) -> PresenceTable {
        var table = PresenceTable()
        table.allow(bound)
        return table
    }

    @Test func boundNeverFalls() {
        var table = table(bound: 1000)
        table.allow(3000)
        table.allow(500)
        #expect(table.bound == 3000)
        table.echoed(one, node: "n1", at: 100)
        #expect(table.fencedAt(table.presences[one]!) == 3100)
    }

    @Test func fenceCountsFromTheLaterEcho() {
        var table = table()
        table.echoed(one, node: "n1", at: 100)
        table.echoed(one, node: "n1", at: 250)
        #expect(!table.isFenced(one, node: "n1", at: 1249))
        #expect(table.isFenced(one, node: "n1", at: 1250))
    }

    @Test func echoUnderAnotherNodesIncarnationIsRefused() {
        var table = table()
        let taken = [table.echoed(one, node: "n1", at: 100), table.echoed(one, node: "n2", at: 900)]
        #expect(taken == [true, false])
        #expect(table.fencedAt(table.presences[one]!) == 1100)
    }

    @Test func acknowledgementDoesNotExtendALease() {
        var table = table()
        table.echoed(one, node: "n1", at: 100)
        _ = table.acked(one, node: "n1", applied: 5, urgent: [], ended: false, at: 900)
        #expect(table.isFenced(one, node: "n1", at: 1100))
    }

    @Test func endedIncarnationIsFencedAtOnce() {
        var table = table()
        table.echoed(one, node: "n1", at: 100)
        _ = table.acked(one, node: "n1", applied: 5, urgent: [], ended: true, at: 150)
        #expect(table.isFenced(one, node: "n1", at: 150))
        #expect(!table.isFenced(one, node: "n1", at: 149))
    }

    @Test func acknowledgementOfAnotherNodeOrUnknownIncarnationIsRefused() {
        var table = table()
        table.echoed(one, node: "n1", at: 100)
        let taken = [
            table.acked(one, node: "n2", applied: 9, urgent: [9], ended: true, at: 110),
            table.acked(two, node: "n1", applied: 9, urgent: [9], ended: true, at: 110),
        ]
        #expect(taken == [false, false])
        #expect(table.presences[one]?.has(1) == false)
        #expect(!table.isFenced(one, node: "n1", at: 110))
    }

    @Test func acknowledgedPositionsAddUpAndNeverFall() throws {
        var table = table()
        table.echoed(one, node: "n1", at: 100)
        _ = table.acked(one, node: "n1", applied: 5, urgent: [9, 4], ended: false, at: 110)
        _ = table.acked(one, node: "n1", applied: 3, urgent: [12], ended: false, at: 120)
        let presence = try #require(table.presences[one])
        #expect((1...13).filter { presence.has($0) } == [1, 2, 3, 4, 5, 9, 12])
        #expect(presence.urgent == [9, 12])
    }

    @Test func restartedLedgersNodesAreFencedOnlyAfterTheBound() {
        var table = PresenceTable()
        table.started(at: 500, nodes: ["n1"], bound: 1000)
        #expect(!table.isFenced(one, node: "n1", at: 1499))
        #expect(table.isFenced(one, node: "n1", at: 1500))
        #expect(table.isFenced(one, node: "n2", at: 500))
    }

    @Test func anotherNodesIncarnationIsNoPredecessor() {
        var table = table()
        table.echoed(one, node: "n1", at: 100)
        #expect(table.isFenced(one, node: "n1", at: 5000))
        #expect(!table.isFenced(one, node: "n2", at: 5000))
    }

    @Test func onlyLongFencedIncarnationsAreForgotten() {
        var table = table()
        table.echoed(one, node: "n1", at: 100)
        table.echoed(two, node: "n1", at: 200)
        table.forget(before: 1100)
        #expect(table.presences.keys.sorted() == [two])
    }

    @Test func descriptionIsKeptForKnownIncarnationsOnly() {
        var table = table()
        table.echoed(one, node: "n1", at: 100)
        table.described(one, version: "1.2", viewAgeMS: 7)
        table.described(two, version: "1.3", viewAgeMS: 8)
        #expect(table.presences[one]?.version == "1.2")
        #expect(table.presences[one]?.viewAgeMS == 7)
        #expect(table.presences[two] == nil)
    }

    private func filled(_ table: inout PresenceTable, at now: Instant = 100) {
        for number in 0..<Limits.incarnationsPerNode {
            table.echoed(Make.incarnation(UInt64(number + 1)), node: "n1", at: now + Instant(number))
        }
    }

    @Test func noIncarnationThatMayHoldALeaseIsForgottenForAnother() {
        var table = table()
        filled(&table)
        let full = Set(table.presences.keys)
        let other = Make.incarnation(200)
        let room = table.makeRoom(for: other, node: "n1", at: 1099)
        #expect(!room)
        #expect(Set(table.presences.keys) == full)
        // Those that are there echo on, and other nodes have room of their own.
        let rooms = [table.makeRoom(for: one, node: "n1", at: 1099), table.makeRoom(for: other, node: "n2", at: 1099)]
        #expect(rooms == [true, true])
    }

    @Test func whatWasFencedFirstMakesRoomForAnother() {
        var table = table()
        filled(&table)
        let made = table.makeRoom(for: Make.incarnation(200), node: "n1", at: 1100)
        #expect(made && table.presences[one] == nil && table.presences[two] != nil)
        table.echoed(Make.incarnation(200), node: "n1", at: 1100)
        let next = table.makeRoom(for: Make.incarnation(201), node: "n1", at: 1100)
        #expect(!next && table.presences.count == Limits.incarnationsPerNode)
        table.forget(before: 10_000)
        let after = table.makeRoom(for: one, node: "n1", at: 10_001)
        #expect(table.presences.isEmpty && after)
    }
}
