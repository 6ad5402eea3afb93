internal import Glibc
internal import PenstockCore
internal import PenstockNode
internal import PenstockTransport

/// Where a new ledger listens, and where others connect to it.
struct LedgerPlace {
    static let ports = 4

    /// The host to listen on; nil where it is the advertised one.
    private(set) var listen: String?
    private let listening: HostAddress
    private let advertised: HostAddress
    private let port: Int

    /// Refuses what the ledger could not listen on here, and what nobody could connect to.
    init(host: String, advertise: String?, port: Int) throws(NodeError) {
        guard (1...65_536 - Self.ports).contains(port) else {
            throw NodeError(.configuration, "--port must leave room for \(Self.ports) ports up to 65535")
        }
        listening = try Self.read(host, "--host")
        try Self.check(listening)
        advertised = try advertise.map { text throws(NodeError) in try Self.read(text, "--advertise") } ?? listening
        guard !advertised.isWildcard else {
            let what = "\(advertised.bracketed) is every address of this machine, and none to connect to"
            throw NodeError(
                .configuration,
                advertise == nil
                    ? "\(what): name with --advertise the one that others connect to" : "\(what): --advertise names one"
            )
        }
        listen = listening == advertised ? nil : listening.text
        self.port = port
    }

    /// Without keys.
    var address: LedgerAddress {
        func endpoint(_ number: Int) -> String { "tcp://\(advertised.bracketed):\(port + number)" }
        return LedgerAddress(
            name: "ledger", requests: endpoint(0), log: endpoint(1), urgent: endpoint(2), join: endpoint(3),
            channelKey: "", signingKey: "")
    }

    /// The first of its ports that somebody has.
    var taken: Int? {
        (port..<port + Self.ports).first { port in
            Resolver.addresses(listening).first.flatMap { Resolver.problem(listeningOn: $0, port: port) } == EADDRINUSE
        }
    }

    private static func read(_ text: String, _ flag: String) throws(NodeError) -> HostAddress {
        guard let host = HostAddress(text) else {
            let hint = HostAddress.authority(text)?.port != nil ? "; the port is --port" : ""
            throw NodeError(.configuration, "\(flag) is \(HostAddress.forms), not '\(text)'\(hint)")
        }
        return host
    }

    private static func check(_ host: HostAddress) throws(NodeError) {
        guard let address = Resolver.addresses(host).first else {
            let why =
                Resolver.isInterface(host.text)
                ? "is a network interface: --host takes its address" : "is no name that this machine knows"
            throw NodeError(.configuration, "--host: '\(host.text)' \(why)")
        }
        guard let problem = Resolver.problem(listeningOn: address, port: 0) else { return }
        let what = host == address ? "\(host.text)" : "\(host.text), which is \(address.text) here,"
        let hint =
            problem == EADDRNOTAVAIL
            ? "is no address of this machine; where it is one that others connect to, name it with --advertise"
            : String(cString: strerror(problem))
        throw NodeError(.configuration, "--host: \(what) \(hint)")
    }
}
