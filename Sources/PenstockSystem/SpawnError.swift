internal import Glibc
internal import PenstockCore

/// Why no process was started.
package struct SpawnError: CodedError, Equatable {
    package enum Code: String, Sendable {
        case noCommand = "no_command"
        case noPipe = "no_pipe"
        case cannotStart = "cannot_start"
    }

    package let code: Code
    package let message: String

    package var description: String { message }

    package static let noCommand = SpawnError(code: .noCommand, message: "no command to run")

    /// - Parameter number: as errno(3) numbers what failed.
    package static func noPipe(_ number: Int32) -> SpawnError {
        SpawnError(code: .noPipe, message: "pipe: \(String(cString: strerror(number)))")
    }

    package static func cannotStart(_ program: String, _ number: Int32) -> SpawnError {
        SpawnError(
            code: .cannotStart, message: "cannot start \(program): \(String(cString: strerror(number)))")
    }
}
