internal import Foundation
internal import Glibc
internal import PenstockCore
internal import PenstockCrypto
internal import PenstockLedger
internal import PenstockNode
internal import PenstockProto
internal import PenstockStore
internal import PenstockSystem

/// A mesh of real processes for benchmarks, in a folder of its own.
///
/// Its processes are this executable again: `ledger` as users run it, and `bench node`, an enforcer that can make its
/// own load. They end with the mesh.
package final class BenchMesh {
    let folder: String
    let port: Int
    private var processes: [ChildProcess] = []
    private(set) var credential = ""

    init(_ folder: String) throws {
        self.folder = folder
        port = 20_000 + Int(SecureRandom.uint64() % 20_000)
        try Self.run(["init", "--dir", folder, "--mesh", "bench", "--port", "\(port)"])
    }

    deinit {
        Self.end(processes)
    }

    /// Appends signed grants to the log as a ledger would, but in large commits, before the ledger starts.
    func fill(grants: Int) throws {
        let filler = try LogFiller(folder)
        let wall = Clocks.wall()
        for number in 0..<grants {
            let credential = Credential.generate()
            if number == 0 { self.credential = credential.reveal }
            try filler.add(
                .grantIssued(BenchGrant.make(number, credential: credential.digest, expiresAt: wall + 3_600_000)),
                by: .issuer)
        }
        try filler.finish()
    }

    /// See `LogFiller.addHistory`.
    func fill(history events: Int) throws { try Self.fill(folder, history: events) }

    package static func fill(_ folder: String, history events: Int) throws {
        let filler = try LogFiller(folder)
        try filler.addHistory(events: events)
        try filler.finish()
    }

    @discardableResult
    func startLedger() throws -> ChildProcess {
        let process = try spawn(["ledger", "--config", folder + "/ledger.yaml"])
        _ = try client("operator")
        try wait("the ledger") { (try? self.status()) != nil }
        return process
    }

    /// A clean stop, with whatever the ledger writes at one.
    func stopLedger() {
        Self.end(processes)
        processes = []
    }

    func join(_ name: String) throws {
        let identity = try Identity.load(folder + "/operator")
        let token = JoinTokenText(
            secret: SecureRandom.bytes(32), mesh: "bench", role: .enforcer, ledger: identity.member.ledger)
        _ = try client("operator").submit(
            .joinTokenMade(JoinToken(hash: token.hash, role: .enforcer, expiresAt: Clocks.wall() + 60_000)))
        _ = try JoinClient.join(token, name: name, folder: "\(folder)/\(name)")
    }

    /// - Parameter rate: decisions a second that it makes itself.
    @discardableResult
    func startNode(_ name: String, rate: Int = 0) throws -> ChildProcess {
        try spawn(["bench", "node", "--dir", folder, "--name", name, "--rate", "\(rate)"], input: credential)
    }

    func client(_ name: String) throws -> LedgerClient { try LedgerClient(Identity.load("\(folder)/\(name)")) }

    func status() throws -> Penstock_V1_StatusReply {
        let client = try client("operator")
        guard case .status(let status) = try client.ask(.status(.init())) else { throw client.unexpected }
        return status
    }

    func waitUntilFresh(_ count: Int) throws {
        try wait("\(count) fresh enforcers") {
            try self.status().nodes.filter { $0.role == .enforcer && $0.state == "fresh" }.count >= count
        }
    }

    func stopNodes() {
        Self.end(processes.dropFirst())
        // Or the kernel would write out what they have left, hundreds of megabytes, while the next cell is measured.
        let left =
            FileManager.default.enumerator(atPath: folder)?.compactMap { $0 as? String }.filter {
                $0.contains("/data-")
            } ?? []
        for name in left { try? FileManager.default.removeItem(atPath: folder + "/" + name) }
        processes = Array(processes.prefix(1))
    }

    private func wait(_ what: String, _ isThere: () throws -> Bool) throws {
        let deadline = Clocks.now() + 60 * .nanosecondsPerSecond
        while try !isThere() {
            guard Clocks.now() < deadline else { throw BenchError(.timeout, "\(what) did not come within a minute") }
            SystemThread.sleep(milliseconds: 20)
        }
    }

    @discardableResult
    private func spawn(_ arguments: [String], input: String = "") throws -> ChildProcess {
        let process = try ChildProcess.spawn([Self.executable] + arguments, output: .null, errors: .null)
        let text = Array(input.utf8)
        // It fits the pipe's buffer, so that the write does not wait for a reader.
        _ = write(process.input, text, text.count)
        close(process.input)
        processes.append(process)
        return process
    }

    static let executable =
        (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? "penstock"

    static func run(_ arguments: [String]) throws {
        let process = try ChildProcess.spawn(
            [executable] + arguments, input: .inherited, output: .null, errors: .null)
        let status = process.wait()
        guard status == 0 else {
            throw BenchError(.failed, "penstock \(arguments.joined(separator: " ")) failed with \(status)")
        }
    }

    /// All at once, and then waits for each.
    static func end(_ processes: some Collection<ChildProcess>) {
        for process in processes { process.signal(SIGTERM) }
        for process in processes { process.wait() }
    }
}
