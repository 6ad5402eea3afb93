internal import Foundation
internal import PenstockCore
internal import PenstockCrypto
internal import PenstockLedger
internal import PenstockNode
internal import PenstockProto
internal import PenstockStore

/// A mesh of real processes for benchmarks, in a folder of its own.
///
/// Its processes are this executable again: `ledger` as users run it, and `bench node`, an enforcer that can make its
/// own load. They end with the mesh.
final class BenchMesh {
    let folder: String
    let port: Int
    private var processes: [Process] = []
    private(set) var credential = ""

    init(_ folder: String) throws {
        self.folder = folder
        port = 20_000 + Int(SecureRandom.uint64() % 20_000)
        try Self.run(["init", "--dir", folder, "--mesh", "bench", "--port", "\(port)"])
    }

    deinit {
        for process in processes where process.isRunning { process.terminate() }
        for process in processes { process.waitUntilExit() }
    }

    /// Appends signed grants to the log as a ledger would, but in large commits, before the ledger starts.
    func fill(grants: Int) throws {
        let ledger = try Identity.load(folder + "/ledger")
        let issuer = try Identity.load(folder + "/issuer")
        let store = try SQLiteStore(directory: folder + "/ledger/data")
        let signer = EventSigner(mesh: "bench", name: issuer.name, key: issuer.signing)
        let epochs = EventSigner(mesh: "bench", name: ledger.name, key: ledger.signing)
        let wall = Clocks.wall()
        var position = try store.head().position
        let epoch = try store.head().epoch + 1
        _ = try store.openEpoch(epoch, ifHead: store.head())
        let opened = epochs.sign(.epochOpened(epoch, reason: "bench"), at: wall)
        _ = try store.append([NewEvent(id: opened.event.id, bytes: opened.entry)], ifHead: position, epoch: epoch)
        position += 1
        for start in stride(from: 0, to: grants, by: 5000) {
            let page = (start..<min(start + 5000, grants)).map { number in
                let credential = Credential.generate()
                if number == 0 { self.credential = credential.reveal }
                let event = signer.sign(.grantIssued(BenchGrant.make(number, credential: credential.digest, expiresAt: wall + 3_600_000)), at: wall)
                return NewEvent(id: event.event.id, bytes: event.entry)
            }
            guard case .appended = try store.append(page, ifHead: position, epoch: epoch) else { throw BenchError("the log did not take the grants") }
            position += Position(page.count)
        }
    }

    func startLedger() throws {
        try spawn(["ledger", "--config", folder + "/ledger.yaml"])
        _ = try client("operator")
        try wait("the ledger") { (try? self.status()) != nil }
    }

    func join(_ name: String) throws {
        let identity = try Identity.load(folder + "/operator")
        let token = JoinTokenText(secret: SecureRandom.bytes(32), mesh: "bench", role: .enforcer, ledger: identity.member.ledger)
        _ = try client("operator").submit(.joinTokenMade(JoinToken(hash: token.hash, role: .enforcer, expiresAt: Clocks.wall() + 60_000)))
        _ = try JoinClient.join(token, name: name, folder: "\(folder)/\(name)")
    }

    /// - Parameter rate: decisions a second that it makes itself.
    @discardableResult
    func startNode(_ name: String, rate: Int = 0) throws -> Process {
        try spawn(["bench", "node", "--dir", folder, "--name", name, "--rate", "\(rate)"], input: credential)
    }

    func client(_ name: String) throws -> LedgerClient { try LedgerClient(Identity.load("\(folder)/\(name)")) }

    func status() throws -> Penstock_V1_StatusReply {
        let client = try client("operator")
        guard case .status(let status) = try client.ask(.status(.init())) else { throw client.unexpected }
        return status
    }

    func waitUntilFresh(_ count: Int) throws {
        try wait("\(count) fresh enforcers") { try self.status().nodes.filter { $0.role == .enforcer && $0.state == "fresh" }.count >= count }
    }

    func stopNodes() {
        for process in processes.dropFirst() where process.isRunning { process.terminate() }
        for process in processes.dropFirst() { process.waitUntilExit() }
        // Or the kernel would write out what they have left, hundreds of megabytes, while the next cell is measured.
        let left = FileManager.default.enumerator(atPath: folder)?.compactMap { $0 as? String }.filter { $0.contains("/data-") } ?? []
        for name in left { try? FileManager.default.removeItem(atPath: folder + "/" + name) }
        processes = Array(processes.prefix(1))
    }

    private func wait(_ what: String, _ isThere: () throws -> Bool) throws {
        let deadline = Clocks.now() + 60 * .nanosecondsPerSecond
        while try !isThere() {
            guard Clocks.now() < deadline else { throw BenchError("\(what) did not come within a minute") }
            usleep(20_000)
        }
    }

    @discardableResult
    private func spawn(_ arguments: [String], input: String = "") throws -> Process {
        let process = Process()
        process.executableURL = Self.executable
        process.arguments = arguments
        let pipe = Pipe()
        process.standardInput = pipe
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        pipe.fileHandleForWriting.write(Data(input.utf8))
        try pipe.fileHandleForWriting.close()
        processes.append(process)
        return process
    }

    static let executable = URL(fileURLWithPath: (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? "penstock")

    static func run(_ arguments: [String]) throws {
        let process = Process()
        process.executableURL = executable
        process.arguments = arguments
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw BenchError("penstock \(arguments.joined(separator: " ")) failed with \(process.terminationStatus)") }
    }
}

package struct BenchError: Error, CustomStringConvertible {
    package var description: String
    init(_ description: String) { self.description = description }
}
