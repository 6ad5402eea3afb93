import Foundation
import PenstockCore
import PenstockEnforcer
import PenstockHTTP
import ServiceLifecycle
import Synchronization
import Testing

/// A door on a socket of its own, for as long as a test needs it.
private func withDoor(
    _ gatekeeper: FakeGatekeeper, keepAlive: Duration = .seconds(15), isTCP: Bool = false, _ body: @Sendable (String) async throws -> Void
) async throws {
    let folder = temporaryFolder()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    var options = isTCP ? HTTPDoorOptions(port: 0) : HTTPDoorOptions(unixPath: folder + "/door.sock")
    options.keepAlive = keepAlive
    let listening = AsyncStream<String>.makeStream()
    options.onListening = { listening.continuation.yield($0) }
    let door = try HTTPDoor(gatekeeper, hashing: testHashing, options: options, logger: quietLogger)
    let group = ServiceGroup(configuration: .init(services: [door], logger: quietLogger))
    let running = Task { try await group.run() }
    var address = ""
    for await text in listening.stream {
        address = text
        break
    }
    do { try await body(isTCP ? address : folder + "/door.sock") } catch {
        await group.triggerGracefulShutdown()
        throw error
    }
    await group.triggerGracefulShutdown()
    try await running.value
    #expect(!FileManager.default.fileExists(atPath: folder + "/door.sock"))
}

private struct Answer {
    var status: Int
    var headers: [String: String]
    var body: String
    var json: JSON? { try? JSONParser.parse(Array(body.utf8)) }
}

/// Speaks HTTP/1.1 over the socket by hand, so that the bytes are the test's own.
private func ask(
    _ socket: String, _ method: String, _ path: String, _ body: String = "", type: String? = "application/json",
    headers: [String: String] = [:]
) async -> Answer {
    var head = "\(method) \(path) HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: \(body.utf8.count)\r\n"
    if let type { head += "Content-Type: \(type)\r\n" }
    for (name, value) in headers { head += "\(name): \(value)\r\n" }
    let request = head + "\r\n" + body
    let text = await withCheckedContinuation { continuation in
        Thread { continuation.resume(returning: exchange(socket, request)) }.start()
    }
    let parts = text.components(separatedBy: "\r\n\r\n")
    let lines = parts[0].components(separatedBy: "\r\n")
    var answer = Answer(status: Int(lines[0].split(separator: " ").dropFirst().first ?? "") ?? 0, headers: [:], body: "")
    for line in lines.dropFirst() {
        let pair = line.split(separator: ":", maxSplits: 1)
        answer.headers[pair[0].lowercased()] = pair[1].trimmingCharacters(in: .whitespaces)
    }
    answer.body = parts.dropFirst().joined(separator: "\r\n\r\n")
    return answer
}

private func exchange(_ path: String, _ request: String) -> String {
    let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(descriptor) }
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(path.utf8)) }
    let connected = withUnsafePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) }
    }
    guard connected == 0 else { return "" }
    let bytes = Array(request.utf8)
    var sent = 0
    while sent < bytes.count {
        let count = bytes[sent...].withUnsafeBytes { send(descriptor, $0.baseAddress!, $0.count, Int32(MSG_NOSIGNAL)) }
        guard count > 0 else { break }
        sent += count
    }
    var answer: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 4_096)
    while case let count = read(descriptor, &buffer, buffer.count), count > 0 { answer += buffer[..<count] }
    return String(decoding: answer, as: UTF8.self)
}

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

/// What a subscription gave.
private final class Heard: Sendable {
    let seen = Mutex<[Cancellation]>([])
    let ended = Mutex(false)
}

@Suite struct RemoteGatekeeperTests {
    private func call(holds: Bool = false) -> Call {
        Call(
            credential: testDigest, action: "tools/call", resourceType: "tool", resourceID: "x\"\\é",
            amounts: CallAmounts(declared: [Amount("usd_micros", 9_007_199_254_740_993)])!, attributes: ["arguments.p": "/a", "z": "1"], callID: "c",
            argumentsDigest: fakeHash([1]), traceID: Incarnation(high: 1, low: 2), holds: holds, atLeast: 9, priceVersion: "2026-11",
            basis: "calls=1 arguments.n=5")
    }

    @Test func callAndDecisionComeThroughUnchanged() async throws {
        let gatekeeper = FakeGatekeeper()
        let expected = Decision(
            reason: .budgetExhausted, decisionID: "n-4", grantID: "g", runID: "r", position: 7, viewAgeMS: 3, retryAfterMS: 40)
        gatekeeper.set {
            $0.decide = { _ in expected }
            $0.preview = { _ in .expired }
        }
        try await withDoor(gatekeeper) { socket in
            let remote = try RemoteGatekeeper(endpoint: "unix:\(socket)", credential: testCredential, hashing: testHashing)
            #expect(await remote.check(call(), patience: .milliseconds(70)) == expected)
            let allowed = Decision(
                reason: .none, decisionID: "n-5", permitID: "n-5-tag", grantID: "g", position: 8, viewAgeMS: 0, validForMS: 60_000, remaining: [Amount("calls", 3)])
            gatekeeper.set { $0.decide = { _ in allowed } }
            // The way to the node and back has shortened the permit.
            var heard = await remote.check(call(holds: true), patience: .zero)
            #expect((1..<60_000).contains(heard.validForMS))
            heard.validForMS = allowed.validForMS
            #expect(heard == allowed)
            #expect(await remote.preview(call()) == Preview(reason: .expired, validForMS: 1_000))
            let spent = Priced(version: "2026-11", basis: "calls=1 arguments.n=4")
            try await remote.settle("n-5-tag", actual: [Amount("usd_micros", 9_007_199_254_740_992)], priced: spent)
            try await remote.settle("n-8-tag", actual: [])
            try await remote.release("n-6-tag")
            gatekeeper.set { $0.holdError = .notCharged("calls") }
            await #expect(throws: HoldError.notCharged("")) { try await remote.settle("n-7", actual: []) }
            gatekeeper.set { $0.holdError = .unknownHold }
            await #expect(throws: HoldError.unknownHold) { try await remote.release("n-6") }
            await #expect(throws: HoldError.unknownHold) { try await remote.release("../../x") }
            var other = call()
            other.credential = fakeHash([9])
            #expect(await remote.check(other, patience: .zero).reason == .unknownCredential)
        }
        gatekeeper.state.withLock { state in
            let asked = state.checked[0]
            let sent = call()
            #expect(asked.credential == sent.credential && asked.resourceID == sent.resourceID && asked.attributes == sent.attributes)
            #expect(asked.amounts.list == sent.amounts.list && asked.callID == "c" && asked.argumentsDigest == sent.argumentsDigest)
            #expect(asked.traceID == sent.traceID && asked.atLeast == 9 && !asked.holds && state.checked[1].holds)
            #expect(asked.priceVersion == "2026-11" && asked.basis == "calls=1 arguments.n=5")
            #expect(state.priced == ["n-5": Priced(version: "2026-11", basis: "calls=1 arguments.n=4"), "n-8": .none])
            #expect(state.settled["n-5"] == [Amount("usd_micros", 9_007_199_254_740_992)] && state.released == ["n-6"])
        }
    }

    @Test func deniesWhatItCannotAsk() async throws {
        let remote = try RemoteGatekeeper(endpoint: "unix:/nowhere/door.sock", credential: testCredential, hashing: testHashing)
        #expect(await remote.check(call(), patience: .milliseconds(50)).reason == .noView)
        #expect(await remote.preview(call()).reason == .noView)
        await #expect(throws: HoldError.unreachable) { try await remote.settle("n-1", actual: []) }
        for await _ in remote.cancellations() { Issue.record("nobody can have said this") }
        #expect(await remote.check(call(holds: true), patience: .milliseconds(50)).reason == .noView)
        for endpoint in ["unix:relative", "http://10.0.0.1:80", "https://127.0.0.1:1", "http://127.0.0.1", "127.0.0.1:80", ""] {
            #expect(throws: RemoteGatekeeper.Problem.endpoint(endpoint)) {
                try RemoteGatekeeper(endpoint: endpoint, credential: testCredential, hashing: testHashing)
            }
        }
    }

    @Test func cancellationsArriveAndEndWithTheStream() async throws {
        let gatekeeper = FakeGatekeeper()
        let heard = Heard()
        try await withDoor(gatekeeper, keepAlive: .milliseconds(100)) { socket in
            let remote = try RemoteGatekeeper(endpoint: "unix:\(socket)", credential: testCredential, hashing: testHashing)
            let stream = remote.cancellations()
            let reading = Task {
                for await cancellation in stream { heard.seen.withLock { $0.append(cancellation) } }
                heard.ended.withLock { $0 = true }
            }
            // Waits until the stream stands.
            #expect(await remote.check(call(holds: true), patience: .seconds(5)).isAllow)
            gatekeeper.cancel("n-1", .suspended)
            gatekeeper.cancel("n-2")
            #expect(await eventually { heard.seen.withLock { $0.count } == 2 })
            #expect(heard.seen.withLock { $0 } == [Cancellation(decisionID: "n-1", reason: .suspended), Cancellation(decisionID: "n-2", reason: .revoked)])
            gatekeeper.breakStreams()
            #expect(await eventually { heard.ended.withLock { $0 } })
            #expect(await remote.check(call(holds: true), patience: .milliseconds(20)).reason == .noView)
            let again = Task {
                while true {
                    for await _ in remote.cancellations() {}
                    try await Task.sleep(for: .milliseconds(50))
                }
            }
            #expect(await remote.check(call(holds: true), patience: .seconds(5)).isAllow)
            again.cancel()
            await reading.value
        }
    }

    /// One agent's calls are no other agent's business, and fill no other agent's stream.
    @Test func streamIsToldOfItsOwnCredentialsCalls() async throws {
        let gatekeeper = FakeGatekeeper()
        let (own, others) = (Heard(), Heard())
        let other = "pst_b3RoZXI"
        let otherDigest = fakeHash(Array(other.utf8))
        try await withDoor(gatekeeper) { socket in
            let remotes = try [(testCredential, own), (other, others)].map { credential, heard in
                let remote = try RemoteGatekeeper(endpoint: "unix:\(socket)", credential: credential, hashing: testHashing)
                let stream = remote.cancellations()
                Task {
                    for await cancellation in stream { heard.seen.withLock { $0.append(cancellation) } }
                    heard.ended.withLock { $0 = true }
                }
                return remote
            }
            #expect(await remotes[0].check(call(holds: true), patience: .seconds(5)).isAllow)
            var theirs = call(holds: true)
            theirs.credential = otherDigest
            #expect(await remotes[1].check(theirs, patience: .seconds(5)).isAllow)
            for number in 0..<6 * Limits.openHoldsPerGrant { gatekeeper.cancel("o-\(number)", of: fakeHash([UInt8(number >> 10)])) }
            gatekeeper.cancel("o-x", of: otherDigest)
            gatekeeper.cancel("n-1", of: testDigest)
            gatekeeper.cancel("")
            #expect(await eventually { own.seen.withLock { $0.count } == 2 && others.seen.withLock { $0.count } == 2 })
            #expect(own.seen.withLock { $0.map(\.decisionID) } == ["n-1", ""] && others.seen.withLock { $0.map(\.decisionID) } == ["o-x", ""])
            #expect(!own.ended.withLock { $0 } && !others.ended.withLock { $0 })
        }
    }

    /// What was begun with the credential before is told of as well as what begins with the new one.
    @Test func credentialThatComesIntoUseIsToldOf() async throws {
        let gatekeeper = FakeGatekeeper()
        let heard = Heard()
        let next = "pst_bmV4dA"
        try await withDoor(gatekeeper) { socket in
            let remote = try RemoteGatekeeper(endpoint: "unix:\(socket)", credential: testCredential, hashing: testHashing)
            let stream = remote.cancellations()
            Task {
                for await cancellation in stream { heard.seen.withLock { $0.append(cancellation) } }
                heard.ended.withLock { $0 = true }
            }
            #expect(await remote.check(call(holds: true), patience: .seconds(5)).isAllow)
            remote.use(next)
            var later = call(holds: true)
            later.credential = fakeHash(Array(next.utf8))
            #expect(await remote.check(later, patience: .seconds(5)).isAllow)
            #expect(await remote.check(call(holds: true), patience: .seconds(5)).isAllow)
            gatekeeper.cancel("n-1", of: testDigest)
            gatekeeper.cancel("n-2", of: later.credential)
            #expect(await eventually { heard.seen.withLock { Set($0.map(\.decisionID)) } == ["n-1", "n-2"] })
            // Of what has ended nobody is told, so the streams do not become ever more.
            for number in 0..<20 {
                remote.use("pst_\(number)")
                let decision = await remote.check(self.call(of: "pst_\(number)"), patience: .seconds(5))
                #expect(decision.isAllow)
                try await remote.release(decision.permitID)
            }
            #expect(!heard.ended.withLock { $0 })
            gatekeeper.cancel("n-3", of: testDigest)
            #expect(await eventually { heard.seen.withLock { $0.last?.decisionID == "n-3" } })
        }
    }

    private func call(of credential: String) -> Call {
        var call = call(holds: true)
        call.credential = fakeHash(Array(credential.utf8))
        return call
    }

    /// Of more credentials than there may be streams, it is the last one's call that waits; nobody else's is stopped.
    @Test func callThatThereIsNoStreamForIsRefusedAlone() async throws {
        let gatekeeper = FakeGatekeeper()
        let heard = Heard()
        try await withDoor(gatekeeper) { socket in
            let remote = try RemoteGatekeeper(endpoint: "unix:\(socket)", credential: testCredential, hashing: testHashing)
            let stream = remote.cancellations()
            Task {
                for await cancellation in stream { heard.seen.withLock { $0.append(cancellation) } }
                heard.ended.withLock { $0 = true }
            }
            var permits: [String] = []
            for number in 0..<8 {
                remote.use("pst_\(number)")
                permits.append(await remote.check(self.call(of: "pst_\(number)"), patience: .seconds(5)).permitID)
            }
            #expect(!permits.contains(""))
            remote.use("pst_8")
            #expect(await remote.check(self.call(of: "pst_8"), patience: .milliseconds(50)).reason == .busy)
            gatekeeper.cancel("n-1", of: fakeHash(Array("pst_0".utf8)))
            #expect(await eventually { heard.seen.withLock { $0.count } == 1 })
            #expect(!heard.ended.withLock { $0 })
            try await remote.settle(permits[3], actual: [])
            #expect(await remote.check(self.call(of: "pst_8"), patience: .seconds(5)).isAllow)
        }
    }

    /// The streams of a reader that has gone stand for nothing, even while they are still open.
    @Test func streamsGoWithTheirSubscription() async throws {
        let gatekeeper = FakeGatekeeper()
        try await withDoor(gatekeeper) { socket in
            let remote = try RemoteGatekeeper(endpoint: "unix:\(socket)", credential: testCredential, hashing: testHashing)
            for _ in 0..<50 {
                let stream = remote.cancellations()
                let reading = Task { for await _ in stream {} }
                #expect(await remote.check(call(holds: true), patience: .seconds(5)).isAllow)
                let before = gatekeeper.state.withLock { $0.checked.count }
                reading.cancel()
                let next = remote.cancellations()
                #expect(await remote.check(call(holds: true), patience: .zero).reason == .noView)
                #expect(gatekeeper.state.withLock { $0.checked.count } == before, "asked about with no stream behind it")
                withExtendedLifetime(next) {}
            }
        }
    }

    /// A node may hear of a new credential later than its holder.
    @Test func callWaitsUntilItsCredentialIsKnown() async throws {
        let gatekeeper = FakeGatekeeper()
        let next = "pst_bmV4dA"
        gatekeeper.set { $0.unknown = [fakeHash(Array(next.utf8))] }
        try await withDoor(gatekeeper, isTCP: true) { address in
            let remote = try RemoteGatekeeper(endpoint: address, credential: testCredential, hashing: testHashing)
            let stream = remote.cancellations()
            Task { for await _ in stream {} }
            #expect(await remote.check(call(holds: true), patience: .seconds(5)).isAllow)
            remote.use(next)
            let refused = await remote.check(self.call(of: next), patience: .milliseconds(300))
            #expect(refused.reason == .noView && refused.detail.hasSuffix("does not know the credential"))
            #expect(await remote.check(call(holds: true), patience: .zero).isAllow, "the other one's stream stands")
            async let later = remote.check(self.call(of: next), patience: .seconds(10))
            try await Task.sleep(for: .milliseconds(100))
            gatekeeper.set { $0.unknown = [] }
            #expect(await later.isAllow)
        }
    }

    @Test func shutdownEndsOpenStreams() async throws {
        let gatekeeper = FakeGatekeeper()
        let heard = Heard()
        try await withDoor(gatekeeper) { socket in
            let remote = try RemoteGatekeeper(endpoint: "unix:\(socket)", credential: testCredential, hashing: testHashing)
            let stream = remote.cancellations()
            Task {
                for await _ in stream {}
                heard.ended.withLock { $0 = true }
            }
            #expect(await remote.check(call(holds: true), patience: .seconds(5)).isAllow)
        }
        #expect(await eventually { heard.ended.withLock { $0 } })
    }
}
