internal import ArgumentParser
internal import Foundation
internal import Logging
internal import PenstockCore
internal import PenstockCrypto
internal import PenstockEnforcer
internal import PenstockHTTP
internal import PenstockLedger
internal import PenstockNode
internal import ServiceLifecycle
internal import UnixSignals

struct LedgerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "ledger", abstract: "Run the ledger in the foreground, until SIGTERM or Ctrl-C.")
    @Option(help: "Configuration file; 'penstock init' writes a commented one.") var config: String

    func run() async throws {
        Logs.start()
        OpenFiles.raise()
        try await Failure.run(.table) {
            let settings = try FileSettings(config, keys: ["identity", "data", "decisions_megabytes"])
            settings.notes.forEach(Serving.note)
            let identity = try Identity.load(settings.path("identity"))
            guard identity.role == .ledger else { throw NodeError(.configuration, "'\(identity.name)' is a \(identity.role.name), not a ledger") }
            var options = LedgerOptions(identity: identity, dataFolder: try settings.path("data"))
            let megabytes = try settings.integer("decisions_megabytes", default: 0, in: 0...1 << 30)
            if megabytes > 0 { options.decisionBytes = megabytes << 20 }
            let node = try LedgerNode(options)
            try await node.start()
            try await Serving.run([node])
        }
    }
}

struct EnforcerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "enforcer", abstract: "Run an enforcement node in the foreground, until SIGTERM or Ctrl-C.")
    @Option(help: "Configuration file; 'penstock init' writes a commented one.") var config: String

    func run() async throws {
        Logs.start()
        OpenFiles.raise()
        try await Failure.run(.table) {
            let settings = try FileSettings(config, keys: Serving.keys + ["socket", "port", "host_names"])
            settings.notes.forEach(Serving.note)
            let identity = try Identity.load(settings.path("identity"))
            let enforcer = try Enforcer(Serving.options(identity, settings))
            try enforcer.start()
            var door = HTTPDoorOptions(unixPath: settings.optionalPath("socket"))
            let port = try settings.integer("port", default: 0, in: 0...65535)
            if port > 0 { door.port = port }
            door.names = try settings.hosts("host_names")
            try await Serving.run([EnforcerService(enforcer), try HTTPDoor(enforcer, hashing: .real, options: door, logger: Logger(label: "penstock.http"))])
        }
    }
}

struct Up: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run a whole mesh in one process on this machine, until Ctrl-C.",
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
                    throw NodeError(.configuration, "port \(taken) is in use; nothing was made: penstock init --dir \(folder.path) --port FIRST-OF-FOUR, then 'up' again")
                }
                try Founding(dir: folder.path, mesh: "penstock", place: place, maxStalenessMS: 1000, maxGraceMS: 0).make()
            }
            let ledger = try LedgerNode(LedgerOptions(identity: folder.identity(as: nil, roles: [.ledger]), dataFolder: folder.folder("ledger") + "/data"))
            try await ledger.start()
            var services: [any Service] = [ledger]
            for number in 1...enforcers {
                let name = "enforcer-\(number)"
                let identity = try await joined(name, folder)
                let enforcer = try Enforcer(EnforcerOptions(identity: identity, dataFolder: identity.folder + "/data"))
                try enforcer.start()
                services.append(EnforcerService(enforcer))
                let door = HTTPDoorOptions(unixPath: identity.folder + "/enforcer.sock")
                services.append(try HTTPDoor(enforcer, hashing: .real, options: door, logger: Logger(label: "penstock.http")))
            }
            Output.message("mesh up: ledger and \(enforcers) enforcer\(enforcers == 1 ? "" : "s") in \(folder.path); Ctrl-C stops it")
            try await Serving.run(services)
        }
    }

    /// Joins by the way that every node joins.
    private func joined(_ name: String, _ folder: MeshFolder) async throws -> Identity {
        if folder.names().contains(name) { return try Identity.load(folder.folder(name)) }
        return try await Task.detached {
            let client = try LedgerClient(folder.identity(as: nil, roles: [.operator]))
            let token = JoinTokenText(secret: SecureRandom.bytes(32), mesh: client.identity.member.mesh, role: .enforcer, ledger: client.identity.member.ledger)
            _ = try client.submit(.joinTokenMade(JoinToken(hash: token.hash, role: .enforcer, expiresAt: Clocks.wall() + 60_000)))
            return try JoinClient.join(token, name: name, folder: folder.folder(name)) { try PolicyFile(folder).admit($0) }
        }.value
    }
}

enum Serving {
    /// What `options` reads.
    static let keys = ["identity", "data", "audiences", "journal_megabytes"]

    static func options(_ identity: Identity, _ settings: FileSettings) throws -> EnforcerOptions {
        guard identity.role == .enforcer else { throw NodeError(.configuration, "'\(identity.name)' is a \(identity.role.name), not an enforcer") }
        let megabytes = try settings.integer("journal_megabytes", default: 1024, in: 4...1 << 20)
        return EnforcerOptions(identity: identity, dataFolder: try settings.path("data"), audiences: settings.list("audiences"), journalBytes: megabytes << 20)
    }

    static func note(_ text: String) { Output.message("penstock: \(Printable.text(text))") }

    /// Of 5 s that a process has to end.
    static let stopTime: TimeInterval = 4.7

    static func run(_ services: [any Service]) async throws {
        let watchdog = StopWatchdog(after: stopTime)
        let group = ServiceGroup(services: services + [watchdog], gracefulShutdownSignals: [.sigterm, .sigint], logger: Logger(label: "penstock"))
        try await group.run()
    }
}

/// Ends a process that was asked to stop and does not: whoever waits for it would kill it later. What is durable is so already.
struct StopWatchdog: Service {
    let after: TimeInterval

    init(after: TimeInterval) { self.after = after }

    func run() async throws {
        try? await gracefulShutdown()
        Self.start(after)
    }

    static func start(_ after: TimeInterval) {
        Thread.detachNewThread {
            Thread.sleep(forTimeInterval: after)
            Output.message("penstock: not all has ended within \(after) s; this process ends without it")
            _exit(1)
        }
    }
}

/// An enforcer that was started, until the group stops it.
struct EnforcerService: Service {
    let enforcer: Enforcer

    init(_ enforcer: Enforcer) { self.enforcer = enforcer }

    func run() async throws {
        try? await gracefulShutdown()
        let enforcer = enforcer
        await withCheckedContinuation { continuation in
            Thread.detachNewThread {
                enforcer.stop()
                continuation.resume()
            }
        }
    }
}

/// A server's connections are files, and the usual 1,024 are fewer than its own bounds.
private enum OpenFiles {
    static func raise() {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
        limit.rlim_cur = limit.rlim_max
        _ = setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }
}

extension Hashing {
    static let real = Hashing(hash: { SHA256.hash($0) }, credentialDigest: { Credential.digest(of: $0) })
}

/// Messages as lines on standard error; PENSTOCK_LOG sets the level.
enum Logs {
    static func start() {
        let wanted = Surroundings.text("PENSTOCK_LOG")
        let level = wanted.flatMap { Logger.Level(rawValue: $0.lowercased()) }
        if let wanted, level == nil {
            Serving.note("PENSTOCK_LOG is \(Logger.Level.allCases.map(\.rawValue).joined(separator: ", ")), not '\(wanted)'; 'info' is taken")
        }
        let chosen = level ?? .info
        LoggingSystem.bootstrap { label in
            var handler = StreamLogHandler.standardError(label: label)
            handler.logLevel = label.hasPrefix("penstock.http") || label == "penstock" ? max(chosen, .notice) : chosen
            return handler
        }
    }
}
