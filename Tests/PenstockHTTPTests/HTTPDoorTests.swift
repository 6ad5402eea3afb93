import Foundation
import PenstockCore
import PenstockGatekeeper
import PenstockHTTP
import PenstockJSON
import PenstockTestSupport
import Synchronization
import Testing

/// What the door says of itself, and whom it lets in.
@Suite struct HTTPDoorTests {
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
                let answer = await ask(
                    socket, "POST", "/access/v1/evaluations", batch, headers: ["Authorization": "Bearer \(unknown)"])
                statuses.append(answer.status)
                #expect(answer.status != 429 || answer.headers["retry-after"] == "1" && answer.json?.text != nil)
            }
            let checked = gatekeeper.state.withLock { $0.checked }
            let refill = Int(
                (ContinuousClock.now - began) / .seconds(1) * Double(HTTPLimits.strangersPerDoor.perSecond))
            #expect(Set(statuses) == [200, 429] && checked.count >= HTTPLimits.strangersPerDoor.atOnce)
            #expect(checked.count <= HTTPLimits.strangersPerDoor.atOnce + refill)
            #expect(Set(checked.map(\.door)) == [.unixSocket])
            #expect(await ask(socket, "POST", "/access/v1/evaluations", batch, headers: testBearer).status == 200)
            let metrics = await ask(socket, "GET", "/metrics", type: nil)
            #expect(metrics.body.contains("penstock_refused_questions_total{door=\"unix\"} \(HTTPLimits.evaluations)"))
        }
    }

    /// What nobody waits for is not left open: the answer is the last, and the connection ends soon.
    @Test(arguments: [
        ("GET", "/access/v1/evaluation", "application/json", 405), ("POST", "/none", "application/json", 404),
        ("POST", "/access/v1/evaluation", "text/plain", 415),
        ("POST", "/metrics", "text/plain", 405),
    ])
    func answerBeforeTheBodyEndsTheConnection(method: String, path: String, type: String, status: Int) async throws {
        try await withDoor(FakeGatekeeper()) { socket in
            for length in ["Content-Length: 500", "Transfer-Encoding: chunked"] {
                let request =
                    "\(method) \(path) HTTP/1.1\r\nHost: localhost\r\nContent-Type: \(type)\r\n\(length)\r\n\r\n"
                let began = ContinuousClock.now
                let text = await onOwnThread { exchange(socket, request) }
                #expect(
                    text.hasPrefix("HTTP/1.1 \(status) ") && text.lowercased().contains("connection: close"), "\(text)")
                #expect(ContinuousClock.now - began < HTTPLimits.drainTime + .seconds(20))
            }
        }
    }

    @Test func healthAndMetrics() async throws {
        let gatekeeper = FakeGatekeeper()
        gatekeeper.set {
            $0.metrics = [
                Metric(
                    "penstock_decisions_total", "Decisions\nby \\ outcome.", .counter, labels: ["reason": "a\"b\\c\nd"],
                    value: 3),
                Metric("penstock_view_age_seconds", "Age.", .gauge, value: 0.25),
                Metric(
                    "penstock_decisions_total", "Decisions", .counter, labels: ["reason": "none"], value: 12_345_678_901
                ),
            ]
        }
        try await withDoor(gatekeeper) { socket in
            #expect(await ask(socket, "GET", "/livez").status == 200)
            #expect(await ask(socket, "GET", "/readyz").body == "ready\n")
            gatekeeper.set {
                $0.health = Health(viewApplied: true, leaseHeld: false, journalWritable: true, halted: "gap")
            }
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
                    # HELP penstock_refused_questions_total Questions without a known credential that were refused \
                    before anything was decided.
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
            let second = try HTTPDoor(
                gatekeeper, hashing: testHashing, options: .init(unixPath: socket), logger: quietLogger)
            await #expect(throws: HTTPDoorError.inUse(socket)) { try await second.run() }
            #expect(await ask(socket, "GET", "/livez").status == 200)
            let file = socket + ".txt"
            try Data().write(to: URL(fileURLWithPath: file))
            let third = try HTTPDoor(
                gatekeeper, hashing: testHashing, options: .init(unixPath: file), logger: quietLogger)
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
