package import PenstockCore

/// What stops a command before or outside the mesh: one line that says what to do.
package struct NodeError: CodedError, Hashable, Sendable {
    package var code: Code
    package var message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    package enum Code: String, Sendable {
        case configuration
        case identity
        case unreachable
        case refused
        case notFound = "not_found"
        case protocolError = "protocol_error"
    }

    package var kind: ErrorKind {
        switch code {
        case .notFound: .notFound
        case .refused, .protocolError: .unexpected
        case .unreachable: .unreachable
        case .configuration, .identity: .local
        }
    }

    package var description: String { message }
}
