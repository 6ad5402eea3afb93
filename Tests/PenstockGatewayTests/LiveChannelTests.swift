import PenstockCore
import PenstockGatekeeper
import PenstockGateway
import PenstockJSON
import Testing

/// A channel that is open says nothing for an agent whose grant is not live, in either direction.
@Suite struct LiveChannelTests {
    static let ends: [Reason] = [
        .revoked, .suspended, .expired, .notYetValid, .unknownCredential, .staleView, .noView, .wrongAudience,
    ]

    /// Whatever the protocol knows, and whatever it does not, with something of the agent's in it.
    static let lines = [
        #"{"jsonrpc":"2.0","id":9,"method":"initialize","params":{"clientInfo":{"name":"leak","version":"1"}}}"#,
        #"{"jsonrpc":"2.0","id":9,"method":"ping","params":{"x":"leak"}}"#,
        #"{"jsonrpc":"2.0","id":"leak","method":"ping"}"#,
        #"{"jsonrpc":"2.0","id":9,"method":"server/discover","params":{"x":"leak"}}"#,
        #"{"jsonrpc":"2.0","id":9,"method":"tools/list","params":{"cursor":"leak"}}"#,
        #"{"jsonrpc":"2.0","method":"notifications/initialized","params":{"x":"leak"}}"#,
        #"""
        {"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":"leak","progress":1,\#
        "message":"leak"}}
        """#,
        #"{"jsonrpc":"2.0","method":"notifications/roots/list_changed","params":{"x":"leak"}}"#,
        #"{"jsonrpc":"2.0","id":"q1","result":{"action":"accept","content":{"x":"leak"}}}"#,
        #"{"jsonrpc":"2.0","id":"q1","error":{"code":-1,"message":"leak"}}"#,
    ]

    /// A session in which the server has asked something, under a grant that has ended since.
    private func ended(_ reason: Reason) -> Scene {
        var scene = Scene()
        scene.server(#"{"jsonrpc":"2.0","id":"q1","method":"elicitation/create","params":{}}"#)
        scene.client = []
        scene.standing = reason
        return scene
    }

    @Test(arguments: lines, ends) func nothingOfTheClientPasses(line: String, reason: Reason) {
        var scene = ended(reason)
        scene.client(line)
        scene.write()
        #expect(
            !scene.server.contains { $0.contains("leak") } && scene.session.counters.forwarded == 0
                && scene.session.outstanding == 0)
        // What the server asked is answered by the gateway itself.
        let answers = line.contains(#""id":"q1""#) ? [reason.name] : []
        #expect(
            scene.server.count == answers.count
                && answers.allSatisfy { scene.server[0].contains($0) && scene.server[0].contains(#""id":"q1""#) })
        let isAnswered = line.contains("method") && !line.contains("notifications/")
        #expect(scene.client.count == (isAnswered ? 1 : 0) && (!isAnswered || scene.lastReason == reason.name))
    }

    @Test(arguments: ["notifications/anything", "notifications/tasks/status", "notifications/x/y"])
    func unknownNotificationIsDecidedAsAnAction(method: String) {
        let line = #"{"jsonrpc":"2.0","method":"\#(method)","params":{"x":1}}"#
        var scene = Scene()
        scene.client(line)
        #expect(scene.asked.first?.call.action == method && scene.asked.first?.call.resourceType == "mcp_server")
        scene.decide(Decision(reason: .actionNotAllowed))
        scene.write()
        #expect(scene.server.isEmpty && scene.client.isEmpty && scene.session.outstanding == 0)
        scene.client(line)
        scene.allow("d1")
        scene.write()
        #expect(scene.server == [line] && scene.settled["d1"] != nil && scene.session.outstanding == 0)
    }

    @Test(arguments: ends) func nothingOfTheServerPasses(reason: Reason) {
        var scene = Scene()
        scene.client(Era.handshake.request(1, "ping"))
        scene.client(Era.handshake.call(2, "t"))
        scene.allow("d2")
        scene.write()
        scene.standing = reason
        scene.server(
            #"{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":1,"message":"secret"}}"#)
        scene.server(#"{"jsonrpc":"2.0","method":"notifications/message","params":{"data":"secret"}}"#)
        scene.server(#"{"jsonrpc":"2.0","id":"q2","method":"sampling/createMessage","params":{"x":"secret"}}"#)
        scene.server(#"{"jsonrpc":"2.0","id":1,"result":{"x":"secret"}}"#)
        scene.server(#"{"jsonrpc":"2.0","id":2,"result":{"content":[],"x":"secret"}}"#)
        scene.write()
        #expect(
            scene.client.count == 2 && scene.client.allSatisfy { $0["error"]?["data"]?["reason"]?.text == reason.name })
        #expect(Set(scene.client.compactMap { $0["id"]?.int64 }) == [1, 2] && scene.settled.keys.contains("d2"))
        // What it asked gets an answer, of the gateway's own.
        #expect(scene.server.contains { $0.contains(#""id":"q2""#) && $0.contains(reason.name) })
    }

    @Test func grantThatExpiresStopsWhatRuns() {
        var scene = Scene()
        scene.client(Era.handshake.request(1, "ping"))
        scene.client(Era.handshake.call(2, "slow"))
        scene.allow("d2")
        scene.write()
        scene.take(scene.session.pulse())
        #expect(scene.client.isEmpty && scene.session.outstanding == 2)
        scene.standing = .staleView
        scene.take(scene.session.pulse())
        #expect(scene.session.outstanding == 2, "a view that is late says nothing of the grant")
        scene.standing = .expired
        scene.take(scene.session.pulse())
        scene.write()
        #expect(scene.client.count == 2 && scene.lastReason == "expired" && scene.settled.keys.contains("d2"))
        let cancelled = scene.server.filter { $0.contains("notifications/cancelled") }
        #expect(cancelled.count == 2 && scene.session.outstanding == 0)
    }

    @Test func reinstatedGrantIsLiveAgain() {
        var scene = ended(.suspended)
        scene.client(Era.handshake.request(1, "ping"))
        scene.standing = Reason.none
        scene.client(Era.handshake.request(2, "ping"))
        scene.client(#"{"jsonrpc":"2.0","id":"q1","result":{}}"#)
        scene.write()
        #expect(scene.server.count == 2 && scene.client.count == 1)
    }

    /// A question that was asked before a restriction says nothing after it.
    @Test func restrictionMakesWhatIsKnownOld() {
        var scene = Scene()
        scene.standing = nil
        scene.client(Era.handshake.request(1, "ping"))
        scene.cancel("")
        scene.stand(.none)
        #expect(scene.standingsAsked == 2 && scene.queue.isEmpty)
        scene.stand(.revoked)
        scene.write()
        #expect(scene.server.isEmpty && scene.lastReason == "revoked")
        // The same for what waits at the server's end of the queue.
        scene.client(Era.handshake.request(2, "ping"))
        scene.stand(.none)
        scene.cancel("")
        scene.write()
        #expect(scene.server.isEmpty && scene.standingsAsked == 4)
        scene.stand(.revoked)
        scene.write()
        #expect(scene.server.isEmpty && scene.client.count == 2)
    }

    @Test func standingEndsWithTheLease() {
        var scene = Scene()
        scene.standing = nil
        scene.client(Era.handshake.request(1, "ping"))
        scene.stand(.none, validForMS: 100)
        scene.now = 100
        scene.write()
        #expect(scene.server.isEmpty && scene.standingsAsked == 2)
        scene.stand(.none, validForMS: 100)
        scene.write()
        #expect(scene.server.count == 1)
    }

    @Test func oneQuestionSpeaksForAllThatCameBeforeIt() {
        var scene = Scene()
        scene.standing = nil
        for id in 1...3 { scene.client(Era.handshake.request(id, "ping")) }
        scene.server(#"{"jsonrpc":"2.0","method":"notifications/message","params":{}}"#)
        #expect(scene.standingsAsked == 1)
        scene.stand(.none)
        scene.write()
        #expect(scene.server.count == 1 && scene.client.isEmpty && scene.standingsAsked == 2)
        scene.stand(.none)
        scene.write()
        #expect(scene.server.count == 3 && scene.client.count == 1 && scene.standingsAsked == 2)
    }

    @Test func callDoesNotOvertakeTheHandshake() {
        var scene = Scene()
        scene.standing = nil
        scene.client(#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#)
        scene.client(Era.handshake.call(1, "t"))
        scene.allow("d1")
        scene.write()
        #expect(scene.server.isEmpty)
        scene.stand(.none)
        scene.write()
        #expect(scene.server.count == 2 && scene.server[0].contains("initialized"))
    }

    @Test func whatPassesWithoutADecisionIsMadeAnew() {
        var scene = Scene()
        scene.client(
            #"""
            {"jsonrpc":"2.0","x":"a","id":1,"method":"initialize","params":{"x":"b",\#
            "protocolVersion":"2025-11-25","capabilities":{"roots":{}},"clientInfo":{"name":"n","version":"1",\#
            "x":"c"},"_meta":{"x":"d","progressToken":7}}}
            """#
        )
        scene.client(
            #"""
            {"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":"p","progress":0.5,\#
            "x":"e"}}
            """#
        )
        scene.write()
        scene.client(
            #"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1,"reason":"f","x":"g"}}"#)
        scene.write()
        #expect(
            scene.server == [
                #"""
                {"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25",\#
                "capabilities":{"roots":{}},"clientInfo":{"name":"n","version":"1"},"_meta":{"progressToken":7}}}
                """#,
                #"{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":"p","progress":0.5}}"#,
                #"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}"#,
            ])
        for too in [
            #""clientInfo":{"name":"\#(String(repeating: "n", count: 300))"}"#,
            #""capabilities":{"x":"\#(String(repeating: "n", count: 5000))"}"#, #""clientInfo":[]"#,
        ] {
            scene.client(#"{"jsonrpc":"2.0","id":2,"method":"initialize","params":{\#(too)}}"#)
            #expect(scene.lastCode == -32602)
        }
    }
}
