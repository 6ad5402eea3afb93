internal import Glibc
internal import PenstockCore

/// The system has no more of what every process shares.
package struct SystemError: CodedError, Equatable {
    package enum Code: String, Sendable {
        case noThread = "no_thread"
        case noPipe = "no_pipe"
    }

    package let code: Code
    /// As errno(3) numbers it.
    package let number: Int32
    package let message: String

    init(_ code: Code, _ number: Int32, _ message: String) {
        self.code = code
        self.number = number
        self.message = "\(message): \(String(cString: strerror(number)))"
    }

    package var description: String { message }
}
