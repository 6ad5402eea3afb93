package import Logging
internal import PenstockCore
internal import PenstockGatekeeper
internal import Synchronization

/// An enforcer reached over its HTTP door, on behalf of one credential.
///
/// Whatever goes wrong on the way is a denial for want of a view. A call that holds is asked about only while the
/// stream of cancellations stands, once anybody has subscribed to it: its caller could not be told to stop it.
package final class RemoteGatekeeper: Gatekeeper {
    package enum Problem: Error, Hashable, Sendable, CustomStringConvertible {
        case endpoint(String)
        case pathTooLong(String)
        case credential

        package var description: String {
            switch self {
            case .endpoint(let text):
                "\(text) is neither unix:PATH nor http://HOST:PORT with a loopback address: this version has no TLS"
            case .pathTooLong(let path): "\(path) is longer than the path of a Unix socket can be"
            case .credential: "the credential is not well formed"
            }
        }
    }

    let endpoint: String
    let logger: Logger?
    let client: DoorClient
    let watch: Mutex<Watch>
    private let hashing: Hashing

    /// - Parameter endpoint: `unix:PATH` or `http://` with a loopback address and a port.
    /// - Parameter logger: is told once when nothing answers there, and once when something does again.
    package init(endpoint: String, credential: String, hashing: Hashing, logger: Logger? = nil) throws(Problem) {
        guard let client = Self.client(endpoint) else { throw .endpoint(endpoint) }
        // unix(7): sun_path holds 108 bytes with its end.
        guard !endpoint.hasPrefix("unix:") || endpoint.utf8.count - 5 < 108 else {
            throw .pathTooLong(String(endpoint.dropFirst(5)))
        }
        guard let digest = hashing.credentialDigest(credential) else { throw .credential }
        self.endpoint = endpoint
        self.logger = logger
        self.client = client
        self.hashing = hashing
        watch = Mutex(Watch(known: [(digest, credential)]))
    }

    /// Asks with another credential from now on, which `hashing` must take for one. What was begun with those before it
    /// is still told of, for as long as it runs.
    package func use(_ credential: String) {
        guard let digest = hashing.credentialDigest(credential) else { return }
        let idle = watch.withLock { watch in
            watch.known = [(digest, credential)] + watch.known.filter { $0.digest != digest }.prefix(1)
            follow(digest, in: &watch)
            return watch.giveUp()
        }
        for task in idle { task.cancel() }
    }

    func text(_ digest: Digest) -> String? { watch.withLock { $0.text(digest) } }

    private static func client(_ endpoint: String) -> DoorClient? {
        if endpoint.hasPrefix("unix:") {
            let path = String(endpoint.dropFirst(5))
            return path.hasPrefix("/") ? DoorClient(.unix(path: path), host: "localhost") : nil
        }
        guard endpoint.hasPrefix("http://") else { return nil }
        let authority = endpoint.dropFirst(7)
        guard
            let (host, given) = HostAddress.authority(
                String(authority.hasSuffix("/") ? authority.dropLast() : authority)), let port = given, host.isLoopback
        else { return nil }
        return DoorClient(.tcp(host: host.text, port: port), host: "\(host.bracketed):\(port)")
    }
}
