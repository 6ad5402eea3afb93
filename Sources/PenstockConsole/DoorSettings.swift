internal import PenstockCore
internal import PenstockHTTP
internal import PenstockIdentity
internal import PenstockNode

/// How an enforcer's configuration says where and how its HTTP door listens.
enum DoorSettings {
    static let keys = [
        "socket", "port", "bind", "host_names", "tls_certificate", "tls_key", "tls_clients", "tls_client_roots",
        "spiffe_bundles", "caller_keys", "subjects",
    ]

    static func options(_ settings: FileSettings) throws -> HTTPDoorOptions {
        var door = HTTPDoorOptions(unixPath: settings.optionalPath("socket"))
        let port = try settings.integer("port", default: 0, in: 0...65535)
        if port > 0 { door.port = port }
        let bind = try settings.hosts("bind")
        guard bind.count <= 1 else { throw NodeError(.configuration, "'bind' is one address") }
        if let host = bind.first { door.host = host.text }
        door.names = try settings.hosts("host_names")
        door.tls = try tls(settings)
        if let path = settings.optionalPath("caller_keys") { door.callers = try callers(path) }
        for written in settings.list("subjects") where !written.isEmpty {
            let parts = written.split(separator: "=", omittingEmptySubsequences: false).map(String.init)
            guard parts.count <= 2, !parts[0].isEmpty, let kind = HTTPDoorOptions.kinds[parts[parts.count - 1]] else {
                throw NodeError(
                    .configuration,
                    """
                    'subjects': '\(written)' is not TYPE or TYPE=KIND, where KIND is \
                    \(HTTPDoorOptions.kinds.keys.sorted().joined(separator: ", "))
                    """)
            }
            door.subjects[parts[0]] = kind
        }
        return door
    }

    private static func callers(_ path: String) throws -> CallerKeys {
        do {
            return try CallerKeys(TextFile.read("the callers' keys", path))
        } catch let error as CallerKeys.Problem {
            throw NodeError(.configuration, "\(path): \(error.text)")
        }
    }

    private static func tls(_ settings: FileSettings) throws -> DoorTLSOptions? {
        guard let certificate = settings.optionalPath("tls_certificate"), let key = settings.optionalPath("tls_key")
        else {
            // What it was to turn on would stay off unseen.
            let others = keys.filter { $0.hasPrefix("tls_") || $0 == "spiffe_bundles" }
            if let name = others.first(where: { !settings.list($0).isEmpty }) {
                throw NodeError(.configuration, "'\(name)' needs both 'tls_certificate' and 'tls_key'")
            }
            return nil
        }
        var tls = DoorTLSOptions(certificate: certificate, key: key)
        if let text = settings.optionalText("tls_clients") {
            guard let clients = DoorTLSOptions.Clients(rawValue: text) else {
                throw NodeError(.configuration, "'tls_clients' is none, asked or required, not '\(text)'")
            }
            tls.clients = clients
        }
        tls.clientRoots = settings.optionalPath("tls_client_roots")
        for text in settings.list("spiffe_bundles") where !text.isEmpty {
            let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
            guard parts.count == 2, SPIFFEID.isTrustDomain(parts[0]), tls.bundles[parts[0]] == nil else {
                throw NodeError(.configuration, "'spiffe_bundles' are DOMAIN=FILE, each domain once, not '\(text)'")
            }
            tls.bundles[parts[0]] = settings.absolute(parts[1], of: "spiffe_bundles")
        }
        guard tls.clients != .none || tls.clientRoots == nil && tls.bundles.isEmpty else {
            throw NodeError(.configuration, "'tls_clients: none' asks for no certificate: leave out whom to believe")
        }
        return tls
    }
}
