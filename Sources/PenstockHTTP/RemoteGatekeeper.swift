internal import AsyncHTTPClient
package import Logging
internal import NIOCore
internal import NIOHTTP1
package import PenstockCore
package import PenstockEnforcer
internal import Synchronization

/// An enforcer reached over its HTTP door, on behalf of one credential.
///
/// Whatever goes wrong on the way is a denial for want of a view. A call that holds is asked about only while the
/// stream of cancellations stands, once anybody has subscribed to it: its caller could not be told to stop it.
package final class RemoteGatekeeper: Gatekeeper {
    package enum Problem: Error, Hashable, Sendable, CustomStringConvertible {
        case endpoint(String)
        case pathTooLong(String)
        case credential

        package var description: String {
            switch self {
            case .endpoint(let text): "\(text) is neither unix:PATH nor http://HOST:PORT with a loopback address: this version has no TLS"
            case .pathTooLong(let path): "\(path) is longer than the path of a Unix socket can be"
            case .credential: "the credential is not well formed"
            }
        }
    }

    let endpoint: String
    let logger: Logger?
    let base: String
    let client: HTTPClient
    let watch: Mutex<Watch>
    private let hashing: Hashing

    /// - Parameter endpoint: `unix:PATH` or `http://` with a loopback address and a port.
    /// - Parameter logger: is told once when nothing answers there, and once when something does again.
    package init(endpoint: String, credential: String, hashing: Hashing, logger: Logger? = nil) throws(Problem) {
        guard let base = Self.base(endpoint) else { throw .endpoint(endpoint) }
        // unix(7): sun_path holds 108 bytes with its end.
        guard !endpoint.hasPrefix("unix:") || endpoint.utf8.count - 5 < 108 else { throw .pathTooLong(String(endpoint.dropFirst(5))) }
        guard let digest = hashing.credentialDigest(credential) else { throw .credential }
        self.endpoint = endpoint
        self.logger = logger
        self.base = base
        self.hashing = hashing
        watch = Mutex(Watch(known: [(digest, credential)]))
        var configuration = HTTPClient.Configuration(
            redirectConfiguration: .disallow, timeout: .init(connect: .seconds(2), read: .seconds(45)))
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 64
        client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }

    /// Asks with another credential from now on, which `hashing` must take for one. What was begun with those before it is still
    /// told of, for as long as it runs.
    package func use(_ credential: String) {
        guard let digest = hashing.credentialDigest(credential) else { return }
        let idle = watch.withLock { watch in
            watch.known = [(digest, credential)] + watch.known.filter { $0.digest != digest }.prefix(1)
            follow(digest, in: &watch)
            return watch.giveUp()
        }
        for task in idle { task.cancel() }
    }

    private func text(_ digest: Digest) -> String? { watch.withLock { $0.text(digest) } }

    deinit {
        Task { [client] in try? await client.shutdown() }
    }

    static func base(_ endpoint: String) -> String? {
        if endpoint.hasPrefix("unix:") {
            let path = endpoint.dropFirst(5)
            guard path.hasPrefix("/") else { return nil }
            let escaped = path.utf8.map { byte -> String in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                    UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."):
                    String(Unicode.Scalar(byte))
                default: "%" + Hex.encode([byte])
                }
            }
            return "http+unix://" + escaped.joined()
        }
        guard endpoint.hasPrefix("http://") else { return nil }
        let authority = endpoint.dropFirst(7)
        guard let (host, given) = HostAddress.authority(String(authority.hasSuffix("/") ? authority.dropLast() : authority)), let port = given, host.isLoopback else { return nil }
        return "http://\(host.bracketed):\(port)"
    }
}

// MARK: - Calls

extension RemoteGatekeeper {
    package func check(_ call: Call, patience: Duration) async -> Decision {
        guard let credential = text(call.credential) else { return Decision(reason: .unknownCredential) }
        guard call.holds else { return await ask(call, credential, patience: patience) }
        watch.withLock { $0.began(call.credential) }
        let decision = await hold(call, credential, patience: patience)
        let isOpen = decision.isAllow && !decision.permitID.isEmpty
        let idle = watch.withLock { watch -> [Task<Void, Never>] in
            if isOpen { watch.holds[decision.permitID] = call.credential }
            return isOpen ? [] : watch.ended(call.credential)
        }
        for task in idle { task.cancel() }
        return decision
    }

    private func hold(_ call: Call, _ credential: String, patience: Duration) async -> Decision {
        // Read before the question: whatever breaks from then on counts.
        guard let before = await watched(call.credential, within: patience) else {
            let (problem, isFull) = watch.withLock { ($0.problems[call.credential], $0.isFull(call.credential)) }
            if isFull { return Decision(reason: .busy, detail: "calls under way with \(Self.mostStreams) credentials before this one are told of still") }
            // It tells a stranger nothing, but why a call would be denied.
            let reason = problem?.isRefused == true ? await preview(call).reason : .noView
            return Decision(reason: reason == .none ? .noView : reason, detail: problem?.text ?? away)
        }
        let decision = await ask(call, credential, patience: patience)
        if decision.isAllow, watch.withLock({ $0.broken != before }) {
            // Its cancellation may have gone by.
            try? await release(decision.permitID)
            return Decision(reason: .noView)
        }
        return decision
    }

    private func ask(_ call: Call, _ credential: String, patience: Duration) async -> Decision {
        let askedAt = ContinuousClock.now
        let path = call.holds ? "/v1/holds" : "/access/v1/evaluation"
        guard let (status, answer) = await post(path, EvaluationCodec.json(call, patience: patience).bytes, credential, within: patience + .seconds(1)) else {
            return Decision(reason: .noView, detail: away)
        }
        // Its connection asks for too much at once that the node cannot tell from a stranger's.
        if status == 429 { return Decision(reason: .busy, retryAfterMS: HTTPLimits.strangersRetryMS) }
        if (400..<500).contains(status) { return Decision(reason: .malformed) }
        guard status == 200, let json = try? JSONParser.parse(answer), var decision = EvaluationCodec.decision(json) else {
            return Decision(reason: .noView)
        }
        decision.validForMS = Self.left(of: decision.validForMS, after: ContinuousClock.now - askedAt)
        return decision
    }

    /// A permit's time counts from when the caller asked: how long the answer took to come is not known otherwise.
    static func left(of validForMS: Int64, after elapsed: Duration) -> Int64 {
        max(0, validForMS - elapsed.components.seconds * 1_000 - elapsed.components.attoseconds / 1_000_000_000_000_000 - 1)
    }

    package func settle(_ permitID: String, actual: [Amount], priced: Priced) async throws(HoldError) {
        try await end(permitID, "settle", EvaluationCodec.json(actual, priced).bytes)
    }

    package func release(_ permitID: String) async throws(HoldError) {
        try await end(permitID, "release", JSON.object([]).bytes)
    }

    private func end(_ permitID: String, _ how: String, _ body: [UInt8]) async throws(HoldError) {
        let isName = permitID.utf8.allSatisfy { byte in
            (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte) || byte == 45
        }
        guard isName, !permitID.isEmpty else { throw .unknownHold }
        // Whatever becomes of its charge, the call is over.
        defer { for task in watch.withLock({ $0.over(permitID) }) { task.cancel() } }
        let credential = watch.withLock { $0.known[0].text }
        guard let (status, _) = await post("/v1/holds/\(permitID)/\(how)", body, credential, within: .seconds(5)) else { throw .unreachable }
        switch status {
        case 204: return
        case 404: throw .unknownHold
        case 400: throw .malformed
        case 409: throw .notCharged("")
        case 410: throw .alreadySettled
        case 421: throw .otherNode
        case 503: throw .unrecordable
        default: throw .unreachable
        }
    }

    package func preview(_ call: Call) async -> Preview {
        guard let credential = text(call.credential) else { return Preview(reason: .unknownCredential) }
        guard let (status, answer) = await post("/v1/preview", EvaluationCodec.json(call, patience: .zero).bytes, credential, within: .seconds(3)) else {
            return Preview(reason: .noView, detail: away)
        }
        if status == 429 { return Preview(reason: .busy) }
        // What it takes for no question is no call that it would allow.
        if (400..<500).contains(status) { return Preview(reason: .malformed) }
        guard status == 200, let json = try? JSONParser.parse(answer), let preview = EvaluationCodec.preview(json) else {
            return Preview(reason: .noView, detail: "the enforcer at \(endpoint) answers in a way that this version does not know")
        }
        return preview
    }

    var away: String { "the enforcer at \(endpoint) cannot be reached" }

    /// Whether anything answers as an enforcer there, fit to decide or not.
    package func isReachable() async -> Bool {
        let response = try? await client.execute(HTTPClientRequest(url: base + "/livez"), timeout: .seconds(2))
        return response?.status == .ok
    }

    private func post(_ path: String, _ body: [UInt8], _ credential: String, within time: Duration) async -> (status: Int, body: [UInt8])? {
        var request = HTTPClientRequest(url: base + path)
        request.method = .POST
        request.headers = ["Content-Type": "application/json", "Authorization": "Bearer \(credential)"]
        request.body = .bytes(ByteBuffer(bytes: body))
        do {
            let response = try await client.execute(request, timeout: .milliseconds(EvaluationCodec.milliseconds(time)))
            let answer = try await response.body.collect(upTo: HTTPLimits.answerBytes)
            return (Int(response.status.code), Array(buffer: answer))
        } catch {
            return nil
        }
    }
}
