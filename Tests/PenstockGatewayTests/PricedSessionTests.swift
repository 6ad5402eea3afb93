import PenstockCore
import PenstockGatekeeper
import PenstockGateway
import PenstockJSON
import PenstockTestSupport
import Testing

/// Tool calls under a price table, from the client's line to what is settled.
@Suite struct PricedSessionTests {
    static let yaml = """
        version: "2026-11"
        rules:
          - {tool: draw, unit: usd_micros, per_call: 100, per_argument: {arguments.images: 40000, arguments.size.px: \
          3/1000}}
          - {tool: "ask*", unit: usd_micros, per_call: 10, per_result_token: 15/1000, most_result_tokens: 4096, \
          cap_argument: arguments.max_tokens}
          - {tool: ask_deep, unit: tokens, per_result_token: 1, most_result_tokens: 1000, cap_argument: \
          arguments.max_tokens}
          - {tool: fetch, unit: usd_micros, per_result_byte: 1/10, most_result_bytes: 1000}
          - {tool: nested, unit: usd_micros, per_result_token: 1, most_result_tokens: 50, cap_argument: \
          arguments.options.max_tokens, result_tokens_at: _meta.example.com/usage.output_tokens}
        """

    static func scene() throws -> Scene {
        var scene = Scene()
        scene.session = GatewaySession(
            credential: testDigest, serverID: "mcp", prices: try PriceFile.parse(yaml), hash: fakeHash)
        return scene
    }

    /// Allows the call and lets it reach the server, which answers.
    static func run(_ tool: String, _ arguments: String, answer: String) throws -> Scene {
        var scene = try scene()
        scene.client(Era.handshake.call(1, tool, arguments))
        scene.allow("d1")
        scene.write()
        scene.server(#"{"jsonrpc":"2.0","id":1,\#(answer)}"#)
        return scene
    }

    @Test func holdIsWhatTheArgumentsCost() throws {
        var scene = try Self.scene()
        let line = Era.handshake.call(1, "draw", #"{"images":2,"size":{"px":1001}}"#)
        scene.client(line)
        let call = try #require(scene.asked.first?.call)
        #expect(call.amounts.list == [Amount("calls", 1), Amount("usd_micros", 80_104)])
        #expect(call.priceVersion == "2026-11" && call.basis == "calls=1 arguments.images=2 arguments.size.px=1001")
        scene.allow("d1")
        scene.write()
        #expect(scene.server == [line])
        scene.server(#"{"jsonrpc":"2.0","id":1,"result":{"content":[]}}"#)
        #expect(
            scene.settled["d1"] == call.amounts.list
                && scene.priced["d1"] == Priced(version: "2026-11", basis: call.basis))
    }

    @Test func toolWithoutAPriceStillNamesTheVersion() throws {
        let scene = try Self.run("other", "{}", answer: #""result":{"content":[]}"#)
        #expect(
            scene.settled["d1"] == [Amount("calls", 1)]
                && scene.priced["d1"] == Priced(version: "2026-11", basis: "calls=1"))
    }

    @Test(arguments: [
        "{}", #"{"images":2}"#, #"{"images":-1,"size":{"px":1}}"#, #"{"images":1.5,"size":{"px":1}}"#,
        #"{"images":"2","size":{"px":1}}"#,
        #"{"images":1e3,"size":{"px":1}}"#, #"{"images":null,"size":{"px":1}}"#,
        #"{"images":9223372036854775808,"size":{"px":1}}"#,
        #"{"images":2,"size":7}"#, #"{"images":2,"size":{"PX":1}}"#, #"{"images":2,"size.px":1}"#,
    ])
    func callWithoutItsPricedArgumentIsMalformed(arguments: String) throws {
        var scene = try Self.scene()
        scene.client(Era.handshake.call(1, "draw", arguments))
        // It is asked about, so that it is recorded; whatever the answer is, it never leaves.
        #expect(scene.asked.first?.call.isMalformed == true && scene.asked.first?.call.resourceID == "draw")
        scene.allow("d1")
        scene.write()
        #expect(scene.server.isEmpty && scene.session.outstanding == 0)
        #expect(scene.lastReason == "malformed" && scene.session.counters.denied == 1)
        #expect(scene.client.last?["error"]?["data"]?["detail"]?.text?.contains("must be a whole number") == true)
    }

    @Test func moreThanAnyCallMaySpendIsAskedAsSuch() throws {
        var scene = try Self.scene()
        scene.client(Era.handshake.call(1, "draw", #"{"images":9223372036854775807,"size":{"px":1}}"#))
        #expect(scene.asked.first?.call.amounts.list.last == Amount("usd_micros", 1 << 46 + 1))
        #expect(scene.asked.first?.call.basis.contains("arguments.images=9223372036854775807") == true)
    }

    @Test(arguments: [
        (#""result":{"content":[],"structuredContent":{"usage":{"total_tokens":1000}}}"#, 25, 1000),
        (#""result":{"content":[],"_meta":{"usage":{"total_tokens":1}}}"#, 11, 1),
        (#""result":{"content":[],"isError":true,"usage":{"total_tokens":0}}"#, 10, 0),
        (#""result":{"resultType":"complete","content":[],"usage":{"total_tokens":5000}}"#, 85, 5000),
        // Whatever is not told is charged in full.
        (#""result":{"content":[]}"#, 72, 4096), (#""error":{"code":1,"message":"x"}"#, 72, 4096),
        (#""result":{"content":[],"usage":{"total_tokens":-4}}"#, 72, 4096),
        (#""result":{"content":[],"usage":{"total_tokens":1.5}}"#, 72, 4096),
        (#""result":{"content":[],"usage":{"total_tokens":"7"}}"#, 72, 4096),
        (#""result":{"content":[],"usage":{"total_tokens":5,"total_tokens":9}}"#, 72, 4096),
        (#""result":{"content":[],"usage":{"total_tokens":5},"usage":{"total_tokens":5}}"#, 72, 4096),
        // Of two places, the larger.
        (#""result":{"content":[],"_meta":{"usage":{"total_tokens":3}},"usage":{"total_tokens":1000}}"#, 25, 1000),
        // More than any call may spend is charged as that much.
        (#""result":{"content":[],"usage":{"total_tokens":9223372036854775807}}"#, 1_055_531_162_675, 1 << 46),
        (#""result":{"content":[],"usage":{"total_tokens":1e30}}"#, 1_055_531_162_675, 1 << 46),
        (#""result":{"content":[],"usage":{"total_tokens":1e3}}"#, 25, 1000),
        (#""result":{"task":{"taskId":"t"},"usage":{"total_tokens":1}}"#, 72, 4096),
        (#""result":{"resultType":"task","content":[],"usage":{"total_tokens":1}}"#, 72, 4096),
    ])
    func tokensOfTheResultAreSettled(answer: String, cost: Int64, tokens: Int64) throws {
        let scene = try Self.run("ask", "{}", answer: answer)
        #expect(scene.settled["d1"] == [Amount("calls", 1), Amount("usd_micros", cost)])
        #expect(scene.priced["d1"] == Priced(version: "2026-11", basis: "calls=1 result_tokens=\(tokens)"))
        // What is not believed is said.
        let isDoubtful =
            answer.contains("total_tokens") && [4096, 1 << 46].contains(tokens) && !answer.contains("task")
        #expect(scene.notes.count == (isDoubtful ? 1 : 0))
    }

    @Test func costAboveEveryBoundIsChargedAtTheBound() throws {
        let table = try PriceFile.parse(
            "version: v\nrules:\n  - {tool: t, unit: usd_micros, per_result_token: 9, most_result_tokens: 10}\n")
        var scene = Scene()
        scene.session = GatewaySession(credential: testDigest, serverID: "mcp", prices: table, hash: fakeHash)
        scene.client(Era.handshake.call(1, "t"))
        scene.allow("d1")
        scene.write()
        scene.server(#"{"jsonrpc":"2.0","id":1,"result":{"content":[],"usage":{"total_tokens":\#(Int64(1) << 45)}}}"#)
        #expect(scene.settled["d1"] == [Amount("calls", 1), Amount("usd_micros", 1 << 46)] && scene.notes.count == 1)
    }

    @Test func tokensAtANamedPathAreFoundUnderDottedNames() throws {
        let scene = try Self.run(
            "nested", "{}", answer: #""result":{"content":[],"_meta":{"example.com/usage":{"output_tokens":3}}}"#)
        #expect(scene.settled["d1"]?.last == Amount("usd_micros", 3))
        #expect(scene.priced["d1"]?.basis == "calls=1 result._meta.example.com/usage.output_tokens=3")
    }

    @Test func bytesOfTheAnswerAreSettled() throws {
        let scene = try Self.run("fetch", "{}", answer: #""result":{"content":[{"type":"text","text":"0123456789"}]}"#)
        let bytes = Int64(
            #"{"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":"0123456789"}]}}"#.utf8.count)
        #expect(
            scene.settled["d1"]?.last == Amount("usd_micros", (bytes + 9) / 10)
                && scene.priced["d1"]?.basis == "calls=1 result_bytes=\(bytes)")
    }

    @Test func callThatIsCutOffIsChargedInFull() throws {
        for cut in 0..<3 {
            var scene = try Self.scene()
            scene.client(Era.handshake.call(1, "fetch"))
            scene.allow("d1")
            scene.write()
            switch cut {
            case 0: scene.cancel("d1")
            case 1: scene.client(#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}"#)
            default: scene.take(scene.session.serverEnded())
            }
            #expect(
                scene.settled["d1"]?.last == Amount("usd_micros", 100)
                    && scene.priced["d1"]?.basis == "calls=1 result_bytes=1000")
        }
    }

    @Test func everySettledAmountIsDerivedFromItsBasis() throws {
        let prices = try PriceFile.parse(Self.yaml)
        for tool in ["draw", "ask", "ask_deep", "fetch", "nested", "other"] {
            let scene = try Self.run(
                tool, #"{"images":3,"size":{"px":5}}"#, answer: #""result":{"content":[],"usage":{"total_tokens":12}}"#)
            let basis = try #require(scene.priced["d1"].flatMap { Quantities($0.basis) })
            #expect(try prices.price(tool, basis) == scene.settled["d1"])
        }
    }
}
