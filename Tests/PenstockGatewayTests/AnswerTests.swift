import PenstockCore
import PenstockGatekeeper
import PenstockGateway
import PenstockJSON
import Testing

/// Every request gets an answer under its own id: what it asked for, or an error that says why not.
@Suite struct AnswerTests {
    private func running(_ id: String = "1", prices: PriceTable? = nil) -> Scene {
        var scene = Scene()
        scene.client(#"{"jsonrpc":"2.0","id":\#(id),"method":"tools/call","params":{"name":"t"}}"#)
        scene.allow("d1")
        scene.write()
        return scene
    }

    static let deep = String(repeating: #"{"k":"#, count: 70) + "1" + String(repeating: "}", count: 70)

    @Test(arguments: [
        #"{"jsonrpc":"2.0","id":1,"result":{"content":[],"x":\#(deep)}}"#,
        #"{"jsonrpc":"2.0","result":\#(deep),"id":1}"#,
        #"{"jsonrpc":"2.0","id":1,"result":{},"error":{"code":1,"message":"x"}}"#, #"{"jsonrpc":"2.0","id":1}"#,
        #"{"jsonrpc":"2.0","id":1,"result":"#,
        #"{"jsonrpc":"2.0","id":1,"result":{},"result":{}}"#, #"{"jsonrpc":"2.0","id":1,"error":null}"#,
        #"{"jsonrpc":"2.0","id":1,"result":NaN}"#,
        #"{"jsonrpc":"2.0","\u0069d":1,"result":{"x":01}}"#, #"{"jsonrpc":"2.0","id":1,"id":1,"result":{}}"#,
        #"{"jsonrpc":"2.0","id":1,"id":777,"result":{}}"#,
        #"[{"jsonrpc":"2.0","id":1,"result":\#(deep)}]"#,
        #"[{"jsonrpc":"2.0","method":"notifications/x"},{"jsonrpc":"2.0","id":1,"result":01}]"#,
        #"[[{"jsonrpc":"2.0","id":1,"result":{}}]]"#, #"{"jsonrpc":"2.0","ID":1,"result":{}}"#,
        #"{"jsonrpc":"2.0","method":"x","id":1,"result":{}}"#,
        #"{"jsonrpc":"2.0","method":null,"id":1,"id":1,"result":{}}"#, #"{"jsonrpc":"2.0","id":1,"result":{}},"#,
    ])
    func answerThatCannotBePassedBecomesAnError(line: String) {
        var scene = running()
        scene.server(line)
        #expect(scene.client.count == 1 && scene.client[0]["id"] == .number("1") && scene.lastCode == -32603)
        #expect(scene.settled["d1"] == [Amount("calls", 1)] && scene.session.outstanding == 0 && scene.notes.count <= 1)
    }

    @Test(arguments: [
        #"{"jsonrpc":"2.0","id":1,"result":{"content":[{"text":""#,
        #"{"result":{"id":7,"a":["id",{"id":8}],"x":"\",\"id\":9,"},"id":1,"x":""#,
    ])
    func answerThatIsTooLongBecomesAnError(head: String) {
        var scene = running()
        var outline = Outline()
        for part in [head, String(repeating: "x", count: 100_000), #""}]}}"#] { outline.read(part.utf8) }
        scene.take(scene.session.fromServerTooLong(outline))
        #expect(
            scene.client.first?["id"] == .number("1")
                && scene.client.first?["error"]?["message"]?.text?.contains("16777216 bytes") == true)
        #expect(scene.settled["d1"] != nil)
    }

    @Test func batchOfTheServerIsItsMessages() {
        var scene = running()
        scene.server(
            #"""
            [{"jsonrpc":"2.0","method":"notifications/message","params":{}},{"jsonrpc":"2.0","id":1,\#
            "result":{"content":[]}}]
            """#
        )
        #expect(scene.client.count == 2 && scene.session.outstanding == 0)
    }

    @Test func refusedRequestIsAnsweredUnderItsId() {
        let refused: [(String, String)] = [
            (#"{"jsonrpc":"2.0","id":5,"method":"tools/call","params":{"name":"t","arguments":\#(Self.deep)}}"#, "5"),
            (#"{"jsonrpc":"2.0","id":5,"method":"ping","x":01}"#, "5"),
            (#"{"jsonrpc":"2.0","id":5.0,"method":"ping"}"#, "5.0"),
            (#"{"jsonrpc":"2.0","id":"a","method":"tools/call","params":{"name":"t","name":"u"}}"#, #""a""#),
            (#"{"jsonrpc":"2.0","id":1e3,"method":"ping"}"#, "1e3"),
            (
                #"{"jsonrpc":"2.0","id":"\#(String(repeating: "i", count: 300))","method":"ping"}"#,
                #""\#(String(repeating: "i", count: 300))""#
            ),
        ]
        for (line, id) in refused {
            var scene = Scene()
            scene.client(line)
            #expect(
                scene.client.count == 1
                    && (scene.client[0]["id"]?.bytes).map { String(decoding: $0, as: UTF8.self) } == id)
            #expect(scene.client[0]["error"] != nil && scene.asked.isEmpty)
        }
        var scene = Scene()
        scene.client(
            #"""
            [{"jsonrpc":"2.0","id":1,"method":"ping"},{"jsonrpc":"2.0","method":"notifications/x"},\#
            {"jsonrpc":"2.0","id":"2","method":"ping"}]
            """#
        )
        #expect(scene.client.map { $0["id"] } == [.number("1"), .string("2")])
        for second in [#""params":{"a":1,"a":2}"#, #""params":\#(Self.deep)"#, #""params":{},"#, #""id":02"#] {
            scene = Scene()
            scene.client(
                #"[{"jsonrpc":"2.0","id":1,"method":"ping"},{"jsonrpc":"2.0","id":"b","method":"ping",\#(second)}]"#)
            #expect(
                scene.client.first?["id"] == .number("1")
                    && (scene.client.last?["id"] == .string("b") || second.contains("02")))
            #expect(scene.client.allSatisfy { $0["error"] != nil })
        }
        let long = String(repeating: "i", count: 5_000)
        scene.client(#"{"jsonrpc":"2.0","id":"\#(long)","method":"ping"}"#)
        #expect(scene.client.last?["id"] == .string(long))
        var outline = Outline()
        for part in [
            #"{"jsonrpc":"2.0","method":"tools/call","params":{"name":"t","arguments":{"id":3,"x":""#,
            String(repeating: "x", count: 100_000), #""}},"id":4}"#,
        ] { outline.read(part.utf8) }
        scene.take(scene.session.fromClientTooLong(outline))
        #expect(
            scene.client.last?["id"] == .number("4")
                && scene.client.last?["error"]?["message"]?.text?.contains("4194304 bytes") == true)
    }

    @Test(arguments: [
        #"{"jsonrpc":"2.0","method":"notifications/initialized","params":[]}"#,
        #"{"jsonrpc":"2.0","method":"notifications/x","method":"y"}"#,
        #"{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":{}}}"#,
        #"{"jsonrpc":"2.0","id":null,"method":"tools/call"}"#,
    ])
    func notificationIsNeverAnswered(line: String) {
        var scene = Scene()
        scene.client(line)
        scene.write()
        #expect(scene.client.isEmpty && scene.server.isEmpty && scene.notes.count == 1)
    }

    @Test func nullIsAbsent() {
        var scene = Scene()
        for line in [
            #"{"jsonrpc":"2.0","id":null,"method":"notifications/initialized","params":null}"#,
            #"{"jsonrpc":"2.0","id":1,"method":"tools/list","params":null}"#,
            #"{"jsonrpc":"2.0","id":2,"method":"initialize","params":{"capabilities":null,"_meta":null}}"#,
        ] { scene.client(line) }
        scene.write()
        #expect(scene.server.count == 3 && scene.client.isEmpty)
        scene.client(
            #"{"jsonrpc":"2.0","id":3,"method":"tools/call","params":{"name":"t","arguments":null,"_meta":null}}"#)
        scene.allow("d1")
        scene.write()
        #expect(scene.server.count == 4)
        scene.server(#"{"jsonrpc":"2.0","id":3,"result":{"content":[]},"error":null}"#)
        #expect(scene.client.count == 1 && scene.client[0]["result"] != nil)
        scene.client(Era.handshake.request(4, "ping"))
        scene.write()
        scene.server(#"{"jsonrpc":"2.0","method":null,"id":4,"result":{}}"#)
        #expect(scene.client.last == (try? JSONParser.parse(Array(#"{"jsonrpc":"2.0","id":4,"result":{}}"#.utf8))))
        scene.server(#"{"jsonrpc":"2.0","id":"q","method":"roots/list","params":null}"#)
        scene.client(#"{"jsonrpc":"2.0","id":"q","result":{},"error":null}"#)
        scene.write()
        #expect(scene.server.count == 6)
    }

    static let pairs = [
        ("4", #""4""#), (#""\u00e9""#, #""e\u0301""#), (#""K""#, #""\u212a""#),
        ("12345678901234567890", "12345678901234567891"), ("-1", #""-1""#),
    ]

    @Test(arguments: pairs) func idsCompareByTypeAndBytes(first: String, second: String) {
        var scene = Scene()
        for id in [first, second] {
            scene.client(#"{"jsonrpc":"2.0","id":\#(id),"method":"tools/call","params":{"name":"t"}}"#)
        }
        scene.allow("d1")
        scene.allow("d2")
        scene.write()
        #expect(scene.server.count == 2)
        scene.client(#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":\#(second)}}"#)
        scene.write()
        #expect(scene.settled.keys.sorted() == ["d2"])
        scene.server(#"{"jsonrpc":"2.0","id":\#(second),"result":{"late":1}}"#)
        scene.server(#"{"jsonrpc":"2.0","id":\#(first),"result":{"content":[]}}"#)
        let expected = try? JSONParser.parse(Array(first.utf8))
        #expect(scene.client.count == 1 && scene.client[0]["id"]?.bytes == expected?.bytes)
    }

    @Test(arguments: [
        ("4", #""4""#), (#""4""#, "4"), ("9007199254740993", "9007199254740992"), ("4", "4.0"), ("4", "4e0"),
    ])
    func idThatTheServerWritesInItsOwnWayIsPutRight(asked: String, answered: String) {
        var scene = running(asked)
        scene.server(#"{"jsonrpc":"2.0","id":\#(answered),"result":{"content":[]}}"#)
        #expect(
            scene.client.count == 1
                && (scene.client[0]["id"]?.bytes).map { String(decoding: $0, as: UTF8.self) } == asked)
    }

    @Test func sessionIsNotBusyForGood() {
        var scene = Scene()
        for id in 1...300 {
            scene.client(Era.handshake.call(id, "t"))
            if scene.asked.isEmpty { continue }
            scene.allow("d\(id)")
            scene.write()
            scene.server(#"{"jsonrpc":"2.0","id":\#(id),"result":\#(Self.deep)}"#)
        }
        #expect(scene.session.outstanding == 0 && scene.client.count == 300 && scene.lastReason == nil)
    }

    @Test func requestOfTheServerThatCannotBePassedIsAnswered() {
        var scene = Scene()
        scene.server(#"{"jsonrpc":"2.0","id":"q","method":"elicitation/create","params":\#(Self.deep)}"#)
        scene.server(#"{"jsonrpc":"2.0","id":1.5,"method":"ping"}"#)
        scene.server(#"{"jsonrpc":"2.0","id":3,"method":["ping"]}"#)
        scene.write()
        #expect(scene.client.isEmpty && scene.server.count == 3 && scene.server.allSatisfy { $0.contains(#""error""#) })
    }

    /// A line of ids is kept as a few of them.
    @Test func idsOfALineAreBounded() {
        var outline = Outline()
        outline.read(#"{"jsonrpc":"2.0","method":"ping""#.utf8)
        for number in 0..<100_000 { outline.read(#","id":\#(number % 1_000)"#.utf8) }
        var scene = Scene()
        scene.take(scene.session.fromClientTooLong(outline))
        #expect((1...GatewayLimits.outlineIDs).contains(scene.client.count))
        outline = Outline()
        for number in 0..<10_000 { outline.read(#"\#(number == 0 ? "[" : ","){"id":\#(number),"method":"ping"}"#.utf8) }
        scene = Scene()
        scene.take(scene.session.fromClientTooLong(outline))
        #expect(scene.client.count == GatewayLimits.outstanding)
    }

    /// Each message of a batch is somebody's: who asked is told, on either side.
    @Test func answerInABatchThatIsRefusedIsTold() {
        var scene = Scene()
        scene.server(#"{"jsonrpc":"2.0","id":"q1","method":"roots/list"}"#)
        scene.client = []
        scene.client(#"[{"jsonrpc":"2.0","id":1,"method":"ping"},{"jsonrpc":"2.0","id":"q1","result":{"x":"leak"}}]"#)
        scene.write()
        #expect(scene.client.map { $0["id"] } == [.number("1")])
        #expect(
            scene.server.count == 1 && scene.server[0].contains(#""id":"q1""#) && scene.server[0].contains("error")
                && !scene.server[0].contains("leak"))
    }
}
