internal import Foundation
internal import Glibc
internal import PenstockCore
internal import PenstockCrypto
internal import PenstockNode
internal import PenstockSystem
internal import PenstockTransport

/// What no revoke can be faster than: making its bytes durable once, and one message there and back between two
/// processes over the same kind of socket.
struct Floor {
    /// Medians, in nanoseconds.
    var fdatasync: Int64
    var roundTrip: Int64

    /// About the size of a signed revoke.
    static let bytes = 300

    static func measure(_ folder: String, samples: Int) throws -> Floor {
        Floor(fdatasync: try sync(folder, samples), roundTrip: try roundTrip(folder, samples))
    }

    private static func sync(_ folder: String, _ count: Int) throws -> Int64 {
        let descriptor = open(folder + "/floor", O_WRONLY | O_CREAT | O_APPEND, 0o600)
        guard descriptor >= 0 else { throw BenchError(.io, "cannot write in \(folder)") }
        defer { close(descriptor) }
        let bytes = [UInt8](repeating: 7, count: bytes)
        var samples: [Int64] = []
        for _ in 0..<count {
            let before = Clocks.now()
            _ = write(descriptor, bytes, bytes.count)
            _ = Glibc.fdatasync(descriptor)
            samples.append(Clocks.now() - before)
            SystemThread.sleep(milliseconds: 2)
        }
        return samples.sorted()[samples.count / 2]
    }

    private static func roundTrip(_ folder: String, _ count: Int) throws -> Int64 {
        let server = CurveKeyPair.generate()
        let keyFile = folder + "/peer.key"
        try PrivateFile.create(keyFile, server.secretText)
        let peer = try ChildProcess.spawn(
            [BenchMesh.executable, "bench", "peer", "--key", keyFile], input: .null, errors: .null)
        defer {
            BenchMesh.end([peer])
            close(peer.output)
        }
        let said = FileHandle(fileDescriptor: peer.output).availableData
        let address = String(decoding: said, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
        let socket = try Socket(.dealer, security: .client(keys: .generate(), serverKey: server.publicKey))
        defer { socket.close() }
        try socket.connect(address)
        let poller = Poller()
        let payload = [UInt8](repeating: 7, count: bytes)
        var samples: [Int64] = []
        for _ in 0..<count + 10 {
            let before = Clocks.now()
            while socket.send(payload) != .sent { SystemThread.sleep(for: 100_000) }
            while try socket.receive() == nil { _ = try poller.wait([socket], timeoutMilliseconds: 1000) }
            samples.append(Clocks.now() - before)
            SystemThread.sleep(milliseconds: 2)
        }
        return samples.dropFirst(10).sorted()[count / 2]
    }
}

/// `bench peer`: sends back what it gets.
package enum BenchPeer {
    package static func run(key: String) throws -> Never {
        let keys = try CurveKeyPair(secretText: PrivateFile.read(key))
        try Authenticator.shared.register(domain: "peer") { _, _, _ in "peer" }
        let socket = try Socket(.router, security: .server(keys: keys, domain: "peer"))
        let address = try socket.bind("tcp://127.0.0.1:*")
        FileHandle.standardOutput.write(Data((address + "\n").utf8))
        let poller = Poller()
        while true {
            _ = try poller.wait([socket], timeoutMilliseconds: 1000)
            while case .message(let message)? = try socket.receive() {
                _ = socket.send(message.payload, to: message.route)
            }
        }
    }
}
