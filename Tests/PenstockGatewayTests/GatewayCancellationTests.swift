import PenstockCore
import PenstockGatekeeper
import PenstockGateway
import PenstockTestSupport
import Testing

/// Calls that stop before their answer.
@Suite struct GatewayCancellationTests {
    @Test func runningCallIsCancelled() {
        var scene = Scene()
        scene.client(Era.stateless.call(1, "slow"))
        scene.allow("d1")
        scene.write()
        scene.cancel("other")
        #expect(scene.client.isEmpty)
        scene.cancel("d1")
        scene.write()
        #expect(
            scene.server.last
                == #"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1,"reason":"revoked"}}"#)
        #expect(scene.lastReason == "revoked" && scene.settled["d1"] == [Amount("calls", 1)])
        scene.server(#"{"jsonrpc":"2.0","id":1,"result":{"secret":1}}"#)
        #expect(scene.client.count == 1 && scene.session.counters.dropped == 1 && scene.session.counters.cancelled == 1)
    }

    @Test func cancellationThatOvertakesItsDecisionCounts() {
        var scene = Scene()
        scene.client(Era.handshake.call(1, "slow"))
        scene.cancel("d1", .suspended)
        scene.allow("d1")
        scene.write()
        #expect(scene.server.isEmpty && scene.lastReason == "suspended" && scene.released == ["d1"])
    }

    @Test func queuedCallIsCancelledUnseen() {
        var scene = Scene()
        scene.client(Era.handshake.call(1, "slow"))
        scene.allow("d1")
        scene.cancel("d1")
        scene.write()
        #expect(scene.server.isEmpty && scene.released == ["d1"] && scene.lastReason == "revoked")
    }

    @Test func lostCancellationsStopEverythingAndDenyUntilResumed() {
        var scene = Scene()
        for id in 1...3 { scene.client(Era.handshake.call(id, "t\(id)")) }
        scene.allow("d1")
        scene.write()
        scene.allow("d2")
        scene.take(scene.session.cancellationsLost())
        #expect(scene.client.count == 2 && scene.lastReason == "no_view")
        #expect(scene.settled.keys.sorted() == ["d1"] && scene.released == ["d2"])
        // Asked before the loss, answered after it was over: its cancellation may have gone by.
        scene.session.cancellationsResumed()
        scene.allow("d3")
        #expect(scene.released == ["d2", "d3"] && scene.client.count == 3)
        scene.client(Era.handshake.call(4, "t"))
        scene.allow("d4")
        scene.write()
        #expect(scene.server.count == 3)  // t1, its cancellation, t
    }

    @Test func permitThatRanOutIsCheckedAgain() {
        var scene = Scene()
        scene.client(Era.handshake.call(1, "t"))
        scene.allow("d1", validForMS: 100)
        scene.now = 100
        scene.write()
        #expect(scene.server.isEmpty && scene.released == ["d1"] && scene.asked.count == 1)
        scene.decide(Decision(reason: .revoked))
        scene.write()
        #expect(scene.server.isEmpty && scene.lastReason == "revoked")
        scene.client(Era.handshake.call(2, "t"))
        for round in 2...6 where !scene.asked.isEmpty {
            scene.allow("d\(round)", validForMS: 0)
            scene.write()
        }
        #expect(scene.server.isEmpty && scene.lastReason == "stale_view" && scene.session.outstanding == 0)
    }

    @Test func clientCancelsInEveryStage() {
        let cancel = #"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}"#
        var scene = Scene()
        scene.client(Era.handshake.call(1, "t"))
        scene.client(cancel)
        scene.allow("d1")
        scene.write()
        #expect(scene.server.isEmpty && scene.client.isEmpty && scene.released == ["d1"])
        scene.client(Era.handshake.call(1, "t"))
        scene.allow("d2")
        scene.write()
        scene.client(cancel)
        scene.write()
        #expect(scene.server.count == 2 && scene.settled["d2"] != nil)
        // Until the server has said its last word on the old request, its id is taken.
        scene.client(Era.handshake.call(1, "t"))
        #expect(scene.lastCode == -32600)
        scene.server(#"{"jsonrpc":"2.0","id":1,"result":{}}"#)
        scene.client(Era.handshake.call(1, "t"))
        #expect(scene.asked.count == 1)
    }

    @Test func unwrittenCallIsReleased() {
        var scene = Scene()
        scene.client(Era.handshake.call(1, "t"))
        scene.allow("d1")
        let ticket = scene.queue.removeFirst().ticket!
        guard case .write = scene.session.willWrite(ticket, at: 0) else {
            Issue.record("not due")
            return
        }
        scene.take(scene.session.couldNotWrite(ticket, untouched: true))
        #expect(scene.released == ["d1"] && scene.settled.isEmpty && scene.lastCode == -32603)
    }
}
