/// What stops a command before or outside the mesh: one line that says what to do.
package struct NodeError: Error, Hashable, Sendable, CustomStringConvertible {
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

    package var description: String { message }
}
