import Foundation
import PenstockCore
import PenstockEnforcer
import PenstockHTTP
import Synchronization
import Testing

private func evaluation(_ context: String = "", _ more: String = "") -> String {
    #"{"subject":{"type":"agent","id":"a"},"action":{"name":"send"},"resource":{"type":"tool","id":"mail"}\#(more),"context":{\#(context)}}"#
}

@Suite struct HTTPDoorTests {
    private let bearer = ["Authorization": "Bearer \(testCredential)"]

    @Test func strangersAreRefusedBeforeADecisionAndKnownCredentialsAreNot() async throws {
        let gatekeeper = FakeGatekeeper()
        let unknown = "pst_" + String(repeating: "B", count: 49)
        gatekeeper.set { $0.unknown = [testHashing.credentialDigest(unknown)!] }
        try await withDoor(gatekeeper) { socket in
            let item = #"{"subject":{"type":"a","id":"a"},"action":{"name":"x"},"resource":{"type":"t","id":"i"}"#
            let items = Array(repeating: "{}", count: HTTPLimits.evaluations).joined(separator: ",")
            let batch = item + #","evaluations":["# + items + "]}"
            let began = ContinuousClock.now
            var statuses: [Int] = []
            // A new connection each: all of them together have a bound as well.
            while statuses.last != 429, statuses.count < 60 {
                let answer = await ask(socket, "POST", "/access/v1/evaluations", batch, headers: ["Authorization": "Bearer \(unknown)"])
                statuses.append(answer.status)
                #expect(answer.status != 429 || answer.headers["retry-after"] == "1" && answer.json?.text != nil)
            }
            let checked = gatekeeper.state.withLock { $0.checked }
            let refill = Int((ContinuousClock.now - began) / .seconds(1) * Double(HTTPLimits.strangersPerDoor.perSecond))
            #expect(Set(statuses) == [200, 429] && checked.count >= HTTPLimits.strangersPerDoor.atOnce)
            #expect(checked.count <= HTTPLimits.strangersPerDoor.atOnce + refill)
            #expect(Set(checked.map(\.door)) == [.unixSocket])
            #expect(await ask(socket, "POST", "/access/v1/evaluations", batch, headers: bearer).status == 200)
            let metrics = await ask(socket, "GET", "/metrics", type: nil)
            #expect(metrics.body.contains("penstock_refused_questions_total{door=\"unix\"} \(HTTPLimits.evaluations)"))
        }
    }

    @Test func evaluationBecomesACall() async throws {
        let gatekeeper = FakeGatekeeper()
        gatekeeper.set {
            $0.decide = { _ in
                Decision(
                    reason: .none, decisionID: "n-1", grantID: "g", runID: "r", position: 1 << 62, viewAgeMS: 12, validForMS: 900,
                    remaining: [Amount("usd_micros", 9_007_199_254_740_993)])
            }
        }
        try await withDoor(gatekeeper) { socket in
            let body = """
                {"subject":{"type":"agent","id":"a","properties":{}},"action":{"name":"send","properties":{"soft":true,"f":1.5}},
                "resource":{"type":"tool","id":"mail","properties":{"size":3}},"unknown":[1],
                "context":{"credential":"\(testCredential)","amounts":{"usd_micros":9007199254740993},"attributes":{"k":"v","n":-4},
                "call_id":"c1","traceparent":"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01","at_least":18446744073709551615,
                "arguments":{"b":1,"a":[ 2 ]},"patience_ms":50}}
                """
            let answer = await ask(socket, "POST", "/access/v1/evaluation", body, type: "Application/JSON; charset=utf-8", headers: ["X-Request-ID": "q-7"])
            #expect(answer.status == 200 && answer.headers["content-type"] == "application/json" && answer.headers["x-request-id"] == "q-7")
            let context = answer.json?["context"]
            #expect(answer.json?["decision"]?.flag == true && context?["reason"]?.text == "none")
            #expect(context?["position"] == .number("4611686018427387904"))
            #expect(context?["remaining"]?["usd_micros"] == .number("9007199254740993"))
            #expect(context?["permit"] == .members(["id": .string("n-1-tag"), "valid_for_ms": .number("900")]))
        }
        let (call, patience) = gatekeeper.state.withLock { ($0.checked[0], $0.patience) }
        #expect(call.credential == testDigest && call.action == "send" && (call.resourceType, call.resourceID) == ("tool", "mail"))
        #expect(call.amounts.list == [Amount("usd_micros", 9_007_199_254_740_993)] && !call.holds && call.callID == "c1")
        #expect(call.attributes == ["k": "v", "n": "-4", "action.soft": "true", "action.f": "1.5", "resource.size": "3"])
        #expect(call.atLeast == .max && call.argumentsDigest == fakeHash(Array(#"{"a":[2],"b":1}"#.utf8)))
        #expect(call.traceID.description.hasPrefix("4bf9") && patience == .milliseconds(50))
    }

    @Test func denialIs200() async throws {
        let gatekeeper = FakeGatekeeper()
        gatekeeper.set { $0.decide = { Decision(reason: $0.credential == .zero ? .unknownCredential : .revoked, retryAfterMS: 5) } }
        try await withDoor(gatekeeper) { socket in
            let revoked = await ask(socket, "POST", "/access/v1/evaluation", evaluation(), headers: bearer)
            #expect(revoked.status == 200 && revoked.json?["decision"]?.flag == false)
            #expect(revoked.json?["context"]?["reason"]?.text == "revoked" && revoked.json?["context"]?["retry_after_ms"]?.int64 == 5)
            #expect(revoked.json?["context"]?["permit"] == nil)
            // A bare subject names no grant.
            let bare = await ask(socket, "POST", "/access/v1/evaluation", evaluation())
            #expect(bare.status == 200 && bare.json?["context"]?["reason"]?.text == "unknown_credential")
        }
    }

    static let malformed = [
        "", "{", "[]", "null", "\"x\"", #"{"action":{"name":"r"},"resource":{"type":"t","id":"i"}}"#,
        #"{"subject":{"type":"u","id":"a"},"resource":{"type":"t","id":"i"}}"#, #"{"subject":{"type":"u","id":"a"},"action":{"name":"r"}}"#,
        #"{"subject":{"id":"a"},"action":{"name":"r"},"resource":{"type":"t","id":"i"}}"#,
        #"{"subject":{"type":"u"},"action":{"name":"r"},"resource":{"type":"t","id":"i"}}"#,
        #"{"subject":{"type":"u","id":"a"},"action":{},"resource":{"type":"t","id":"i"}}"#,
        #"{"subject":{"type":"u","id":"a"},"action":{"name":"r"},"resource":{"id":"i"}}"#,
        #"{"subject":{"type":"u","id":"a"},"action":{"name":"r"},"resource":{"type":"t"}}"#,
        #"{"subject":"alice","action":{"name":"r"},"resource":{"type":"t","id":"i"}}"#,
        #"{"subject":{"type":"u","id":"a"},"action":{"name":123},"resource":{"type":"t","id":"i"}}"#,
        #"{"subject":{"type":"u","id":null},"action":{"name":"r"},"resource":{"type":"t","id":"i"}}"#,
        evaluation(#""amounts":{"calls":1.0}"#), evaluation(#""amounts":{"calls":1e3}"#), evaluation(#""amounts":{"calls":-1}"#),
        evaluation(#""amounts":{"calls":"1"}"#), evaluation(#""amounts":{"calls":99999999999999999999}"#), evaluation(#""amounts":[1]"#),
        evaluation(#""amounts":{"a":1,"b":1,"c":1,"d":1,"e":1}"#), evaluation(#""attributes":{"a":[1]}"#), evaluation(#""attributes":{"a":null}"#), evaluation(#""attributes":{"a":{}}"#),
        evaluation(#""call_id":7"#), evaluation(#""at_least":-1"#), evaluation(#""arguments_digest":"zz""#), evaluation(#""credential":5"#),
        evaluation(#""malformed":1"#), evaluation(#""traceparent":{}"#), evaluation(#""patience_ms":"1""#), evaluation(#""attributes":[]"#),
        evaluation(#""credential":"pst_other""#), evaluation(#""a":1,"a":2"#), evaluation("", #","subject":{"type":"x","id":"y"}"#),
    ]

    @Test func malformedEvaluationsAre400() async throws {
        let gatekeeper = FakeGatekeeper()
        try await withDoor(gatekeeper) { socket in
            for body in Self.malformed {
                let answer = await ask(socket, "POST", "/access/v1/evaluation", body, headers: bearer)
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

    @Test(arguments: [
        ("execute_all", ["send": true, "mail": false, "read": true], 4), ("deny_on_first_deny", ["send": true, "mail": false, "read": true], 2),
        ("permit_on_first_permit", ["send": false, "mail": false, "read": true], 3), ("permit_on_first_permit", ["send": true, "mail": true, "read": true], 1),
    ])
    func batchIsDecidedInOrderAndEndsAsItAsks(semantic: String, allowed: [String: Bool], count: Int) async throws {
        let gatekeeper = FakeGatekeeper()
        gatekeeper.set { $0.decide = { Decision(reason: allowed[$0.action] == true ? .none : .actionNotAllowed, validForMS: 60_000) } }
        try await withDoor(gatekeeper) { socket in
            let body = """
                {"subject":{"type":"agent","id":"a"},"resource":{"type":"tool","id":"x"},"context":{"amounts":{"calls":1}},
                "options":{"evaluations_semantic":"\(semantic)"},
                "evaluations":[{"action":{"name":"send"}},{"action":{"name":"mail"},"context":{}},{"action":{"name":"read"},"resource":{"type":"file","id":"y"}},{}]}
                """
            let answer = await ask(socket, "POST", "/access/v1/evaluations", body, headers: bearer)
            guard case .array(let items)? = answer.json?["evaluations"] else { return #expect(Bool(false), "\(answer.body)") }
            #expect(answer.status == 200 && items.count == count && answer.json?["decision"] == nil)
            #expect(items.map { $0["decision"]?.flag } == ([allowed["send"], allowed["mail"], allowed["read"], false] as [Bool?]).prefix(count).map { $0 })
            if count == 4 { #expect(items[3]["context"]?["error"]?["status"]?.int64 == 400) }
        }
        let asked = gatekeeper.state.withLock { $0.checked }
        #expect(asked.map(\.action) == Array(["send", "mail", "read"].prefix(count)))
        // A default is a whole member: it is not mixed with the item's own.
        #expect(asked.first?.amounts.count == 1 && asked.dropFirst().first?.amounts.count ?? 0 == 0)
        #expect(asked.count < 3 || asked[2].resourceType == "file")
    }

    @Test func batchWithoutItemsIsOneQuestion() async throws {
        let gatekeeper = FakeGatekeeper()
        try await withDoor(gatekeeper) { socket in
            for more in ["", #","evaluations":[]"#, #","evaluations":null"#] {
                #expect(await ask(socket, "POST", "/access/v1/evaluations", evaluation("", more), headers: bearer).json?["decision"]?.flag == true)
            }
            for bad in [#","evaluations":{}"#, #","evaluations":[1],"options":{"evaluations_semantic":"none"}"#, #","options":1,"evaluations":[1]"#] {
                let answer = await ask(socket, "POST", "/access/v1/evaluations", evaluation("", bad), headers: bearer)
                #expect(answer.status == 400 && answer.json?.text != nil, "\(bad)")
            }
            let known = await ask(socket, "GET", "/.well-known/authzen-configuration")
            let base = known.json?["policy_decision_point"]?.text ?? ""
            #expect(known.status == 200 && base.hasPrefix("http://"))
            #expect(known.json?["access_evaluations_endpoint"]?.text == base + "/access/v1/evaluations")
        }
        #expect(gatekeeper.state.withLock { $0.checked.count } == 3)
    }

    /// Whoever sends it has shown no credential yet.
    @Test func contextThatABatchSharesIsReadOnce() throws {
        let count = Mutex(0)
        let hashing = Hashing(
            hash: { bytes in
                count.withLock { $0 += 1 }
                return fakeHash(bytes)
            }, credentialDigest: testHashing.credentialDigest)
        let path = "arguments" + String(repeating: ".a", count: 120)
        let attributes = (0..<HTTPLimits.attributes).map { "\"\(path).\($0)\":\"x\"" }.joined(separator: ",")
        let leaves = "{" + (0..<HTTPLimits.attributes).map { "\"\($0)\":\"x\"" }.joined(separator: ",") + "}"
        let context = "\"attributes\":{\(attributes)},\"arguments\":{\"\(path.dropFirst(10))\":\(leaves)}"
        let items = Array(repeating: "{}", count: HTTPLimits.evaluations).joined(separator: ",")
        func batch(_ more: String) throws -> EvaluationCodec.Batch? {
            let json = try EvaluationCodec.parse(Array(evaluation(context, #","evaluations":[\#(items)]"# + more).utf8))
            return try EvaluationCodec.batch(json, headers: .init(), hashing: hashing)
        }
        let questions = try #require(try batch("")).items.map { try $0.get() }
        #expect(questions.count == HTTPLimits.evaluations && questions.allSatisfy { $0.call.attributes.count == HTTPLimits.attributes && $0.call.action == "send" })
        #expect(count.withLock { $0 } == 1)
        // Nor are properties copied for each of them without a bound.
        let many = (0...HTTPLimits.attributes).map { "\"p\($0)\":[]" }.joined(separator: ",")
        let item = #"{"subject":{"type":"a","id":"a"},"action":{"name":"x","properties":{\#(many)}},"resource":{"type":"t","id":"i"}}"#
        #expect(throws: EvaluationCodec.Problem.self) { try EvaluationCodec.question(Array(item.utf8), headers: .init(), holds: false, hashing: hashing) }
    }

    static let optional = [
        "amounts", "attributes", "call_id", "arguments", "arguments_digest", "traceparent", "at_least", "price_version", "basis", "malformed", "patience_ms",
        "credential", "unknown",
    ]

    /// One rule for every body: null is as good as absent.
    @Test func nullIsAsGoodAsAbsent() async throws {
        let gatekeeper = FakeGatekeeper()
        let plain = #"{"subject":{"type":"agent","id":"a"},"action":{"name":"send"},"resource":{"type":"tool","id":"mail"}"#
        var bodies = Self.optional.map { evaluation("\"\($0)\":null") } + [plain + #","context":null}"#, plain + "}"]
        bodies.append(#"{"subject":{"type":"u","id":"a"},"action":{"name":"r","properties":null},"resource":{"type":"t","id":"i","properties":null}}"#)
        try await withDoor(gatekeeper) { [bodies] socket in
            for path in ["/access/v1/evaluation", "/v1/holds", "/v1/preview"] {
                for body in bodies { #expect(await ask(socket, "POST", path, body, headers: bearer).status == 200, "\(path) \(body)") }
            }
            let checked = gatekeeper.state.withLock { $0.checked.map { var call = $0; call.holds = false; return call } }
            #expect(checked.allSatisfy { $0.argumentsDigest == .zero && $0.attributes.isEmpty && $0.amounts.count == 0 && $0.callID.isEmpty && $0.credential == testDigest })
            #expect(checked.count == 2 * bodies.count)
            for required in ["subject", "action", "resource"] {
                let other = ["subject": #"{"type":"a","id":"a"}"#, "action": #"{"name":"x"}"#, "resource": #"{"type":"t","id":"i"}"#]
                let body = "{" + other.map { "\"\($0)\":\($0 == required ? "null" : $1)" }.joined(separator: ",") + "}"
                let answer = await ask(socket, "POST", "/access/v1/evaluation", body, headers: bearer)
                #expect(answer.status == 400 && answer.json?.text?.contains("\(required) is missing") == true)
            }
            for body in [#"{"amounts":null}"#, #"{"amounts":null,"price_version":null,"basis":null}"#, "{}"] {
                #expect(await ask(socket, "POST", "/v1/holds/d-1-tag/settle", body).status == 204, "\(body)")
            }
            #expect(gatekeeper.state.withLock { $0.settled["d-1"] } == [])
        }
    }

    @Test func nullInABatchIsAsGoodAsAbsent() async throws {
        let gatekeeper = FakeGatekeeper()
        try await withDoor(gatekeeper) { socket in
            let items = #"[{"context":null},{"action":null,"resource":null,"subject":null},{"context":{}},{}]"#
            let batch = evaluation(#""attributes":{"a":"1"}"#, #","options":{"evaluations_semantic":null},"evaluations":"# + items)
            let answer = await ask(socket, "POST", "/access/v1/evaluations", batch, headers: bearer)
            #expect(answer.status == 200 && answer.json?["evaluations"]?.elements?.count == 4)
            #expect(await ask(socket, "POST", "/access/v1/evaluations", evaluation("", #","options":null,"evaluations":null"#), headers: bearer).status == 200)
        }
        #expect(gatekeeper.state.withLock { $0.checked.map { $0.attributes["a"] } } == ["1", "1", nil, "1", nil])
    }

    @Test(arguments: [
        (#"{"path":"/a"}"#, #"{"arguments.path":"/a"}"#, true), (#"{"path":"/a"}"#, #"{"arguments.path":"/b"}"#, false), (#"{}"#, #"{"arguments.path":"/b"}"#, false),
        (#"{"path":null}"#, #"{"arguments.path":"/b"}"#, false), (#"{"path":["/b"]}"#, #"{"arguments.path":"/b"}"#, false), (#"{"path":["/b"]}"#, #"{"arguments.path.0":"/b"}"#, true),
        (#"{"path":["/b"]}"#, #"{"arguments.path.1":"/b"}"#, false), (#"{"a":{"b":1e0}}"#, #"{"arguments.a.b":1}"#, true), (#"{"a":{"b":1}}"#, #"{"arguments.a.b":2}"#, false),
        (#"{"a":{"b":1},"a.b":2}"#, #"{"arguments.a.b":1}"#, false), (#"{"a.b":2}"#, #"{"arguments.a.b":2}"#, true), (#"{"a":true}"#, #"{"arguments.a":true}"#, true),
        (#"{"Path":"/b"}"#, #"{"arguments.path":"/b"}"#, false), (#"{"path":"/a"}"#, #"{"env":"test"}"#, true), (#"{"path":"/a"}"#, #"{}"#, true), (#""x""#, #"{"arguments.path":"/a"}"#, false),
        ("null", #"{"arguments.path":"/a"}"#, true),
    ])
    func argumentsAndAttributesAgree(arguments: String, attributes: String, isTaken: Bool) async throws {
        let gatekeeper = FakeGatekeeper()
        try await withDoor(gatekeeper) { socket in
            for path in ["/access/v1/evaluation", "/v1/holds", "/v1/preview"] {
                let answer = await ask(socket, "POST", path, evaluation("\"arguments\":\(arguments),\"attributes\":\(attributes)"), headers: bearer)
                #expect(answer.status == (isTaken ? 200 : 400))
            }
        }
        #expect(gatekeeper.state.withLock { $0.checked.count } == (isTaken ? 2 : 0))
    }

    /// What nobody waits for is not left open: the answer is the last, and the connection ends soon.
    @Test(arguments: [
        ("GET", "/access/v1/evaluation", "application/json", 405), ("POST", "/none", "application/json", 404), ("POST", "/access/v1/evaluation", "text/plain", 415),
        ("POST", "/metrics", "text/plain", 405),
    ])
    func answerBeforeTheBodyEndsTheConnection(method: String, path: String, type: String, status: Int) async throws {
        try await withDoor(FakeGatekeeper()) { socket in
            for length in ["Content-Length: 500", "Transfer-Encoding: chunked"] {
                let request = "\(method) \(path) HTTP/1.1\r\nHost: localhost\r\nContent-Type: \(type)\r\n\(length)\r\n\r\n"
                let began = ContinuousClock.now
                let text = await withCheckedContinuation { continuation in
                    Thread { continuation.resume(returning: exchange(socket, request)) }.start()
                }
                #expect(text.hasPrefix("HTTP/1.1 \(status) ") && text.lowercased().contains("connection: close"), "\(text)")
                #expect(ContinuousClock.now - began < HTTPLimits.drainTime + .seconds(2))
            }
        }
    }

    @Test func holdsAreSettledAndReleased() async throws {
        let gatekeeper = FakeGatekeeper()
        try await withDoor(gatekeeper) { socket in
            let hold = await ask(socket, "POST", "/v1/holds", evaluation(#""amounts":{"calls":2}"#), headers: bearer)
            #expect(hold.json?["context"]?["decision_id"]?.text == "d-1" && hold.json?["context"]?["permit"]?["id"]?.text == "d-1-tag")
            #expect(await ask(socket, "POST", "/v1/holds/d-1-tag/settle", #"{"amounts":{"calls":1}}"#).status == 204)
            #expect(await ask(socket, "POST", "/v1/holds/d-2-tag/release").status == 204)
            let large = await ask(socket, "POST", "/v1/holds/d-3-tag/release", String(repeating: "x", count: 100_000))
            #expect(large.status == 204)
            let unfinished = "POST /v1/holds/d-4-tag/release HTTP/1.1\r\nHost: localhost\r\nContent-Length: 500\r\n\r\n{"
            Thread { _ = exchange(socket, unfinished) }.start()
            #expect(await eventually { gatekeeper.state.withLock { $0.released == ["d-2", "d-3", "d-4"] } })
            let bad = await ask(socket, "POST", "/v1/holds/d-1/settle", #"{"amounts":{"calls":0.5}}"#)
            #expect(bad.status == 400 && bad.headers["content-type"] == "application/problem+json" && bad.json?["title"]?.text == "Bad Request")
            for priced in [#""price_version":7"#, #""price_version":"\#(String(repeating: "v", count: 65))""#, #""basis":"\#(String(repeating: "b", count: 513))""#] {
                #expect(await ask(socket, "POST", "/v1/holds/d-1-tag/settle", "{\(priced)}").status == 400)
                #expect(await ask(socket, "POST", "/v1/holds", evaluation(priced), headers: bearer).status == 400)
            }
            for (bytes, status) in [(Limits.idBytes, 200), (Limits.idBytes + 1, 400)] {
                let id = String(repeating: "i", count: bytes)
                #expect(await ask(socket, "POST", "/v1/holds", evaluation(#""call_id":"\#(id)""#), headers: bearer).status == status)
            }
            for (error, status) in [(HoldError.unknownHold, 404), (.malformed, 400), (.overLimit, 400), (.notCharged("calls"), 409), (.alreadySettled, 410), (.alreadyReleased, 410), (.otherNode, 421), (.unrecordable, 503), (.unreachable, 503)] {
                gatekeeper.set { $0.holdError = error }
                let answer = await ask(socket, "POST", "/v1/holds/d-9/release")
                #expect(answer.status == status && answer.json?["status"]?.int64 == Int64(status))
            }
        }
        #expect(gatekeeper.state.withLock { $0.checked[0].holds && $0.settled["d-1"] == [Amount("calls", 1)] && $0.released == ["d-2", "d-3", "d-4"] })
    }

    @Test func healthAndMetrics() async throws {
        let gatekeeper = FakeGatekeeper()
        gatekeeper.set {
            $0.metrics = [
                Metric("penstock_decisions_total", "Decisions\nby \\ outcome.", .counter, labels: ["reason": "a\"b\\c\nd"], value: 3),
                Metric("penstock_view_age_seconds", "Age.", .gauge, value: 0.25),
                Metric("penstock_decisions_total", "Decisions", .counter, labels: ["reason": "none"], value: 12_345_678_901),
            ]
        }
        try await withDoor(gatekeeper) { socket in
            #expect(await ask(socket, "GET", "/livez").status == 200)
            #expect(await ask(socket, "GET", "/readyz").body == "ready\n")
            gatekeeper.set { $0.health = Health(viewApplied: true, leaseHeld: false, journalWritable: true, halted: "gap") }
            let unready = await ask(socket, "GET", "/readyz")
            #expect(unready.status == 503 && unready.body == "[-] lease held\n[-] halted: gap\nnot ready\n")
            #expect(await ask(socket, "GET", "/readyz?verbose").body.hasPrefix("[+] view applied\n"))
            let metrics = await ask(socket, "GET", "/metrics")
            #expect(metrics.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8")
            #expect(
                metrics.body == """
                    # HELP penstock_decisions_total Decisions\\nby \\\\ outcome.
                    # TYPE penstock_decisions_total counter
                    penstock_decisions_total{reason="a\\"b\\\\c\\nd"} 3
                    penstock_decisions_total{reason="none"} 12345678901
                    # HELP penstock_view_age_seconds Age.
                    # TYPE penstock_view_age_seconds gauge
                    penstock_view_age_seconds 0.25
                    # HELP penstock_refused_questions_total Questions without a known credential that were refused before anything was decided.
                    # TYPE penstock_refused_questions_total counter
                    penstock_refused_questions_total{door="unix"} 0
                    penstock_refused_questions_total{door="tcp"} 0

                    """)
        }
    }

    @Test func socketIsPrivateAndNotTakenFromTheLiving() async throws {
        let gatekeeper = FakeGatekeeper()
        try await withDoor(gatekeeper) { socket in
            let mode = try FileManager.default.attributesOfItem(atPath: socket)[.posixPermissions] as? Int
            #expect(mode == 0o600)
            let second = try HTTPDoor(gatekeeper, hashing: testHashing, options: .init(unixPath: socket), logger: quietLogger)
            await #expect(throws: HTTPDoorError.inUse(socket)) { try await second.run() }
            #expect(await ask(socket, "GET", "/livez").status == 200)
            let file = socket + ".txt"
            try Data().write(to: URL(fileURLWithPath: file))
            let third = try HTTPDoor(gatekeeper, hashing: testHashing, options: .init(unixPath: file), logger: quietLogger)
            await #expect(throws: HTTPDoorError.notASocket(file)) { try await third.run() }
        }
    }

    @Test(arguments: ["0.0.0.0", "192.168.1.1", "::", "example.com", "127.0.0.1.example.com", "127.1"])
    func onlyLoopbackIsServed(host: String) {
        var options = HTTPDoorOptions(port: 0)
        options.host = host
        #expect(throws: HTTPDoorError.notLoopback(host)) {
            try HTTPDoor(FakeGatekeeper(), hashing: testHashing, options: options, logger: quietLogger)
        }
    }
}
