import PenstockCore
import PenstockGatekeeper
import PenstockGateway
import PenstockJSON
import Testing

/// Lines that some reader might understand otherwise than policy did. None may reach the server, whatever is decided.
@Suite struct HostileLineTests {
    static let lines: [(line: String, code: Int64)] = [
        (#"{"jsonrpc":"2.0","id":1,"method":"ping","method":"tools/call"}"#, -32600),
        (#"{"jsonrpc":"2.0","id":1,"method":"ping","m\u0065thod":"tools/call"}"#, -32600),
        (#"{"jsonrpc":"2.0","id":1,"method":"ping","Method":"tools/call"}"#, -32600),
        (#"{"jsonrpc":"2.0","id":1,"method":"ping","paramſ":{"name":"x"}}"#, -32600),
        (#"{"jsonrpc":"2.0","id":1,"id":2,"method":"ping"}"#, -32600),
        (#"{"jsonrpc":"2.0","jsonrpc":"2.0","id":1,"method":"ping"}"#, -32600),
        (#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","name":"b"}}"#, -32600),
        (#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","NAME":"b"}}"#, -32600),
        (#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a"},"params":{"name":"b"}}"#, -32600),
        (
            #"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","arguments":{},"arguments":{"x":1}}}"#,
            -32600
        ),
        (#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","arguments":{"p":1,"p":2}}}"#, -32600),
        (#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","arguments":{"p":1,"P":2}}}"#, -32600),
        (
            #"""
            {"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","arguments":{"\u00b5":1,\#
            "\u03bc":2}}}
            """#,
            -32600
        ),
        (
            #"""
            {"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","arguments":{"\u03c3x":1,\#
            "\u03c2x":2}}}
            """#,
            -32600
        ),
        (
            #"""
            {"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","arguments":{"x":{"\u1e9e":1,\#
            "\u00df":2}}}}
            """#,
            -32600
        ),
        (
            #"""
            {"jsonrpc":"2.0","id":1,"method":"completion/complete","params":{"ref":{"type":"ref/prompt",\#
            "name":"a","Name":"b"}}}
            """#,
            -32600
        ),
        (
            #"""
            {"jsonrpc":"2.0","id":1,"method":"completion/complete","params":{"ref":{"type":"ref/resource",\#
            "uri":"a","UR\u0131":"b"}}}
            """#,
            -32600
        ),
        (
            #"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","arguments":{"a.b":1,"a":{"b":2}}}}"#,
            -32602
        ),
        (#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a\u0000b"}}"#, -32602),
        (#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":["a"]}}"#, -32602),
        (#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","arguments":"{}"}}"#, -32602),
        (#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":["a"]}"#, -32600),
        (#"{"jsonrpc":"2.0","id":1,"method":"tools/call"}"#, -32602),
        (#"{"jsonrpc":"2.0","id":1,"method":"resources/read","params":{"uri":1}}"#, -32602),
        (#"[{"jsonrpc":"2.0","id":1,"method":"ping"}]"#, -32600),
        (#"{"jsonrpc":"2.0","id":null,"method":"ping"}"#, -32600),
        (#"{"jsonrpc":"2.0","id":1.0,"method":"ping"}"#, -32600),
        (#"{"jsonrpc":"2.0","id":1e0,"method":"ping"}"#, -32600),
        (#"{"jsonrpc":"2.0","id":{},"method":"ping"}"#, -32600),
        (#"{"jsonrpc":"2.0","method":"tools/call","params":{"name":"a"}}"#, -32600),
        (#"{"jsonrpc":"2.0","id":1,"method":"notifications/cancelled"}"#, -32600),
        (#"{"id":1,"method":"ping"}"#, -32600),
        (#"{"jsonrpc":"1.0","id":1,"method":"ping"}"#, -32600),
        (#"{"jsonrpc":2.0,"id":1,"method":"ping"}"#, -32600),
        (#"{"jsonrpc":"2.0","id":1,"method":"ping","result":{}}"#, -32600),
        (#"{"jsonrpc":"2.0","id":1,"result":{},"error":{}}"#, -32600),
        (#"{"jsonrpc":"2.0","id":1}"#, -32600),
        (#"{"jsonrpc":"2.0","id":1,"method":7}"#, -32600),
        (#"{"jsonrpc":"2.0","id":1,"method":"ping"} {"jsonrpc":"2.0","id":2,"method":"ping"}"#, -32700),
        (#"{"jsonrpc":"2.0","id":1,"method":"ping",}"#, -32700),
        (#"{"jsonrpc":"2.0","id":01,"method":"ping"}"#, -32700),
        (#"{'jsonrpc':'2.0'}"#, -32700),
        (#"{"jsonrpc":"2.0","id":1,"method":"ping","x":NaN}"#, -32700),
        (#"{"jsonrpc":"2.0","id":1,"method":"ping"/**/}"#, -32700),
        (#"{"jsonrpc":"2.0","id":1,"method":"ping","x":"\ud800"}"#, -32600),
        (#"{"jsonrpc":"2.0","id":1,"method":"ping","\u0000":1}"#, -32600),
        ("\u{FEFF}" + #"{"jsonrpc":"2.0","id":1,"method":"ping"}"#, -32700),
        (
            """
            {\"jsonrpc\":\"2.0\",\"method\":\"notifications/x\",\"params\":\r{\"jsonrpc\":\"2.0\",\"id\":1,\
            \"method\":\"tools/call\"}\r}
            """,
            -32600
        ),
        ("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\",\"x\":\"\t\"}", -32700),
        (String(repeating: #"{"a":"#, count: 100) + "1" + String(repeating: "}", count: 100), -32600),
        ("null", -32600), ("\"ping\"", -32600), ("{", -32700), ("nonsense", -32700),
    ]

    @Test(arguments: lines) func lineIsRefusedAndNotForwarded(line: String, code: Int64) {
        var scene = Scene()
        scene.client(line)
        scene.write()
        #expect(scene.server.isEmpty && scene.asked.isEmpty && scene.previews.isEmpty)
        // Nobody waits for an answer to what has no id.
        let isNotification =
            line.contains("notifications/x") || line.contains(#""id":null"#)
            || line.hasPrefix(#"{"jsonrpc":"2.0","method":"tools/call""#)
        #expect(
            (isNotification ? 0...0 : 1...2).contains(scene.client.count) && (isNotification || scene.lastCode == code))
        #expect(scene.session.counters.refused == 1 && scene.session.outstanding == 0)
    }

    @Test func invalidUTF8AndHugeLinesAreRefused() {
        var scene = Scene()
        scene.take(
            scene.session.fromClient(
                Array(#"{"jsonrpc":"2.0","id":1,"method":"ping","x":""#.utf8) + [0xC0, 0xAF] + Array("\"}".utf8)))
        #expect(scene.lastCode == -32700)
        scene.client(#"{"jsonrpc":"2.0","id":1,"method":"ping","x":""# + String(repeating: "a", count: 4 << 20) + "\"}")
        var outline = Outline()
        outline.read(#"{"jsonrpc":"2.0","id":1,"method":"ping""#.utf8)
        scene.take(scene.session.fromClientTooLong(outline))
        scene.write()
        #expect(scene.client.count == 3 && scene.lastCode == -32600 && scene.server.isEmpty)
    }

    @Test func idUnderWayIsNotTakenTwice() {
        var scene = Scene()
        scene.client(Era.handshake.call(1, "t"))
        scene.client(#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#)
        scene.write()
        #expect(scene.server.isEmpty && scene.client.count == 1)
        // Without the id: under it the client would take this for the answer to its first request.
        #expect(scene.client[0]["id"] == nil && scene.lastCode == -32600)
    }

    /// Random edits of a call: whatever is forwarded reads as one message with the tool that was asked about.
    @Test func editedCallsAreForwardedOnlyAsDecided() {
        let base = Array(
            #"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"evil","arguments":{"a":"b"}}}"#.utf8)
        let pieces = [
            #""name":"ok","#, #""n\u0061me":"ok","#, #""method":"ping","#, ",", "{", "}", "\"", "\\", "\r", "[", "]",
            #""Name":"ok","#,
            "\u{0}", "\u{2028}", " ", "e", "null",
        ].map { Array($0.utf8) }
        var random = SplitMix(state: 20_261_123)
        for _ in 0..<20_000 {
            var line = base
            for _ in 0...Int(random.next() % 2) {
                let place = Int(random.next() % UInt64(line.count))
                switch random.next() % 3 {
                case 0: line.insert(contentsOf: pieces[Int(random.next() % UInt64(pieces.count))], at: place)
                case 1: line.remove(at: place)
                default: line[place] = UInt8(truncatingIfNeeded: random.next())
                }
            }
            var scene = Scene()
            scene.take(scene.session.fromClient(line))
            let tool = scene.asked.first?.call.resourceID
            if tool != nil { scene.allow("d1") }
            scene.write()
            guard let forwarded = scene.server.first else { continue }
            let json = try? JSONParser.parse(Array(forwarded.utf8))
            #expect(json?["method"]?.text != "tools/call" || json?["params"]?["name"]?.text == tool, "\(forwarded)")
            #expect(json?["method"]?.text == "tools/call" || tool == nil, "\(forwarded)")
            #expect(!forwarded.utf8.contains(13) && !forwarded.utf8.contains(10))
        }
    }
}

struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
