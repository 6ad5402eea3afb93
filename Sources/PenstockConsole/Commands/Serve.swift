internal import ArgumentParser
internal import Logging
internal import PenstockCore
internal import PenstockCrypto
internal import PenstockEnforcer
internal import PenstockEvidence
internal import PenstockHTTP
internal import PenstockLedger
internal import PenstockNode
internal import ServiceLifecycle
internal import UnixSignals

struct LedgerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ledger", abstract: "Run the ledger in the foreground, until SIGTERM or Ctrl-C.")
    @Option(help: "Configuration file; 'penstock init' writes a commented one.") var config: String

    func run() async throws {
        Logs.start()
        OpenFiles.raise()
        try await Failure.run(.table) {
            let settings = try FileSettings(config, keys: LedgerOptions.keys)
            settings.notes.forEach(Serving.note)
            let identity = try Identity.load(settings.path("identity"))
            guard identity.role == .ledger else {
                throw NodeError(.configuration, "'\(identity.name)' is a \(identity.role.name), not a ledger")
            }
            let options = try LedgerOptions(identity, settings)
            let node = try LedgerNode(options)
            try await node.start()
            try await Serving.run([node])
        }
    }
}

struct EnforcerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "enforcer", abstract: "Run an enforcement node in the foreground, until SIGTERM or Ctrl-C.")
    @Option(help: "Configuration file; 'penstock init' writes a commented one.") var config: String

    func run() async throws {
        Logs.start()
        OpenFiles.raise()
        try await Failure.run(.table) {
            let settings = try FileSettings(config, keys: Serving.keys + DoorSettings.keys)
            settings.notes.forEach(Serving.note)
            let identity = try Identity.load(settings.path("identity"))
            let enforcer = try Enforcer(Serving.options(identity, settings))
            try enforcer.start()
            var door = try DoorSettings.options(settings)
            door.directory = enforcer
            try await Serving.run([
                EnforcerService(enforcer),
                try HTTPDoor(enforcer, hashing: .real, options: door, logger: Logger(label: "penstock.http")),
            ])
        }
    }
}

enum Serving {
    /// What `options` reads.
    static let keys = ["identity", "data", "audiences", "journal_megabytes", "shards"]

    static func options(_ identity: Identity, _ settings: FileSettings) throws -> EnforcerOptions {
        guard identity.role == .enforcer else {
            throw NodeError(.configuration, "'\(identity.name)' is a \(identity.role.name), not an enforcer")
        }
        let megabytes = try settings.integer("journal_megabytes", default: 1024, in: 4...1 << 20)
        var options = EnforcerOptions(
            identity: identity, dataFolder: try settings.path("data"), audiences: settings.list("audiences"),
            journalBytes: megabytes << 20)
        options.shards = try settings.integer("shards", default: options.shards, in: Limits.shards)
        return options
    }

    static func note(_ text: String) { Output.message("penstock: \(Printable.text(text))") }

    /// Of 5 s that a process has to end.
    static let stopTimeMS = 4_700

    static func run(_ services: [any Service]) async throws {
        let watchdog = StopWatchdog(afterMS: stopTimeMS)
        let group = ServiceGroup(
            services: services + [watchdog], gracefulShutdownSignals: [.sigterm, .sigint],
            logger: Logger(label: "penstock"))
        try await group.run()
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
            Serving.note(
                """
                PENSTOCK_LOG is \(Logger.Level.allCases.map(\.rawValue).joined(separator: ", ")), not '\(wanted)'; \
                'info' is taken
                """
            )
        }
        let chosen = level ?? .info
        LoggingSystem.bootstrap { label in
            var handler = StreamLogHandler.standardError(label: label)
            handler.logLevel = label.hasPrefix("penstock.http") || label == "penstock" ? max(chosen, .notice) : chosen
            return handler
        }
    }
}
