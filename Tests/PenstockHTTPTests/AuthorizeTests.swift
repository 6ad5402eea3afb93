import PenstockCore
import PenstockGatekeeper
import PenstockHTTP
import PenstockJSON
import PenstockTestSupport
import Synchronization
import Testing

/// What a proxy hears, and what is decided about.
@Suite struct AuthorizeTests {
    @Test(arguments: [Relayed.nginx, Relayed.forwarding]) func whatIsAskedIsWhatIsDecided(names: [String]) async throws
    {
        let gatekeeper = FakeGatekeeper()
        try await withDoor(gatekeeper) { socket in
            let answer = await Relayed.ask(
                socket, Relayed.headers(names, "POST", "API.Example.:8080", uri: "/v1/my%20docs/%C3%BC:1/?q=%2F..%2F&x")
            )
            #expect(answer.status == 200 && answer.body.isEmpty && answer.headers["x-decision-id"] == "d-1")
            #expect(answer.headers["cache-control"] == "no-store")
            let call = try #require(gatekeeper.state.withLock { $0.checked.first })
            #expect(call.action == "POST" && call.resourceType == "http" && !call.isMalformed && !call.holds)
            #expect(call.resourceID == "api.example:8080/v1/my docs/ü:1/")
            #expect(
                call.attributes == [
                    "http.method": "POST", "http.host": "api.example:8080", "http.path": "/v1/my docs/ü:1/",
                    "http.query": "q=%2F..%2F&x",
                ])
            #expect(call.credential == testHashing.credentialDigest(testCredential) && call.argumentsDigest != .zero)
        }
    }

    /// Each would let a server read another request than policy does, or says none.
    @Test(arguments: [
        "", "v1", "http://api.example/v1", "*", "/a/../b", "/..", "/a/.", "/./a", "//a", "/a//b", "/a/%2e%2e/b", "/%2E",
        "/a%2fb", "/a%2Fb", "/a%5cb", "/a\\b", "/a%252fb", "/a%25", "/a%00", "/a%0ab", "/a%7f", "/a;b", "/a%3bb",
        "/a/..;/b", "/a%3fb", "/a%23b", "/a#b", "/%61", "/%7E", "/a%", "/a%2", "/a%zz", "/a%+1", "/a b", "/ü", "/%ff",
        "/%c0%af", "/%c0%ae%c0%ae/", "/%ed%a0%80", "/%EF%BC%8E%EF%BC%8E/a", "/%e2%80%ae", "/a|b", "/a\"b", "/a{b}",
        "/%20.%20./a", "/?a b", "/?ü", "/" + String(repeating: "a", count: 8_192),
    ])
    func ambiguousURIsAreDenied(uri: String) async throws {
        for (names, status) in [(Relayed.nginx, 403), (Relayed.forwarding, 400)] {
            let gatekeeper = FakeGatekeeper()
            try await withDoor(gatekeeper) { socket in
                let answer = await Relayed.ask(socket, Relayed.headers(names, uri: uri))
                #expect(answer.status == status && answer.json?["detail"]?.text != nil, "\(uri): \(answer)")
                #expect(gatekeeper.state.withLock { $0.checked.allSatisfy { $0.isMalformed } })
            }
        }
    }

    @Test func methodsAndHostsThatNobodyReadsAlikeAreDenied() async throws {
        let gatekeeper = FakeGatekeeper()
        try await withDoor(gatekeeper) { socket in
            for method in ["get", "Get", "CONNECT", "TRACE", "G ET", "GET,POST", "", String(repeating: "A", count: 33)]
            {
                #expect(await Relayed.ask(socket, Relayed.headers(Relayed.nginx, method)).status == 403, "\(method)")
            }
            for host in ["", "a b", "a,b", "user@a", "a/b", "a:0", "a:x", "[::1", "127.1"] {
                #expect(
                    await Relayed.ask(socket, Relayed.headers(Relayed.forwarding, "GET", host)).status == 400, "\(host)"
                )
            }
            for name in ["X-HTTP-Method-Override", "X-Method-Override", "X-Rewrite-URL", "X-Original-URL"] {
                var headers = Relayed.headers(Relayed.forwarding)
                headers[name] = "/admin"
                #expect(await Relayed.ask(socket, headers).status == 400, "\(name)")
            }
            #expect(gatekeeper.state.withLock { $0.checked.allSatisfy { $0.isMalformed } })
        }
    }

    @Test func conflictingOrIncompleteConventionsAreDenied() async throws {
        let gatekeeper = FakeGatekeeper()
        try await withDoor(gatekeeper) { socket in
            #expect(await Relayed.ask(socket, testBearer).status == 403)
            for other in Relayed.forwarding where other != "X-Forwarded-Host" {
                let both = Relayed.headers(Relayed.nginx).merging([other: "/open"]) { $1 }
                #expect(await Relayed.ask(socket, both).status == 403, "\(other)")
            }
            for other in Relayed.nginx {
                let both = Relayed.headers(Relayed.forwarding).merging([other: "/open"]) { $1 }
                #expect(await Relayed.ask(socket, both).status == 403, "\(other)")
            }
            #expect(gatekeeper.state.withLock { $0.checked.isEmpty })
            for names in [Relayed.nginx, Relayed.forwarding] {
                for name in names {
                    var lacking = Relayed.headers(names)
                    lacking[name] = nil
                    let status = await Relayed.ask(socket, lacking).status
                    #expect(status == 403 || status == 400, "\(name)")
                    var twice = Relayed.headers(names)
                    twice[name] = nil
                    twice[name.lowercased()] = "/a\r\n\(name): /b"
                    #expect([400, 403].contains(await Relayed.ask(socket, twice).status), "\(name)")
                }
            }
            #expect(gatekeeper.state.withLock { $0.checked.allSatisfy { $0.isMalformed } })
            #expect(await ask(socket, "POST", "/authorize", headers: Relayed.headers(Relayed.nginx)).status == 405)
        }
    }
}

/// Requests as proxies tell of them.
enum Relayed {
    static let nginx = ["X-Original-Method", "X-Original-Host", "X-Original-URI"]
    static let forwarding = ["X-Forwarded-Method", "X-Forwarded-Host", "X-Forwarded-Uri"]

    static func headers(
        _ names: [String], _ method: String = "GET", _ host: String = "api.example",
        uri: String = "/v1/items?n=1", credential: String? = testCredential
    ) -> [String: String] {
        var headers = [names[0]: method, names[1]: host, names[2]: uri]
        headers["Authorization"] = credential.map { "Bearer \($0)" }
        return headers
    }

    static func ask(_ socket: String, _ headers: [String: String]) async -> Answer {
        await PenstockHTTPTests.ask(socket, "GET", "/authorize", type: nil, headers: headers)
    }
}
