import PenstockCore
import PenstockGatekeeper
import PenstockGateway
import PenstockJSON
import PenstockTestSupport
import Testing

/// What a priced answer may come to at most, as the server is told.
@Suite struct PricedCapTests {
    @Test(arguments: [
        ("{}", #"{"max_tokens":4096}"#, 4096), (#"{"q":"x"}"#, #"{"max_tokens":4096,"q":"x"}"#, 4096),
        (
            #"{ "q" : [{"max_tokens":9}, "}"], "max_tokens" : 5000 }"#,
            #"{ "q" : [{"max_tokens":9}, "}"], "max_tokens" : 4096 }"#, 4096
        ),
        (
            #"{"max\u005ftokens":99999,"q":"\"max_tokens\":1"}"#, #"{"max\u005ftokens":4096,"q":"\"max_tokens\":1"}"#,
            4096
        ),
        (#"{"max_tokens":9223372036854775807}"#, #"{"max_tokens":4096}"#, 4096),
        (#"{"max_tokens":4096}"#, #"{"max_tokens":4096}"#, 4096),
        (#"{"max_tokens": null ,"q":1}"#, #"{"max_tokens": 4096 ,"q":1}"#, 4096),
        (#"{"max_tokens":7,"n": 1.50}"#, #"{"max_tokens":7,"n": 1.50}"#, 7),
        (#"{"max_tokens":0}"#, #"{"max_tokens":0}"#, 0),
    ])
    func capIsWrittenWhereItIsNot(arguments: String, sent: String, tokens: Int64) throws {
        var scene = try PricedSessionTests.scene()
        scene.client(Era.handshake.call(1, "ask", arguments))
        let call = try #require(scene.asked.first?.call)
        #expect(call.basis == "calls=1 result_tokens=\(tokens)")
        #expect(call.attributes["arguments.max_tokens"] == String(tokens), "conditions see what the tool gets")
        #expect(call.argumentsDigest == fakeHash(try JSONParser.parse(Array(sent.utf8)).canonicalBytes))
        scene.allow("d1")
        scene.write()
        #expect(scene.server == [Era.handshake.call(1, "ask", sent)])
    }

    @Test func smallestCapOfAToolCounts() throws {
        var scene = try PricedSessionTests.scene()
        scene.client(Era.stateless.call(1, "ask_deep", #"{"max_tokens":2000}"#))
        #expect(
            scene.asked.first?.call.amounts.list == [
                Amount("calls", 1), Amount("usd_micros", 25), Amount("tokens", 1000),
            ])
    }

    @Test(arguments: [
        ("\"name\":\"nested\"", #""arguments":{"options":{"max_tokens":50}},"name":"nested""#),
        (
            #""name":"nested","arguments":{"options":null}"#,
            #""name":"nested","arguments":{"options":{"max_tokens":50}}"#
        ),
        (
            #""name":"nested","arguments":{"options":{"a":1}}"#,
            #""name":"nested","arguments":{"options":{"max_tokens":50,"a":1}}"#
        ),
    ])
    func objectsOnTheWayToACapAreMade(params: String, sent: String) throws {
        var scene = try PricedSessionTests.scene()
        scene.client(Era.handshake.request(1, "tools/call", params))
        scene.allow("d1")
        scene.write()
        #expect(scene.server == [Era.handshake.request(1, "tools/call", sent)])
    }

    @Test(arguments: [
        #"{"max_tokens":-1}"#, #"{"max_tokens":"9"}"#, #"{"max_tokens":{}}"#, #"{"Max_Tokens":9}"#,
        #"{"max_to\#u{212A}ens":9}"#,
    ])
    func whatIsNoNumberIsNotCapped(arguments: String) throws {
        var scene = try PricedSessionTests.scene()
        scene.client(Era.handshake.call(1, "ask", arguments))
        scene.write()
        #expect(scene.asked.first?.call.isMalformed == true)
        scene.decide(Decision(reason: .malformed, decisionID: "d1"))
        scene.write()
        #expect(scene.server.isEmpty && scene.lastReason == "malformed")
    }
}
