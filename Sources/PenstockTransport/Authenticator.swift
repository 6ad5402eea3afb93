import Synchronization

/// Decides which client keys are let in, for every server socket of the process.
///
/// It is the ZAP handler (RFC 27) of the one context, on a thread of its own so that a handshake never waits for a
/// node's work. It starts with the first registration. Sockets name a domain; a domain without a verdict refuses
/// everybody, as does a process without a handler.
///
/// The verdict is asked once per connection, at the handshake. A changed mind reaches peers that are connected through
/// `Socket.cycle`.
package final class Authenticator: Sendable {
    /// The identity to give to a client's messages (1...255 bytes, no NUL), or nil to refuse. Called on the handler's
    /// thread, under no lock; every handshake of the process waits for it. It must not call `stop`.
    package typealias Verdict = @Sendable (_ domain: String, _ address: String, _ publicKey: [UInt8]) -> String?

    package struct Counts: Equatable, Sendable {
        package internal(set) var admitted = 0
        /// Includes the stranger of each self-test.
        package internal(set) var refused = 0
        /// Keys that may come in, and came too often: told to come again.
        package internal(set) var deferred = 0
    }

    private struct Entry {
        let verdict: Verdict
        var counts = Counts()
        /// Nil where every key is let in: a bucket for each would have no bound.
        var rate: HandshakeRate?
    }

    private struct State {
        var entries: [String: Entry] = [:]
        var unknownDomain = 0
        var malformed = 0
        var handler: ZAPHandler?
    }

    package static let shared = Authenticator()

    private let state = Mutex(State())

    private init() {}

    /// Lets `verdict` decide for `domain` from now on. Call it before a socket of the domain binds.
    ///
    /// - Parameter limitsKeys: each key that is let in may connect `SocketLimits.handshakesPerSecond` times a second.
    /// - Throws: `badDomain`; `domainTaken`; `addressInUse` if the context has another ZAP handler; `system`.
    package func register(domain: String, limitsKeys: Bool = false, verdict: @escaping Verdict) throws(TransportError) {
        guard Self.isValid(domain: domain) else { throw Self.badDomain }
        try state.withLock { state throws(TransportError) in
            guard state.entries[domain] == nil else {
                throw TransportError(.domainTaken, "ZAP domain \(domain) has a verdict: unregister it first")
            }
            if state.handler == nil {
                state.handler = try ZAPHandler(context: .shared) { request in self.decide(request) }
            }
            state.entries[domain] = Entry(verdict: verdict, rate: limitsKeys ? HandshakeRate() : nil)
        }
    }

    /// Refuses everybody in `domain` from now on. Forgets its counts.
    package func unregister(domain: String) {
        state.withLock { _ = $0.entries.removeValue(forKey: domain) }
    }

    /// Ends the handler and its thread and forgets every domain: each new handshake of the process is refused until
    /// the next registration starts another handler.
    package func stop() {
        let handler = state.withLock { state in
            defer { state = State() }
            return state.handler
        }
        handler?.stop()
    }

    /// nil if the domain is not registered.
    package func counts(domain: String) -> Counts? {
        state.withLock { $0.entries[domain]?.counts }
    }

    /// Refused because nobody had registered the domain.
    package var unknownDomainCount: Int { state.withLock { $0.unknownDomain } }
    /// Requests that were not ZAP 1.0, answered with 500.
    package var malformedCount: Int { state.withLock { $0.malformed } }

    private func decide(_ request: ZAPRequest?) -> ZAPReply {
        guard let request else {
            state.withLock { $0.malformed += 1 }
            return .badRequest
        }
        guard let verdict = state.withLock({ $0.entries[request.domain]?.verdict }) else {
            state.withLock { $0.unknownDomain += 1 }
            return .refused
        }
        let userID = request.publicKey.flatMap { key in
            PublishedKeys.contains(key) ? nil : verdict(request.domain, request.address, key)
        }
        let admitted = userID.flatMap { Self.isValid(userID: $0) ? $0 : nil }
        return state.withLock { state in
            guard let admitted, let key = request.publicKey else {
                state.entries[request.domain]?.counts.refused += 1
                return .refused
            }
            guard state.entries[request.domain]?.rate?.admits(key, at: .now) ?? true else {
                state.entries[request.domain]?.counts.deferred += 1
                return .later
            }
            state.entries[request.domain]?.counts.admitted += 1
            return .admitted(userID: admitted)
        }
    }

    static func isValid(domain: String) -> Bool {
        (1...255).contains(domain.utf8.count) && !domain.utf8.contains(0)
    }

    static var badDomain: TransportError {
        TransportError(.badDomain, "a ZAP domain is 1 to 255 bytes without NUL: an empty one would admit everybody")
    }

    /// libzmq hands a User-Id out as a C string, so a NUL would make two ids one.
    private static func isValid(userID: String) -> Bool {
        (1...SocketLimits.userIDBytes).contains(userID.utf8.count) && !userID.utf8.contains(0)
    }
}
