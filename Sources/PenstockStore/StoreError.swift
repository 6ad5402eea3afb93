internal import Glibc
package import PenstockCore
internal import PenstockSystem

/// Why the store did not do as asked. `message` says where, and what to do about it.
package struct StoreError: CodedError, Equatable, Sendable {
    package enum Code: String, Sendable {
        /// What is stored contradicts itself. Nothing may be served from it: restore a backup.
        case corrupt
        /// No room. The store is as it was before the call, which may be tried again once there is room.
        case full
        /// Another process has the data folder.
        case locked
        /// The operating system failed a read or a write. After a failed append its outcome is unknown.
        case io
        /// The event or batch is above its limit. Nothing was stored.
        case tooLarge = "too_large"
        /// The id is in the log already, or the batch with another content. Nothing was stored.
        case duplicate
        /// The file is some other program's, or a newer version's. It was left untouched.
        case incompatible
    }

    package var code: Code
    package var message: String
    /// The log position concerned, where there is one.
    package var position: Position?

    package init(_ code: Code, _ message: String, position: Position? = nil) {
        self.code = code
        self.message = message
        self.position = position
    }

    package var description: String { "\(code.rawValue): \(message)" }
}

extension StoreError {
    init(_ error: FolderError) {
        switch error.code {
        case .locked: self.init(.locked, error.message)
        case .full: self.init(.full, error.message)
        case .io: self.init(.io, error.message)
        }
    }

    /// The error of the system call that just failed; `errno` is read before anything else can change it.
    static func system(_ what: String, errno number: CInt = Glibc.errno) -> StoreError {
        StoreError(number == ENOSPC ? .full : .io, "\(what): \(String(cString: strerror(number)))")
    }
}
