internal import ArgumentParser
internal import Foundation
internal import Logging
internal import PenstockCore
internal import PenstockCrypto
internal import PenstockEnforcer
internal import PenstockGatekeeper
internal import PenstockGateway
internal import PenstockHTTP
internal import PenstockNode

struct MCP: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mcp",
        abstract: "Stand between an MCP client and a stdio MCP server: every call is checked, spent for and recorded.",
        discussion: """
            Example: PENSTOCK_CREDENTIAL_FILE=cred penstock mcp --config mcp.yaml -- mcp-server-git

            When another credential is put into the file, or the file is replaced, it is used from the next request on.
            """)
    @Option(help: "Configuration file; 'penstock init' writes a commented one.") var config: String
    @Argument(parsing: .postTerminator, help: "The server and its arguments.") var command: [String] = []

    func run() async throws {
        Logs.start()
        guard !command.isEmpty else {
            throw ValidationError(
                "name the server after --, as in: penstock mcp --config mcp.yaml -- mcp-server-git --repository repo")
        }
        var status: Int32 = 0
        try await Failure.run(.table) {
            let settings = try FileSettings(
                config, keys: Serving.keys + ["enforcer", "credential_file", "server", "prices"])
            guard let path = settings.optionalPath("credential_file") else {
                throw NodeError(
                    .configuration,
                    "name the agent's credential by 'credential_file' in \(config) or PENSTOCK_CREDENTIAL_FILE")
            }
            settings.notes.forEach(Serving.note)
            guard !PrivateFile.isStandardInput(path) else {
                throw NodeError(
                    .configuration,
                    """
                    \(path) is this command's input, which is the client's: name the credential by a file or \
                    another pipe
                    """
                )
            }
            let secret = try ReplaceableSecret(path)
            guard let digest = Credential.digest(of: secret.text) else {
                throw NodeError(
                    .configuration, "\(path) holds no credential; it starts with pst_ and has 53 characters")
            }
            var options = GatewayOptions(command: command, credential: digest)
            options.serverID = settings.optionalText("server") ?? "mcp"
            options.onEnding = { StopWatchdog.start(afterMS: Serving.stopTimeMS) }
            options.prices = try settings.optionalPath("prices").map(PriceFile.read)
            status = try await serve(settings, secret, options)
        }
        throw ExitCode(status)
    }

    private func serve(_ settings: FileSettings, _ secret: ReplaceableSecret, _ options: GatewayOptions) async throws
        -> Int32
    {
        let logger = Logger(label: "penstock.mcp")
        var options = options
        let place = try settings.text("enforcer")
        guard place == "embedded" else {
            let endpoint = try EnforcerPlace.endpoint(place) { settings.absolute($0, of: "enforcer") }
            let remote: RemoteGatekeeper
            do {
                remote = try RemoteGatekeeper(
                    endpoint: endpoint, credential: secret.text, hashing: .real, logger: logger)
            } catch {
                throw NodeError(.configuration, "'enforcer': \(error)")
            }
            options.renewed = renewal(of: secret, logger) { remote.use($0) }
            return await Gateway(remote, hashing: .real, options: options, logger: logger).run()
        }
        options.renewed = renewal(of: secret, logger) { _ in }
        let enforcer = try Enforcer(Serving.options(Identity.load(settings.path("identity")), settings))
        try enforcer.start()
        // A client's first calls come at once, and would be denied as no_view while the view is fetched.
        for _ in 0..<200 where !enforcer.health().isReady { try await Task.sleep(for: .milliseconds(10)) }
        let status = await Gateway(enforcer, hashing: .real, options: options, logger: logger).run()
        enforcer.stop()
        return status
    }

    /// What cannot be used is said, and the credential before it stays in use.
    private func renewal(of secret: ReplaceableSecret, _ logger: Logger, _ use: @escaping @Sendable (String) -> Void)
        -> @Sendable () -> Digest?
    {
        return {
            do {
                guard let text = try secret.replaced() else { return nil }
                guard let digest = Credential.digest(of: text) else {
                    logger.warning(
                        "the credential's file was replaced, and holds no credential: the one before is used still")
                    return nil
                }
                use(text)
                logger.notice("the credential's file was replaced: its credential is used from now on")
                return digest
            } catch {
                logger.warning("the credential's file was replaced, and cannot be used: \(printed(error))")
                return nil
            }
        }
    }
}
