import PenstockCore
import PenstockGatekeeper
import PenstockGateway
import PenstockJSON
import PenstockTestSupport
import Testing

@Suite struct GatewaySessionTests {
    @Test(arguments: Era.allCases) func allowedCallPassesUnchangedAndIsSettled(era: Era) throws {
        var scene = Scene()
        let line = era.call(1, "read", #"{"path":"/a","n":9007199254740993,"deep":{"list":[1,true]}}"#)
        scene.client(line)
        scene.write()
        #expect(scene.server.isEmpty)
        let call = try #require(scene.asked.first?.call)
        #expect(call.credential == testDigest)
        #expect((call.action, call.resourceType, call.resourceID) == ("tools/call", "tool", "read"))
        #expect(call.amounts.list == [Amount("calls", 1)] && call.holds && call.callID.isEmpty)
        #expect(
            call.attributes == [
                "arguments.path": "/a", "arguments.n": "9007199254740993", "arguments.deep.list.0": "1",
                "arguments.deep.list.1": "true",
            ])
        #expect(
            call.argumentsDigest
                == fakeHash(Array(#"{"deep":{"list":[1,true]},"n":9007199254740993,"path":"/a"}"#.utf8)))
        scene.allow("d1")
        scene.write()
        #expect(scene.server == [line])
        scene.server(#"{"jsonrpc":"2.0","id":1,"result":{"content":[]}}"#)
        #expect(scene.settled == ["d1": [Amount("calls", 1)]])
        #expect(scene.client.count == 1 && scene.session.outstanding == 0)
    }

    @Test(arguments: Era.allCases) func deniedCallNeverReachesTheServer(era: Era) {
        for reason in Reason.allCases where reason != .none {
            var scene = Scene()
            scene.client(era.call(7, "delete"))
            scene.decide(Decision(reason: reason, decisionID: "d9", retryAfterMS: 250))
            scene.write()
            #expect(scene.server.isEmpty)
            let error = scene.client.first?["error"]
            #expect(scene.client.first?["id"] == .number("7") && error?["code"]?.int64 == -32001)
            #expect(error?["message"]?.text == "denied: \(reason.name)")
            #expect(error?["data"]?["reason_code"]?.int64 == Int64(reason.rawValue))
            #expect(
                error?["data"]?["transient"]?.flag == (reason.isTransient || reason == .budgetExhausted),
                "a window that comes makes it pass")
            #expect(error?["data"]?["decision_id"]?.text == "d9" && error?["data"]?["retry_after_ms"]?.int64 == 250)
            #expect(scene.settled.isEmpty && scene.released.isEmpty && scene.session.counters.denied == 1)
        }
    }

    @Test(arguments: [
        ("prompts/list", "", "mcp_server", "mcp"), ("resources/list", "", "mcp_server", "mcp"),
        ("resources/templates/list", "", "mcp_server", "mcp"),
        ("logging/setLevel", #""level":"debug""#, "mcp_server", "mcp"),
        ("subscriptions/listen", "", "mcp_server", "mcp"),
        ("resources/read", #""uri":"file:///x""#, "resource", "file:///x"),
        ("resources/subscribe", #""uri":"u:1""#, "resource", "u:1"),
        ("resources/unsubscribe", #""uri":"u:1""#, "resource", "u:1"), ("prompts/get", #""name":"p""#, "prompt", "p"),
        ("tasks/result", #""taskId":"t""#, "task", "t"), ("tasks/list", "", "mcp_server", "mcp"),
    ])
    func methodIsCheckedAsItsAction(method: String, params: String, type: String, id: String) {
        for era in Era.allCases {
            var scene = Scene()
            scene.client(era.request(1, method, params))
            #expect(scene.asked.first?.call.action == method)
            #expect(scene.asked.first?.call.resourceType == type && scene.asked.first?.call.resourceID == id)
            #expect(scene.asked.first?.call.amounts.count == 0)
            scene.decide(Decision(reason: .actionNotAllowed))
            scene.write()
            #expect(scene.server.isEmpty && scene.lastReason == "action_not_allowed")
        }
    }

    @Test(arguments: ["initialize", "server/discover", "ping"]) func handshakePassesForALiveGrant(method: String) {
        var scene = Scene()
        scene.client(Era.handshake.request(1, method, #""data":"1","protocolVersion":"2025-11-25""#))
        scene.client(#"{"jsonrpc":"2.0","method":"notifications/initialized","params":{"data":"2"}}"#)
        scene.write()
        let params = method == "initialize" ? #","params":{"protocolVersion":"2025-11-25","capabilities":{}}"# : ""
        #expect(
            scene.server == [
                #"{"jsonrpc":"2.0","id":1,"method":"\#(method)"\#(params)}"#,
                #"{"jsonrpc":"2.0","method":"notifications/initialized"}"#,
            ])
        scene.server(#"{"jsonrpc":"2.0","id":1,"result":{}}"#)
        #expect(scene.client.count == 1 && scene.settled.isEmpty && scene.asked.isEmpty)
    }

    @Test(arguments: ["tools/Call", "tool/call", "sampling/createMessage", "x", "server/shutdown"])
    func unknownMethodIsDenied(method: String) {
        var scene = Scene()
        scene.client(Era.handshake.request(1, method, #""name":"a""#))
        scene.write()
        #expect(scene.server.isEmpty && scene.asked.isEmpty && scene.lastReason == "action_not_allowed")
    }

    @Test(arguments: Era.allCases) func toolsListShowsWhatMayBeCalled(era: Era) throws {
        var scene = Scene()
        scene.client(era.request(1, "tools/list"))
        scene.write()
        #expect(scene.server.count == 1)
        let tail = era == .handshake ? "" : #","resultType":"complete","ttlMs":60000,"cacheScope":"public""#
        scene.server(
            #"""
            {"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"a","big":12345678901234567890},{"name":"b"},\#
            {"name":"c"},{"x":1}],"nextCursor":"k"\#(tail)}}
            """#
        )
        scene.preview { ["a": Reason.none, "b": .resourceOutOfBounds, "c": .budgetExhausted][$0.resourceID]! }
        let result = try #require(scene.client.first?["result"])
        #expect(result["tools"]?.elements?.compactMap { $0["name"]?.text } == ["a", "c"])
        #expect(result["tools"]?.elements?.first?["big"] == .number("12345678901234567890"))
        #expect(result["nextCursor"]?.text == "k")
        #expect(result["ttlMs"] == (era == .handshake ? nil : .number("0")))
        #expect(result["cacheScope"] == (era == .handshake ? nil : .string("private")))
    }

    @Test(arguments: [
        Reason.noView, .staleView, .unknownCredential, .revoked, .suspended, .expired, .malformed, .wrongAudience,
    ])
    func toolsListNeedsALiveGrant(reason: Reason) {
        var scene = Scene()
        scene.standing = reason
        scene.client(Era.handshake.request(1, "tools/list"))
        scene.write()
        #expect(scene.server.isEmpty && scene.lastReason == reason.name)
    }

    @Test func serverRequestsPassOnlyKnown() {
        var scene = Scene()
        scene.server(#"{"jsonrpc":"2.0","id":"s1","method":"sampling/createMessage","params":{}}"#)
        scene.server(#"{"jsonrpc":"2.0","id":"s2","method":"shell/run","params":{}}"#)
        scene.server(#"{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}"#)
        scene.server("log line, not JSON")
        scene.write()
        #expect(scene.client.count == 2 && scene.session.counters.dropped == 2 && scene.notes.count == 1)
        #expect(scene.server.count == 1 && scene.server[0].contains("-32601"))
        scene.client(#"{"jsonrpc":"2.0","id":"s2","result":{}}"#)
        scene.client(#"{"jsonrpc":"2.0","id":"s1","result":{}}"#)
        scene.client(#"{"jsonrpc":"2.0","id":"s1","result":{}}"#)
        scene.write()
        #expect(scene.server.count == 2 && scene.session.counters.refused == 2)
    }

    @Test func busyPastTheBound() {
        var scene = Scene()
        for id in 1...GatewayLimits.outstanding { scene.client(Era.handshake.call(id, "t")) }
        scene.client(Era.handshake.call(999, "t"))
        #expect(scene.asked.count == GatewayLimits.outstanding && scene.lastReason == "busy")
    }

    @Test func serverExitAnswersEverything() {
        var scene = Scene()
        for id in 1...3 { scene.client(Era.handshake.call(id, "t")) }
        scene.allow("d1")
        scene.write()
        scene.allow("d2")
        scene.take(scene.session.serverEnded())
        #expect(scene.client.count == 3 && scene.lastCode == -32603)
        #expect(scene.settled.keys.sorted() == ["d1"] && scene.released == ["d2"])
        scene.allow("d3")
        #expect(scene.released == ["d2", "d3"])
    }

    @Test func traceOfTheClientIsRecorded() {
        var scene = Scene()
        let meta = #""name":"t","_meta":{"traceparent":"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"}"#
        scene.client(Era.handshake.request(1, "tools/call", meta))
        #expect(scene.asked.first?.call.traceID.description == "4bf92f3577b34da6a3ce929d0e0e4736")
    }
}
