import PenstockCore
import PenstockProto
import PenstockTransport
import SwiftProtobuf
import Testing

@testable import PenstockLedger

/// Questions whose grants are looked for in parts: each ends with its answer, or when nobody waits for it any more.
@Suite struct GrantLookupsTests {
    private func asker(_ route: UInt8, id: UInt64 = 1, of keys: NodeKeys = .testIssuer) -> Sequencer.Incoming {
        Sequencer.Incoming(route: RoutingID([route]), sender: keys, id: id)
    }

    private func lookup(_ asker: Sequencer.Incoming, agent: String = "last") -> GrantLookup {
        var filter = View.GrantFilter()
        filter.texts = [.agent: agent]
        return GrantLookup(query: .with { $0.agentID = agent }, incoming: asker, filter: filter)
    }

    private func member(_ name: String) -> NodeKeys {
        NodeKeys(name: name, role: .auditor, signing: [], channel: [])
    }

    /// Two more than one part.
    private func view() throws -> View { try View(grants: Limits.grantsPerPart + 2, by: .testIssuer) }

    @Test func eachHasItsTurnUntilItsEnd() throws {
        let view = try view()
        var lookups = GrantLookups()
        let added = [lookups.add(lookup(asker(1))), lookups.add(lookup(asker(2), agent: "agent"))]
        #expect(added == [true, true])
        let turns = (0..<5).map { _ in lookups.goOn(view) { _ in true } }
        #expect(turns.map { $0?.incoming.route } == [nil, nil, RoutingID([1]), RoutingID([2]), nil])
        #expect(turns.map { $0?.found.count } == [nil, nil, 1, Limits.grantsPerPart + 1, nil])
        #expect(lookups.isEmpty)
    }

    @Test func whoHasLeftIsLookedForNoMore() throws {
        let view = try view()
        var lookups = GrantLookups()
        for route in 1...3 as ClosedRange<UInt8> { _ = lookups.add(lookup(asker(route))) }
        let first = lookups.goOn(view) { $0.route != RoutingID([1]) }
        #expect(first == nil)
        // The third comes before it, and is gone by now.
        let second = lookups.goOn(view) { $0.route == RoutingID([2]) }
        #expect(second?.incoming == asker(2))
        #expect(lookups.isEmpty)
    }

    @Test func sameQuestionIsTakenOnceAndAnotherOneTakesItsPlace() {
        var lookups = GrantLookups()
        for route in 1...2 as ClosedRange<UInt8> { _ = lookups.add(lookup(asker(route, id: 7))) }
        #expect(lookups.hasTaken(.with { $0.agentID = "last" }, asker(1, id: 7)))
        #expect(!lookups.hasTaken(.with { $0.agentID = "last" }, asker(1, id: 8)))
        #expect(!lookups.hasTaken(.with { $0.agentID = "last" }, asker(3, id: 7)))
        #expect(!lookups.hasTaken(.with { $0.agentID = "other" }, asker(1, id: 7)))
        let ended = [lookups.end(at: RoutingID([1])), lookups.end(at: RoutingID([1]))]
        #expect(ended == [[asker(1, id: 7)], []])
        #expect(lookups.hasTaken(.with { $0.agentID = "last" }, asker(2, id: 7)))
    }

    @Test func memberHasSoManyAndOthersTheirs() {
        var lookups = GrantLookups()
        let most = UInt8(Limits.grantLookupsPerMember)
        var added = (0...most).map { lookups.add(lookup(asker($0, of: member("loud")))) }
        #expect(added == [Bool](repeating: true, count: Int(most)) + [false])
        added = [lookups.add(lookup(asker(most, of: member("quiet"))))]
        _ = lookups.end(at: RoutingID([0]))
        added.append(lookups.add(lookup(asker(0, of: member("loud")))))
        #expect(added == [true, true])
    }
}
