import PenstockCore
import PenstockGatekeeper
import PenstockGateway
import PenstockJSON
import Testing

/// What was allowed when it was queued leaves only while it is: the side that is written to may not read for minutes.
@Suite struct OldAuthorityTests {
    private func begun(_ id: Int = 1) -> Scene {
        var scene = Scene()
        scene.client(Era.handshake.call(id, "t"))
        scene.allow("d1")
        let leaves = scene.write(.first)
        #expect(leaves)
        return scene
    }

    @Test func callThatIsHalfWrittenStopsWithItsGrant() {
        var scene = begun()
        let leaves = scene.write(.middle)
        #expect(leaves)
        scene.cancel("d1")
        let leavesThen = [scene.write(.middle), scene.write(.last)]
        #expect(leavesThen == [false, false])
        #expect(
            scene.lastReason == "revoked" && scene.settled["d1"] == [Amount("calls", 1)]
                && scene.session.outstanding == 0)
        #expect(
            scene.queue.count == 1 && scene.session.counters.forwarded == 0,
            "a call that the server cannot read needs no cancellation")
    }

    @Test(arguments: [Reason.revoked, .suspended, .expired]) func halfACallNeedsALiveGrantOncePermitIsOver(
        reason: Reason
    ) {
        var scene = begun()
        scene.now = 1_000
        let leaves = scene.write(.middle)
        #expect(leaves && scene.standingsAsked == 1, "it is asked about, and goes on")
        scene.now = 3_000
        scene.standing = reason
        _ = scene.write(.middle)
        let leavesThen = scene.write(.last)
        #expect(!leavesThen && scene.lastReason == reason.name && scene.settled["d1"] != nil)
    }

    @Test func halfACallOutlivesALateView() {
        var scene = begun()
        scene.now = 1_000
        scene.standing = .staleView
        for _ in 0..<3 {
            let leaves = scene.write(.middle)
            #expect(leaves)
        }
        #expect(scene.client.isEmpty)
        scene.standing = Reason.none
        _ = scene.write(.middle)
        let leaves = scene.write(.last)
        #expect(leaves && scene.session.counters.forwarded == 1)
        scene.server(#"{"jsonrpc":"2.0","id":1,"result":{}}"#)
        #expect(scene.client.count == 1 && scene.settled["d1"] != nil)
        // But not one that never comes back.
        scene = begun()
        (scene.now, scene.standing) = (1_000, .staleView)
        var rounds = 0
        while scene.write(.middle), rounds < 1_000 { rounds += 1 }
        #expect(rounds <= GatewayLimits.standingRechecks && scene.lastReason == "stale_view")
    }

    @Test func clientCancelsWhatIsHalfWritten() {
        var scene = begun()
        scene.client(#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}"#)
        let leaves = [scene.write(.middle), scene.write(.last)]
        #expect(leaves == [true, true] && scene.settled["d1"] != nil && scene.released.isEmpty)
        scene.queue.removeFirst()
        scene.write()
        #expect(
            scene.server.count == 1 && scene.server[0].contains("notifications/cancelled")
                && scene.session.outstanding == 0)
        scene.server(#"{"jsonrpc":"2.0","id":1,"result":{}}"#)
        #expect(scene.client.isEmpty)
    }

    @Test func lostCancellationsStopWhatIsHalfWritten() {
        var scene = begun()
        scene.take(scene.session.cancellationsLost())
        let leaves = scene.write(.last)
        #expect(!leaves && scene.lastReason == "no_view")
        scene = begun()
        scene.take(scene.session.serverEnded())
        #expect(scene.settled["d1"] != nil && scene.session.outstanding == 0 && scene.lastCode == -32603)
    }

    /// Half a message with a blank end is a whole one.
    @Test func blankEndIsCut() {
        var scene = Scene()
        scene.client(Era.handshake.call(1, "t") + " \t  \r")
        scene.allow("d1")
        scene.write()
        #expect(scene.server == [Era.handshake.call(1, "t")])
    }

    private func unread(_ count: Int = 3) -> Scene {
        var scene = Scene()
        scene.client(Era.handshake.call(1, "t"))
        scene.allow("d1")
        scene.write()
        scene.isRead = false
        for number in 0..<count {
            scene.server(#"{"jsonrpc":"2.0","method":"notifications/message","params":{"data":"secret \#(number)"}}"#)
        }
        scene.server(#"{"jsonrpc":"2.0","id":"q1","method":"elicitation/create","params":{"message":"secret"}}"#)
        scene.server(#"{"jsonrpc":"2.0","id":1,"result":{"content":"secret"}}"#)
        #expect(scene.unread.count == count + 2)
        return scene
    }

    @Test(arguments: LiveChannelTests.ends) func whatTheClientHasNotReadIsNotForWhoWasRevoked(reason: Reason) {
        var scene = unread()
        scene.standing = reason
        scene.cancel("")
        (scene.isRead, scene.now) = (true, 10)
        scene.read()
        #expect(scene.client.count == 1 && scene.client[0]["id"] == .number("1") && scene.lastReason == reason.name)
        #expect(scene.standingsAsked == 6, "one answer speaks for all that was queued")
        scene.write()
        #expect(
            scene.server.count == 2 && scene.server[1].contains(#""id":"q1""#) && scene.server[1].contains(reason.name))
    }

    @Test func whatTheClientHasNotReadWaitsForTheStanding() {
        var scene = unread()
        (scene.isRead, scene.standing, scene.now) = (true, nil, 5_000)
        scene.read()
        #expect(scene.client.isEmpty && scene.unread.count == 5)
        scene.stand(.none)
        #expect(scene.client.count == 5 && scene.unread.isEmpty)
    }

    @Test func halfALineIsGivenUpOnlyWhenTheGrantIsOver() {
        var scene = unread(1)
        let delivery = scene.unread[0].delivery!
        scene.now = 5_000
        scene.standing = .staleView
        for _ in 0..<4 {
            guard case .wait(let actions) = scene.session.willDeliver(delivery, .middle, at: scene.now) else {
                Issue.record("given up")
                return
            }
            scene.take(actions)
        }
        scene.standing = .expired
        if case .wait(let actions) = scene.session.willDeliver(delivery, .middle, at: scene.now) { scene.take(actions) }
        guard case .drop = scene.session.willDeliver(delivery, .last, at: scene.now) else {
            Issue.record("not given up")
            return
        }
    }

    private func filtering() -> Scene {
        var scene = Scene()
        scene.client(Era.handshake.request(1, "tools/list"))
        scene.write()
        scene.server(#"{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"a"},{"name":"b"}]}}"#)
        return scene
    }

    @Test(arguments: [Reason.revoked, .suspended, .expired]) func listIsNotShownPastTheGrant(reason: Reason) {
        for isPulse in [false, true] {
            var scene = filtering()
            scene.standing = reason
            if isPulse { scene.take(scene.session.pulse()) } else { scene.cancel("") }
            #expect(scene.client.count == 1 && scene.lastReason == reason.name && scene.session.outstanding == 0)
            scene.preview { _ in .none }
            #expect(scene.client.count == 1)
        }
    }

    @Test func listIsAskedAboutAnewOnceSomebodyWasRestricted() {
        var scene = filtering()
        scene.cancel("")
        scene.preview { _ in .none }
        #expect(scene.client.isEmpty && scene.previews.count == 1)
        scene.preview { $0.resourceID == "a" ? .none : .resourceOutOfBounds }
        #expect(scene.client.first?["result"]?["tools"]?.elements?.count == 1)
        scene = filtering()
        var rounds = 0
        while !scene.previews.isEmpty, rounds < 1_000 {
            scene.cancel("")
            scene.preview { _ in .none }
            rounds += 1
        }
        #expect(scene.lastReason == "stale_view" && scene.session.outstanding == 0 && rounds < 100)
    }

    static let sayNothing: [Reason] = [
        .noView, .staleView, .malformed, .unknownCredential, .credentialMismatch, .wrongAudience, .wrongWorkload,
        .revoked, .suspended, .expired,
        .notYetValid, .unrecordable, .busy,
    ]

    @Test(arguments: sayNothing) func listIsNotCutByWhatSaysNothingOfItsEntries(reason: Reason) {
        var scene = filtering()
        scene.preview { $0.resourceID == "a" ? .none : reason }
        #expect(
            scene.client.count == 1 && scene.client[0]["id"] == .number("1") && scene.client[0]["result"] == nil
                && scene.lastReason == reason.name)
        #expect(scene.session.outstanding == 0)
    }

    /// A page that is asked about is kept, and counts.
    @Test func listsThatAreLookedAtCount() {
        var scene = Scene()
        let filler = String(repeating: "x", count: 9 << 20)
        for id in 1...2 {
            scene.client(Era.handshake.request(id, "tools/list"))
            scene.write()
            #expect(scene.session.hasRoomForServer)
            scene.server(#"{"jsonrpc":"2.0","id":\#(id),"result":{"tools":[{"name":"a","x":"\#(filler)"}]}}"#)
        }
        #expect(!scene.session.hasRoomForServer)
        scene.preview { _ in .none }
        #expect(scene.session.hasRoomForServer)
    }

    @Test(arguments: LiveChannelTests.ends) func questionOfTheServerIsAnsweredWhateverHappens(reason: Reason) {
        var scene = Scene()
        scene.server(#"{"jsonrpc":"2.0","id":"q1","method":"elicitation/create","params":{}}"#)
        scene.standing = reason
        scene.client(#"{"jsonrpc":"2.0","id":"q1","result":{"content":{"x":"leak"}}}"#)
        scene.write()
        #expect(
            scene.server.count == 1 && scene.server[0].contains(#""id":"q1""#) && scene.server[0].contains(reason.name))
        #expect(!scene.server[0].contains("leak") && scene.client.count == 1)
    }

    @Test func questionsOfTheServerAreForgottenOnceAnswered() {
        var scene = Scene()
        for round in 0..<(2 * GatewayLimits.serverOutstanding) {
            scene.standing = Reason.none
            scene.server(#"{"jsonrpc":"2.0","id":\#(round),"method":"roots/list"}"#)
            scene.standing = .staleView
            scene.client(#"{"jsonrpc":"2.0","id":\#(round),"result":{}}"#)
            scene.now += 2_000
        }
        scene.write()
        #expect(
            scene.server.count == 2 * GatewayLimits.serverOutstanding
                && scene.server.allSatisfy { $0.contains("stale_view") })
    }

    @Test func answerThatCannotBePassedIsTold() {
        var scene = Scene()
        for id in ["q1", "q2", "q3"] {
            scene.server(#"{"jsonrpc":"2.0","id":"\#(id)","method":"elicitation/create","params":{}}"#)
        }
        scene.client = []
        scene.client(#"{"jsonrpc":"2.0","id":"q1","result":\#(AnswerTests.deep)}"#)
        scene.client(#"{"jsonrpc":"2.0","id":"q2","result":{},"error":{"code":1,"message":"leak"}}"#)
        var outline = Outline()
        for part in [#"{"jsonrpc":"2.0","id":"q3","result":{"x":""#, String(repeating: "x", count: 100_000), #""}}"#] {
            outline.read(part.utf8)
        }
        scene.take(scene.session.fromClientTooLong(outline))
        scene.write()
        #expect(scene.server.count == 3 && scene.client.isEmpty && !scene.server.contains { $0.contains("leak") })
        #expect(
            ["q1", "q2", "q3"].allSatisfy { id in
                scene.server.contains { $0.contains(#""id":"\#(id)""#) && $0.contains("error") }
            })
    }

    @Test func answerThatWasQueuedIsToldToo() {
        var scene = Scene()
        scene.server(#"{"jsonrpc":"2.0","id":"q1","method":"roots/list"}"#)
        scene.client(#"{"jsonrpc":"2.0","id":"q1","result":{"x":"leak"}}"#)
        (scene.now, scene.standing) = (5_000, .staleView)
        scene.write()
        #expect(
            scene.server.count == 1 && scene.server[0].contains("stale_view") && !scene.server[0].contains("leak")
                && scene.session.outstanding == 0)
    }

    /// A gateway that was stopped, or is slow, has answers that are good for a second still, of a grant that has ended.
    @Test(arguments: [Reason.revoked, .suspended, .expired]) func answerOfAWhileAgoIsNotUsed(reason: Reason) {
        var scene = Scene()
        scene.client(Era.handshake.call(1, "t"))
        scene.client(Era.handshake.request(2, "ping"))
        scene.allow("d1")
        (scene.now, scene.standing) = (GatewayLimits.answerMS + 1, reason)
        scene.write()
        #expect(
            scene.server.isEmpty && scene.client.count == 2 && scene.lastReason == reason.name
                && scene.released == ["d1"])
        // A grant that is live still has lost nothing.
        scene = Scene()
        scene.client(Era.handshake.call(1, "t"))
        scene.allow("d1")
        scene.now = GatewayLimits.answerMS + 1
        scene.write()
        #expect(scene.server.count == 1 && scene.released.isEmpty && scene.asked.isEmpty && scene.standingsAsked == 1)
        // Nor, for as long as its permit is good, one of which that is not known.
        scene = Scene()
        scene.client(Era.handshake.call(1, "t"))
        scene.allow("d1")
        (scene.now, scene.standing) = (GatewayLimits.answerMS + 1, .staleView)
        scene.write()
        #expect(scene.server.isEmpty && scene.client.isEmpty)
        scene.standing = Reason.none
        scene.write()
        #expect(scene.server.count == 1)
    }
}
