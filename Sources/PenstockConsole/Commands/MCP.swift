internal import ArgumentParser
internal import Foundation
internal import Logging
internal import PenstockCore
internal import PenstockCrypto
internal import PenstockEnforcer
internal import PenstockGateway
internal import PenstockHTTP
internal import PenstockNode

struct MCP: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mcp", abstract: "Stand between an MCP client and a stdio MCP server: every call is checked, spent for and recorded.",
        discussion: "Example: PENSTOCK_CREDENTIAL_FILE=cred penstock mcp --config mcp.yaml -- mcp-server-git")
    @Option(help: "Configuration file; 'penstock init' writes a commented one.") var config: String
    @Argument(parsing: .postTerminator, help: "The server and its arguments.") var command: [String] = []

    func run() async throws {
        Logs.start()
        guard !command.isEmpty else { throw ValidationError("name the server after --") }
        var status: Int32 = 0
        try await Failure.run(.table) {
            let settings = try await FileSettings(config, keys: Serving.keys + ["enforcer", "credential_file", "server", "prices"])
            guard let path = settings.optionalPath("credential_file") else {
                throw NodeError(.configuration, "name the agent's credential by 'credential_file' in \(config) or PENSTOCK_CREDENTIAL_FILE")
            }
            let credential = try PrivateFile.read(path)
            guard let digest = Credential.digest(of: credential) else { throw NodeError(.configuration, "\(path) holds no credential; it starts with pst_ and has 53 characters") }
            var options = GatewayOptions(command: command, credential: digest)
            options.serverID = settings.optionalText("server") ?? "mcp"
            options.onEnding = { StopWatchdog.start(Serving.stopTime) }
            options.prices = try settings.optionalPath("prices").map(PriceFile.read)
            status = try await serve(settings, credential, options)
        }
        throw ExitCode(status)
    }

    private func serve(_ settings: FileSettings, _ credential: String, _ options: GatewayOptions) async throws -> Int32 {
        let logger = Logger(label: "penstock.mcp")
        let place = try settings.text("enforcer")
        guard place == "embedded" else {
            let endpoint = place.hasPrefix("unix:") ? "unix:" + settings.absolute(String(place.dropFirst(5))) : place
            return await Gateway(try RemoteGatekeeper(endpoint: endpoint, credential: credential, hashing: .real, logger: logger), hashing: .real, options: options, logger: logger).run()
        }
        let enforcer = try Enforcer(Serving.options(Identity.load(settings.path("identity")), settings))
        try enforcer.start()
        // A client's first calls come at once, and would be denied as no_view while the view is fetched.
        for _ in 0..<200 where !enforcer.health().isReady { try await Task.sleep(for: .milliseconds(10)) }
        let status = await Gateway(enforcer, hashing: .real, options: options, logger: logger).run()
        enforcer.stop()
        return status
    }
}
