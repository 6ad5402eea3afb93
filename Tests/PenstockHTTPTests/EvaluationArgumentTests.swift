import Foundation
import PenstockCore
import PenstockGatekeeper
import PenstockHTTP
import PenstockJSON
import PenstockTestSupport
import Synchronization
import Testing

/// What is in a question besides the names: arguments, attributes, and what is null.
@Suite struct EvaluationArgumentTests {
    static let optional = [
        "amounts", "attributes", "call_id", "arguments", "arguments_digest", "traceparent", "at_least", "price_version",
        "basis", "malformed", "patience_ms",
        "credential", "unknown",
    ]

    /// One rule for every body: null is as good as absent.
    @Test func nullIsAsGoodAsAbsent() async throws {
        let gatekeeper = FakeGatekeeper()
        let plain =
            #"{"subject":{"type":"agent","id":"a"},"action":{"name":"send"},"resource":{"type":"tool","id":"mail"}"#
        var bodies = Self.optional.map { evaluation("\"\($0)\":null") } + [plain + #","context":null}"#, plain + "}"]
        bodies.append(
            #"""
            {"subject":{"type":"u","id":"a"},"action":{"name":"r","properties":null},"resource":{"type":"t",\#
            "id":"i","properties":null}}
            """#
        )
        try await withDoor(gatekeeper) { [bodies] socket in
            for path in ["/access/v1/evaluation", "/v1/holds", "/v1/preview"] {
                for body in bodies {
                    #expect(await ask(socket, "POST", path, body, headers: testBearer).status == 200, "\(path) \(body)")
                }
            }
            let checked = gatekeeper.state.withLock {
                $0.checked.map {
                    var call = $0
                    call.holds = false
                    return call
                }
            }
            #expect(
                checked.allSatisfy {
                    $0.argumentsDigest == .zero && $0.attributes.isEmpty && $0.amounts.count == 0 && $0.callID.isEmpty
                        && $0.credential == testDigest
                })
            #expect(checked.count == 2 * bodies.count)
            for required in ["subject", "action", "resource"] {
                let other = [
                    "subject": #"{"type":"a","id":"a"}"#, "action": #"{"name":"x"}"#,
                    "resource": #"{"type":"t","id":"i"}"#,
                ]
                let body = "{" + other.map { "\"\($0)\":\($0 == required ? "null" : $1)" }.joined(separator: ",") + "}"
                let answer = await ask(socket, "POST", "/access/v1/evaluation", body, headers: testBearer)
                #expect(answer.status == 400 && answer.json?.text?.contains("\(required) is missing") == true)
            }
            for body in [#"{"amounts":null}"#, #"{"amounts":null,"price_version":null,"basis":null}"#, "{}"] {
                #expect(await ask(socket, "POST", "/v1/holds/d-1-tag/settle", body).status == 204, "\(body)")
            }
            #expect(gatekeeper.state.withLock { $0.settled["d-1"] } == [])
        }
    }

    @Test(arguments: [
        (#"{"path":"/a"}"#, #"{"arguments.path":"/a"}"#, true), (#"{"path":"/a"}"#, #"{"arguments.path":"/b"}"#, false),
        (#"{}"#, #"{"arguments.path":"/b"}"#, false),
        (#"{"path":null}"#, #"{"arguments.path":"/b"}"#, false),
        (#"{"path":["/b"]}"#, #"{"arguments.path":"/b"}"#, false),
        (#"{"path":["/b"]}"#, #"{"arguments.path.0":"/b"}"#, true),
        (#"{"path":["/b"]}"#, #"{"arguments.path.1":"/b"}"#, false),
        (#"{"a":{"b":1e0}}"#, #"{"arguments.a.b":1}"#, true), (#"{"a":{"b":1}}"#, #"{"arguments.a.b":2}"#, false),
        (#"{"a":{"b":1},"a.b":2}"#, #"{"arguments.a.b":1}"#, false), (#"{"a.b":2}"#, #"{"arguments.a.b":2}"#, true),
        (#"{"a":true}"#, #"{"arguments.a":true}"#, true),
        (#"{"Path":"/b"}"#, #"{"arguments.path":"/b"}"#, false), (#"{"path":"/a"}"#, #"{"env":"test"}"#, true),
        (#"{"path":"/a"}"#, #"{}"#, true), (#""x""#, #"{"arguments.path":"/a"}"#, false),
        ("null", #"{"arguments.path":"/a"}"#, true),
    ])
    func argumentsAndAttributesAgree(arguments: String, attributes: String, isTaken: Bool) async throws {
        let gatekeeper = FakeGatekeeper()
        try await withDoor(gatekeeper) { socket in
            for path in ["/access/v1/evaluation", "/v1/holds", "/v1/preview"] {
                let answer = await ask(
                    socket, "POST", path, evaluation("\"arguments\":\(arguments),\"attributes\":\(attributes)"),
                    headers: testBearer)
                #expect(answer.status == (isTaken ? 200 : 400))
            }
        }
        #expect(gatekeeper.state.withLock { $0.checked.count } == (isTaken ? 2 : 0))
    }
}
