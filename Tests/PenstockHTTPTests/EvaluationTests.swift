import Foundation
import PenstockCore
import PenstockGatekeeper
import PenstockHTTP
import PenstockJSON
import PenstockTestSupport
import Synchronization
import Testing

/// One question to the door.
@Suite struct EvaluationTests {
    @Test func evaluationBecomesACall() async throws {
        let gatekeeper = FakeGatekeeper()
        gatekeeper.set {
            $0.decide = { _ in
                Decision(
                    reason: .none, decisionID: "n-1", grantID: "g", runID: "r", position: 1 << 62, viewAgeMS: 12,
                    validForMS: 900,
                    remaining: [Amount("usd_micros", 9_007_199_254_740_993)])
            }
        }
        try await withDoor(gatekeeper) { socket in
            let body = """
                {"subject":{"type":"agent","id":"a","properties":{}},"action":{"name":"send","properties":{"soft":true,\
                "f":1.5}},
                "resource":{"type":"tool","id":"mail","properties":{"size":3}},"unknown":[1],
                "context":{"credential":"\(testCredential)","amounts":{"usd_micros":9007199254740993},\
                "attributes":{"k":"v","n":-4},
                "call_id":"c1","traceparent":"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",\
                "at_least":18446744073709551615,
                "arguments":{"b":1,"a":[ 2 ]},"patience_ms":50}}
                """
            let answer = await ask(
                socket, "POST", "/access/v1/evaluation", body, type: "Application/JSON; charset=utf-8",
                headers: ["X-Request-ID": "q-7"])
            #expect(
                answer.status == 200 && answer.headers["content-type"] == "application/json"
                    && answer.headers["x-request-id"] == "q-7")
            let context = answer.json?["context"]
            #expect(answer.json?["decision"]?.flag == true && context?["reason"]?.text == "none")
            #expect(context?["position"] == .number("4611686018427387904"))
            #expect(context?["remaining"]?["usd_micros"] == .number("9007199254740993"))
            #expect(context?["permit"] == .members(["id": .string("n-1-tag"), "valid_for_ms": .number("900")]))
        }
        let (call, patience) = gatekeeper.state.withLock { ($0.checked[0], $0.patience) }
        #expect(
            call.credential == testDigest && call.action == "send"
                && (call.resourceType, call.resourceID) == ("tool", "mail"))
        #expect(
            call.amounts.list == [Amount("usd_micros", 9_007_199_254_740_993)] && !call.holds && call.callID == "c1")
        #expect(
            call.attributes == ["k": "v", "n": "-4", "action.soft": "true", "action.f": "1.5", "resource.size": "3"])
        #expect(call.atLeast == .max && call.argumentsDigest == fakeHash(Array(#"{"a":[2],"b":1}"#.utf8)))
        #expect(call.traceID.description.hasPrefix("4bf9") && patience == .milliseconds(50))
    }

    @Test func denialIs200() async throws {
        let gatekeeper = FakeGatekeeper()
        gatekeeper.set {
            $0.decide = { Decision(reason: $0.credential == .zero ? .unknownCredential : .revoked, retryAfterMS: 5) }
        }
        try await withDoor(gatekeeper) { socket in
            let revoked = await ask(socket, "POST", "/access/v1/evaluation", evaluation(), headers: testBearer)
            #expect(revoked.status == 200 && revoked.json?["decision"]?.flag == false)
            #expect(
                revoked.json?["context"]?["reason"]?.text == "revoked"
                    && revoked.json?["context"]?["retry_after_ms"]?.int64 == 5)
            #expect(revoked.json?["context"]?["permit"] == nil)
            // A bare subject names no grant.
            let bare = await ask(socket, "POST", "/access/v1/evaluation", evaluation())
            #expect(bare.status == 200 && bare.json?["context"]?["reason"]?.text == "unknown_credential")
        }
    }

    static let malformed = [
        "", "{", "[]", "null", "\"x\"", #"{"action":{"name":"r"},"resource":{"type":"t","id":"i"}}"#,
        #"{"subject":{"type":"u","id":"a"},"resource":{"type":"t","id":"i"}}"#,
        #"{"subject":{"type":"u","id":"a"},"action":{"name":"r"}}"#,
        #"{"subject":{"id":"a"},"action":{"name":"r"},"resource":{"type":"t","id":"i"}}"#,
        #"{"subject":{"type":"u"},"action":{"name":"r"},"resource":{"type":"t","id":"i"}}"#,
        #"{"subject":{"type":"u","id":"a"},"action":{},"resource":{"type":"t","id":"i"}}"#,
        #"{"subject":{"type":"u","id":"a"},"action":{"name":"r"},"resource":{"id":"i"}}"#,
        #"{"subject":{"type":"u","id":"a"},"action":{"name":"r"},"resource":{"type":"t"}}"#,
        #"{"subject":"alice","action":{"name":"r"},"resource":{"type":"t","id":"i"}}"#,
        #"{"subject":{"type":"u","id":"a"},"action":{"name":123},"resource":{"type":"t","id":"i"}}"#,
        #"{"subject":{"type":"u","id":null},"action":{"name":"r"},"resource":{"type":"t","id":"i"}}"#,
        evaluation(#""amounts":{"calls":1.0}"#), evaluation(#""amounts":{"calls":1e3}"#),
        evaluation(#""amounts":{"calls":-1}"#),
        evaluation(#""amounts":{"calls":"1"}"#), evaluation(#""amounts":{"calls":99999999999999999999}"#),
        evaluation(#""amounts":[1]"#),
        evaluation(#""amounts":{"a":1,"b":1,"c":1,"d":1,"e":1}"#), evaluation(#""attributes":{"a":[[1]]}"#),
        evaluation(#""attributes":{"a":null}"#), evaluation(#""attributes":{"a":{}}"#),
        evaluation(#""call_id":7"#), evaluation(#""at_least":-1"#), evaluation(#""arguments_digest":"zz""#),
        evaluation(#""credential":5"#),
        evaluation(#""malformed":1"#), evaluation(#""traceparent":{}"#), evaluation(#""patience_ms":"1""#),
        evaluation(#""attributes":[]"#),
        evaluation(#""credential":"pst_other""#), evaluation(#""a":1,"a":2"#),
        evaluation("", #","subject":{"type":"x","id":"y"}"#),
    ]

    @Test func malformedEvaluationsAre400() async throws {
        let gatekeeper = FakeGatekeeper()
        try await withDoor(gatekeeper) { socket in
            for body in Self.malformed {
                let answer = await ask(socket, "POST", "/access/v1/evaluation", body, headers: testBearer)
                #expect(answer.status == 400, "\(body)")
                #expect(answer.json?.text?.isEmpty == false, "\(body)")
            }
            #expect(await ask(socket, "POST", "/access/v1/evaluation", evaluation(), type: "text/plain").status == 415)
            #expect(await ask(socket, "POST", "/access/v1/evaluation", evaluation(), type: nil).status == 415)
            let large = evaluation(#""x":""# + String(repeating: "a", count: 70_000) + "\"")
            #expect(await ask(socket, "POST", "/access/v1/evaluation", large).status == 413)
            for method in ["GET", "PUT", "DELETE"] {
                let answer = await ask(socket, method, "/access/v1/evaluation")
                #expect(answer.status == 405 && answer.headers["allow"] == "POST")
            }
            for path in ["/", "/access", "/access/v1/evaluation/", "/v1/holds/x", "/v1/holds/x/else", "/metrics/x"] {
                #expect(await ask(socket, "POST", path).status == 404, "\(path)")
            }
        }
        #expect(gatekeeper.state.withLock { $0.checked.isEmpty })
    }
}
