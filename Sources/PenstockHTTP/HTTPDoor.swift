internal import Hummingbird
internal import HummingbirdCore
package import Logging
internal import NIOCore
package import PenstockCore
package import PenstockGatekeeper
internal import ServiceLifecycle
internal import Synchronization

/// Where and how a door listens.
package struct HTTPDoorOptions: Sendable {
    /// Path of a Unix socket that only its owner may open.
    package var unixPath: String?
    /// A loopback address, unless the door speaks TLS.
    package var host = "127.0.0.1"
    /// On the port; the Unix socket needs none.
    package var tls: DoorTLSOptions?
    /// By which names besides loopback's clients may ask for the port.
    package var names: [HostAddress] = []
    /// 0 takes any free port; nil listens on none.
    package var port: Int?
    /// Who may ask at the port; nil for whoever shows a grant's credential.
    package var callers: CallerKeys?
    /// Types of subjects that trusted callers may name instead of a credential, and what they are called here.
    package var subjects: [String: Selector.Kind] = [:]
    /// Where searches look, and subjects are found.
    package var directory: (any Directory)?
    /// How long a decision may wait for a slice when the caller does not say.
    package var patience: Duration = .seconds(2)
    /// Between two comments on an event stream. A client takes three of them missed for a lost stream.
    package var keepAlive: Duration = .seconds(15)
    /// Told each address once it answers: `unix:PATH`, `http://HOST:PORT` or `https://HOST:PORT`.
    package var onListening: @Sendable (String) -> Void = { _ in }

    package init(unixPath: String? = nil, port: Int? = nil) {
        self.unixPath = unixPath
        self.port = port
    }
}

/// The HTTP side of one enforcer: AuthZEN, holds, cancellations, health and metrics.
package struct HTTPDoor: Service {
    private let gatekeeper: any Gatekeeper & Observable
    private let hashing: Hashing
    private let options: HTTPDoorOptions
    private let logger: Logger
    /// Of the Unix socket, and of the port.
    private let connections = [Connections(), Connections()]
    private let tls: TLSFiles?

    /// Throws when the addresses cannot be served; nothing is bound before `run`.
    package init(_ gatekeeper: any Gatekeeper & Observable, hashing: Hashing, options: HTTPDoorOptions, logger: Logger)
        throws(HTTPDoorError)
    {
        guard options.unixPath != nil || options.port != nil else { throw .noAddress }
        if options.port != nil, options.tls == nil, HostAddress(options.host)?.isLoopback != true {
            throw .notLoopback(options.host)
        }
        let onPort = connections[1]
        tls = try options.tls.map { options throws(HTTPDoorError) in
            try TLSFiles(options, logger: logger) { onPort.endProven() }
        }
        self.gatekeeper = gatekeeper
        self.hashing = hashing
        self.options = options
        self.logger = logger
    }

    /// Serves until shutdown. Throws when an address cannot be bound.
    package func run() async throws {
        let hub = EventHub(gatekeeper, keepAlive: options.keepAlive)
        let doors = [Strangers(.unixSocket), Strangers(.tcp)]
        let responders = zip(doors, connections).map { strangers, connections in
            DoorResponder(
                gatekeeper: gatekeeper, hashing: hashing, hub: hub, connections: connections,
                options: options, strangers: strangers,
                names: HostNames(listed: Set(options.names.map(\.text))), doors: doors, tls: tls)
        }
        var services: [any Service] = []
        let inode = Mutex<UInt?>(nil)
        let file = options.unixPath.map(SocketFile.init(path:))
        let told = options.onListening
        if let file {
            try file.claim()
            services.append(
                application(responders[0], .unixDomainSocket(path: file.temporary), tls: nil) { channel in
                    guard let number = file.publish() else {
                        channel.close(promise: nil)
                        return
                    }
                    inode.withLock { $0 = number }
                    told("unix:\(file.path)")
                })
        }
        if let port = options.port {
            let (host, scheme) = (options.host, tls == nil ? "http" : "https")
            services.append(
                application(responders[1], .hostname(host, port: port), tls: tls) { channel in
                    let shown = host.contains(":") ? "[\(host)]" : host
                    told("\(scheme)://\(shown):\(channel.localAddress?.port ?? port)")
                })
        }
        defer { if let number = inode.withLock({ $0 }) { file?.remove(inode: number) } }
        // Services stop in reverse: the event streams first, then the servers that carry them. What clients leave half
        // done is cancelled.
        var group = ServiceGroupConfiguration(
            services: services + [tls].compactMap(\.self) + [hub], logger: logger)
        group.maximumGracefulShutdownDuration = HTTPLimits.stopTime
        do {
            try await ServiceGroup(configuration: group).run()
        } catch  where Task.isShuttingDownGracefully {
            logger.debug("requests were cut off", metadata: ["why": "\(error)"])
        }
    }

    private func application(
        _ responder: DoorResponder, _ address: BindAddress, tls: TLSFiles?,
        onRunning: @escaping @Sendable (any Channel) async -> Void
    ) -> Application<DoorResponder> {
        let connections = responder.connections
        var quiet = logger
        quiet.logLevel = max(logger.logLevel, .warning)
        return Application(
            responder: responder,
            server: .http1(
                configuration: .init(additionalChannelHandlers: [ConnectionHandler.Installer(connections, tls)])),
            configuration: .init(
                address: address, availableConnectionsDelegate: MaximumAvailableConnections(HTTPLimits.connections)),
            services: [ConnectionWatch(connections: connections)], onServerRunning: onRunning, logger: quiet)
    }
}

/// Cuts slow connections off while their door serves.
private struct ConnectionWatch: Service {
    let connections: Connections

    func run() async throws {
        _ = await cancelWhenGracefulShutdown { try? await connections.watch() }
    }
}
