import PenstockCore
import PenstockGateway
import PenstockJSON
import Testing

/// A path that comes twice is refused, whatever its type, size or depth: policy reads one value, a tool may read the
/// other.
@Suite struct AmbiguousArgumentTests {
    static let long = String(repeating: "x", count: 600)

    @Test(arguments: [
        #"{"a.b":"x","a":{"b":"y"}}"#, #"{"a":{"b":"y"},"a.b":"x"}"#, #"{"a.b":"\#(long)","a":{"b":"y"}}"#,
        #"{"a.b":["x"],"a":{"b":"y"}}"#,
        #"{"a.b":{},"a":{"b":"y"}}"#, #"{"a.b":null,"a":{"b":"y"}}"#, #"{"a.b":"x","a":{"b":null}}"#,
        #"{"a.0":"x","a":["y"]}"#,
        #"{"a.b.c":"x","a":{"b.c":"y"}}"#, #"{"a.b.c":"x","a.b":{"c":"y"}}"#,
        #"{"a.b.c.d.e.f":"x","a":{"b":{"c":{"d":{"e":{"f":"y"}}}}}}"#,
        #"{"a.B":"x","a":{"b":"y"}}"#, #"{"a.\u00e9":"x","a":{"e\u0301":"y"}}"#, #"{"a.":"x","a":{"":"y"}}"#,
        #"{"x":[{"a.b":1,"a":{"b":2}}]}"#,
        #"{"l":[\#((0..<100).map(String.init).joined(separator: ","))],"l.99":1}"#,
    ])
    func pathThatComesTwiceIsRefused(arguments: String) {
        var scene = Scene()
        scene.client(Era.handshake.call(1, "t", arguments))
        scene.write()
        #expect(scene.asked.isEmpty && scene.server.isEmpty && scene.client.first?["error"] != nil)
    }

    @Test(arguments: [
        #"{"a.b":"x"}"#, #"{"a.b":"x","a":{"c":"y"}}"#, #"{"a":[1,2],"b":{"0":1}}"#, #"{"a.b":"x","a":"y"}"#,
        #"{"":1," ":2}"#,
    ])
    func distinctPathsPass(arguments: String) {
        var scene = Scene()
        scene.client(Era.handshake.call(1, "t", arguments))
        #expect(scene.asked.count == 1)
    }

    @Test(arguments: [
        ("3.0", "3"), ("30e-1", "3"), ("3E+0", "3"), ("-0", "0"), ("0.50", "0.5"), ("1e3", "1000"), ("1e400", "1e400"),
        ("10e399", "1e400"),
    ])
    func numberIsOneValueHoweverItIsWritten(written: String, seen: String) {
        var scene = Scene()
        scene.client(Era.handshake.call(1, "t", #"{"n":\#(written),"s":"\#(written)"}"#))
        #expect(
            scene.asked.first?.call.attributes["arguments.n"] == seen
                && scene.asked.first?.call.attributes["arguments.s"] == written)
    }
}
