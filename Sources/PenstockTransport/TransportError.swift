import CZeroMQ
import Glibc
package import PenstockCore
internal import PenstockSystem

/// Why the transport refused or failed, and what to do about it. Messages name no secrets.
package struct TransportError: CodedError, Equatable {
    package enum Code: Equatable, Sendable {
        /// The endpoint cannot be parsed, or names an interface that this machine does not have.
        case badEndpoint
        /// Only `tcp://` and `ipc://` are spoken.
        case refusedScheme
        case addressInUse
        /// Not 32 bytes, or not 40 characters of Z85.
        case badKey
        /// One of the key pairs printed in the libzmq manual: everybody has its secret.
        case publishedKey
        /// Empty, too long, or holding a NUL. An empty one would turn authentication off.
        case badDomain
        /// Another verdict is registered for the domain.
        case domainTaken
        /// The endpoint did not refuse a stranger, or did not answer.
        case selfTestFailed
        /// The socket was closed.
        case closed
        /// libzmq or the system failed, with this errno.
        case system(errno: Int32)
    }

    package let code: Code
    package let message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    init(_ error: SystemError) { self.init(.system(errno: error.number), error.message) }

    /// What went wrong in detail is for people: a script can do nothing about one that it would not about another.
    package var codeName: String { "transport" }
    package var kind: ErrorKind { .connection }
    package var description: String { message }
}

/// The one place that reads errno after a call.
///
/// zmq_errno(3): it "retrieves the value of the errno variable for the calling thread". Anything that runs in
/// between may overwrite it, so it is read in the same expression as the call.
enum ZMQ {
    struct Result {
        let value: Int32
        /// 0 if the call succeeded.
        let errno: Int32
    }

    @inline(__always)
    static func call(_ body: () -> Int32) -> Result {
        let value = body()
        return Result(value: value, errno: value == -1 ? zmq_errno() : 0)
    }

    @discardableResult
    static func check(_ doing: @autoclosure () -> String, _ body: () -> Int32) throws(TransportError) -> Int32 {
        let result = call(body)
        guard result.errno == 0 else { throw failure(doing(), result.errno) }
        return result.value
    }

    static func failure(_ doing: String, _ errno: Int32) -> TransportError {
        let reason = String(cString: zmq_strerror(errno))
        return TransportError(.system(errno: errno), "\(doing) failed: \(reason)")
    }

    static func endpointFailure(_ doing: String, _ endpoint: String, _ errno: Int32) -> TransportError {
        switch errno {
        case EADDRINUSE:
            TransportError(
                .addressInUse, "\(doing) \(endpoint): the address is in use. Stop its owner or choose another.")
        case EINVAL, ENODEV, EADDRNOTAVAIL, ENAMETOOLONG, ENOENT:
            TransportError(
                .badEndpoint,
                "\(doing) \(endpoint): this machine has no such address. Write tcp://HOST:PORT, IPv6 in brackets, "
                    + "or ipc://PATH.")
        case EPROTONOSUPPORT, ENOCOMPATPROTO:
            TransportError(.refusedScheme, "\(doing) \(endpoint): use tcp:// or ipc://.")
        default:
            failure("\(doing) \(endpoint)", errno)
        }
    }

    /// libzmq's own number for a scheme that a socket kind cannot speak (`ZMQ_HAUSNUMERO + 52`).
    private static let ENOCOMPATPROTO: Int32 = 156_384_712 + 52
}
