internal import ArgumentParser
internal import Logging
internal import PenstockCore
internal import PenstockCrypto
internal import PenstockEnforcer
internal import PenstockEvidence
internal import PenstockGatekeeper
internal import PenstockHTTP
internal import PenstockLedger
internal import PenstockNode
internal import PenstockSystem
internal import ServiceLifecycle

struct Up: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "up", abstract: "Run a whole mesh in one process on this machine, until Ctrl-C.",
        discussion: "Makes the mesh first when DIR is empty. Each enforcer listens at DIR/enforcer-N/enforcer.sock.")
    @OptionGroup var mesh: MeshOptions
    @Option(help: "How many enforcers, 1 to 16.") var enforcers = 1

    func validate() throws {
        guard (1...16).contains(enforcers) else { throw ValidationError("--enforcers is 1 to 16") }
    }

    func run() async throws {
        Logs.start()
        OpenFiles.raise()
        try await Failure.run(mesh.output) {
            let folder = try mesh.folder
            if folder.names().isEmpty {
                let place = try LedgerPlace(host: "127.0.0.1", advertise: nil, port: 7810)
                if let taken = place.taken {
                    throw NodeError(
                        .configuration,
                        """
                        port \(taken) is in use; nothing was made: penstock init --dir \(folder.path) --port \
                        FIRST-OF-FOUR, then 'up' again
                        """
                    )
                }
                try Founding(dir: folder.path, mesh: "penstock", place: place, maxStalenessMS: 1000, maxGraceMS: 0)
                    .make()
            }
            let ledger = try LedgerNode(
                LedgerOptions(
                    identity: folder.identity(as: nil, roles: [.ledger]), dataFolder: folder.folder("ledger") + "/data")
            )
            try await ledger.start()
            var services: [any Service] = [ledger]
            var nodes: [Enforcer] = []
            let (opened, opening) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingOldest(enforcers))
            for number in 1...enforcers {
                let name = "enforcer-\(number)"
                let identity = try await joined(name, folder)
                let enforcer = try Enforcer(EnforcerOptions(identity: identity, dataFolder: identity.folder + "/data"))
                try enforcer.start()
                services.append(EnforcerService(enforcer))
                var door = HTTPDoorOptions(unixPath: identity.folder + "/enforcer.sock")
                door.directory = enforcer
                door.onListening = { _ in opening.yield() }
                services.append(
                    try HTTPDoor(enforcer, hashing: .real, options: door, logger: Logger(label: "penstock.http")))
                nodes.append(enforcer)
            }
            let plural = enforcers == 1 ? "" : "s"
            let text = "mesh up: ledger and \(enforcers) enforcer\(plural) in \(folder.path); Ctrl-C stops it"
            try await Serving.run(services + [Announcement(text: text, nodes: nodes, opened: opened)])
        }
    }

    /// Joins by the way that every node joins.
    private func joined(_ name: String, _ folder: MeshFolder) async throws -> Identity {
        if folder.names().contains(name) { return try Identity.load(folder.folder(name)) }
        return try await Task.detached {
            let client = try LedgerClient(folder.identity(as: nil, roles: [.operator]))
            let token = JoinTokenText(
                secret: SecureRandom.bytes(32), mesh: client.identity.member.mesh, role: .enforcer,
                ledger: client.identity.member.ledger)
            _ = try client.submit(
                .joinTokenMade(JoinToken(hash: token.hash, role: .enforcer, expiresAt: Clocks.wall() + 60_000)))
            return try JoinClient.join(token, name: name, folder: folder.folder(name)) {
                try PolicyFile(folder).admit($0)
            }
        }.value
    }
}

/// Says that the mesh is up once every node may allow and can be asked.
private struct Announcement: Service {
    let text: String
    let nodes: [Enforcer]
    /// An element for each door that answers.
    let opened: AsyncStream<Void>

    func run() async throws {
        await cancelWhenGracefulShutdown {
            var doors = opened.makeAsyncIterator()
            for _ in nodes {
                guard await doors.next() != nil else { return }
            }
            while !nodes.allSatisfy({ $0.health().isReady }) {
                guard (try? await Task.sleep(for: .milliseconds(20))) != nil else { return }
            }
            Output.message(text)
        }
        try? await gracefulShutdown()
    }
}
