/// Why a door cannot serve.
package enum HTTPDoorError: Error, Hashable, Sendable, CustomStringConvertible {
    case noAddress
    case notLoopback(String)
    case pathTooLong(String)
    case notASocket(String)
    case inUse(String)
    case unusableTLS(String)

    package var description: String {
        switch self {
        case .noAddress: "the HTTP door has neither a socket path nor a port"
        case .notLoopback(let host):
            """
            \(host) is not a loopback address: name 'tls_certificate' and 'tls_key' to leave this machine, or use \
            127.0.0.1, ::1 or a Unix socket
            """
        case .pathTooLong(let path): "\(path) is too long for a Unix socket (\(HTTPLimits.socketPathBytes) bytes)"
        case .notASocket(let path): "\(path) exists and is not a socket"
        case .inUse(let path): "another process answers at \(path)"
        case .unusableTLS(let why): "the files of TLS cannot be used: \(why)"
        }
    }
}
