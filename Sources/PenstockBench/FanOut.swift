internal import Glibc
internal import PenstockCore
internal import PenstockCrypto
internal import PenstockSystem
internal import PenstockTransport

/// What no barrier over so many processes of one machine can be faster than: bytes made durable once and published, and
/// an answer from each process, once it has verified the signature on them.
struct FanOut {
    var processes: Int
    var samples: Int

    func measure(_ folder: String) throws -> [Int64] {
        let (keys, signer) = (CurveKeyPair.generate(), SigningKey.generate())
        try Authenticator.shared.register(domain: "fan-out") { _, _, _ in "subscriber" }
        defer { Authenticator.shared.unregister(domain: "fan-out") }
        let security = SocketSecurity.server(keys: keys, domain: "fan-out")
        let (publisher, answers) = (try Socket(.publisher, security: security), try Socket(.router, security: security))
        defer { for socket in [publisher, answers] { socket.close() } }
        let addresses = [try publisher.bind("tcp://127.0.0.1:*"), try answers.bind("tcp://127.0.0.1:*")]
        let subscribers = try (0..<processes).map { _ in
            try Self.start(addresses + [Hex.encode(keys.publicKey), signer.publicKey.hex])
        }
        defer { BenchMesh.end(subscribers) }
        let body = [UInt8](repeating: 7, count: Floor.bytes - Verifier.signatureBytes)
        return try publish(signer.sign(body) + body, publisher, answers, folder)
    }

    private func publish(_ message: [UInt8], _ publisher: Socket, _ answers: Socket, _ folder: String) throws -> [Int64]
    {
        let descriptor = open(folder + "/fan-out", O_WRONLY | O_CREAT | O_APPEND, 0o600)
        guard descriptor >= 0 else { throw BenchError(.io, "cannot write in \(folder)") }
        defer { close(descriptor) }
        let poller = Poller()
        func answered(within patience: Nanoseconds) throws -> Int {
            let deadline = Clocks.now() + patience
            var count = 0
            while count < processes, Clocks.now() < deadline {
                _ = try poller.wait([answers], timeoutMilliseconds: 100)
                while case .message? = try answers.receive() { count += 1 }
            }
            return count
        }
        // A subscription takes effect some time after its connection.
        let deadline = Clocks.now() + 20 * .nanosecondsPerSecond
        repeat {
            guard Clocks.now() < deadline else { throw BenchError(.timeout, "the subscribers do not answer") }
            try publisher.takeSubscriptions()
            _ = publisher.send(message)
        } while try answered(within: 300 * .nanosecondsPerMillisecond) < processes
        return try (0..<samples).map { _ in
            SystemThread.sleep(milliseconds: 20)
            let before = Clocks.now()
            _ = write(descriptor, message, message.count)
            _ = Glibc.fdatasync(descriptor)
            _ = publisher.send(message)
            guard try answered(within: .nanosecondsPerSecond) == processes else {
                throw BenchError(.timeout, "a subscriber did not answer")
            }
            return Clocks.now() - before
        }
    }

    private static func start(_ arguments: [String]) throws -> ChildProcess {
        try ChildProcess.spawn(
            [BenchMesh.executable, "bench", "subscriber"] + arguments, input: .null, output: .null, errors: .null)
    }
}

/// `bench subscriber`: answers each message whose signature it has verified.
package enum BenchSubscriber {
    /// - Parameters:
    ///   - server: the other side's CURVE key, in hexadecimal.
    ///   - signer: of the messages, likewise.
    package static func run(publisher: String, answers: String, server: String, signer: String) throws -> Never {
        guard let serverKey = Hex.decode(server), let key = Hex.decode(signer).flatMap({ PublicKey($0) }) else {
            throw BenchError(.failed, "that is no key")
        }
        let security = SocketSecurity.client(keys: .generate(), serverKey: serverKey)
        let (subscriber, dealer) = (
            try Socket(.subscriber, security: security), try Socket(.dealer, security: security)
        )
        try subscriber.connect(publisher)
        subscriber.subscribe()
        try dealer.connect(answers)
        let (verifier, poller) = (Verifier(key), Poller())
        while true {
            _ = try poller.wait([subscriber], timeoutMilliseconds: 1000)
            while case .message(let message)? = try subscriber.receive() {
                let signature = Array(message.payload.prefix(Verifier.signatureBytes))
                guard
                    verifier.verify(
                        signature: signature, message: Array(message.payload.dropFirst(Verifier.signatureBytes)))
                else { continue }
                _ = dealer.send(signature)
            }
        }
    }
}
