internal import Glibc
internal import PenstockCore

/// Why a data folder could not be taken, or a file in it not be written.
package struct FolderError: CodedError, Equatable {
    package enum Code: String, Sendable {
        case locked, full, io
    }

    package let code: Code
    package let message: String

    package var description: String { message }

    /// The error of the system call that just failed; `errno` is read before anything else can change it.
    static func system(_ what: String, errno number: CInt = Glibc.errno) -> FolderError {
        FolderError(code: number == ENOSPC ? .full : .io, message: "\(what): \(String(cString: strerror(number)))")
    }
}
