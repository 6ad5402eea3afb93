/// The one shape of an error that a person or a script reads.
package protocol CodedError: Error, CustomStringConvertible {
    associatedtype Code: Sendable

    var code: Code { get }
    /// The code as scripts read it, in snake case. It is permanent.
    var codeName: String { get }
    /// One line that says where, and what to do about it.
    var message: String { get }
    /// What failed underneath, where that is known as an error.
    var cause: (any Error)? { get }
    var kind: ErrorKind { get }
}

/// Whose word an error is: by it, a command chooses its exit status, and what it adds to the message.
package enum ErrorKind: Sendable {
    /// A node has judged the request, and not taken it.
    case refused
    /// There is nothing of that name.
    case notFound
    /// No node has answered.
    case unreachable
    /// A node's answer was not what was asked for.
    case unexpected
    /// The way to a node could not be opened.
    case connection
    /// Of this machine: a file, a setting, a key.
    case local
}

extension CodedError where Code: RawRepresentable<String> {
    package var codeName: String { code.rawValue }
}

extension CodedError {
    package var cause: (any Error)? { nil }
    package var kind: ErrorKind { .local }
}
