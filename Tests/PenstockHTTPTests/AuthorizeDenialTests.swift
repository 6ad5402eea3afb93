import Foundation
import PenstockCore
import PenstockGatekeeper
import PenstockHTTP
import PenstockJSON
import PenstockTestSupport
import Synchronization
import Testing

/// How denials look to each proxy.
@Suite struct AuthorizeDenialTests {
    @Test(arguments: [
        (Reason.unknownCredential, 401, 401, "invalid_token"), (.revoked, 401, 401, "invalid_token"),
        (.expired, 401, 401, "invalid_token"), (.actionNotAllowed, 403, 403, "insufficient_scope"),
        (.resourceOutOfBounds, 403, 403, "insufficient_scope"), (.rateLimited, 429, 403, ""),
        (.budgetExhausted, 429, 403, ""), (.budgetPending, 429, 403, ""), (.busy, 429, 403, ""),
        (.staleView, 503, 403, ""), (.noView, 503, 403, ""), (.unrecordable, 503, 403, ""),
        (.suspended, 403, 403, ""), (.malformed, 400, 403, ""), (.approvalRequired, 403, 403, ""),
    ])
    func denialsByPeer(reason: Reason, forwarded: Int, nginx: Int, error: String) async throws {
        let gatekeeper = FakeGatekeeper()
        gatekeeper.set { $0.decide = { _ in Decision(reason: reason, retryAfterMS: 1_001) } }
        try await withDoor(gatekeeper) { socket in
            for (names, status) in [(Relayed.forwarding, forwarded), (Relayed.nginx, nginx)] {
                let answer = await Relayed.ask(socket, Relayed.headers(names))
                #expect(answer.status == status && answer.headers["retry-after"] == "2")
                #expect(answer.headers["x-decision-reason"] == reason.name && answer.headers["x-decision-id"] != nil)
                #expect(answer.json?["reason"]?.text == reason.name && answer.json?["status"]?.int64 == Int64(status))
                let challenge = answer.headers["www-authenticate"]
                #expect(error.isEmpty ? challenge == nil : challenge?.contains("error=\"\(error)\"") == true)
            }
        }
    }

    @Test func withoutACredentialTheChallengeHasNoError() async throws {
        let gatekeeper = FakeGatekeeper()
        gatekeeper.set { $0.decide = { _ in Decision(reason: .unknownCredential) } }
        try await withDoor(gatekeeper) { socket in
            let answer = await Relayed.ask(socket, Relayed.headers(Relayed.nginx, credential: nil))
            #expect(answer.status == 401 && answer.headers["www-authenticate"] == "Bearer")
            #expect(gatekeeper.state.withLock { $0.checked.map(\.credential) } == [.zero])
        }
    }

    /// nginx keeps few connections for all of its clients.
    @Test func strangersBehindAProxyStopNobodyElse() async throws {
        let gatekeeper = FakeGatekeeper()
        let unknown = "pst_" + String(repeating: "B", count: 49)
        gatekeeper.set { $0.unknown = [testHashing.credentialDigest(unknown)!] }
        try await withDoor(gatekeeper) { socket in
            func request(_ credential: String, last: Bool = false) -> String {
                var text = "GET /authorize HTTP/1.1\r\nHost: x\r\n" + (last ? "Connection: close\r\n" : "")
                for (name, value) in Relayed.headers(Relayed.nginx, credential: credential) {
                    text += "\(name): \(value)\r\n"
                }
                return text + "\r\n"
            }
            let count = HTTPLimits.strangersPerConnection.atOnce + 300
            let text = String(repeating: request(unknown), count: count) + request(testCredential, last: true)
            let answers = exchange(socket, text).components(separatedBy: "HTTP/1.1 ").dropFirst()
            #expect(answers.count == count + 1 && answers.dropLast().contains { $0.hasPrefix("403") })
            #expect(answers.last?.hasPrefix("200") == true)
        }
    }
}
