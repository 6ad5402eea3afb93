internal import Glibc

/// Why a journal cannot be opened or extended.
package enum JournalError: Error, Equatable, Sendable, CustomStringConvertible {
    /// What is stored contradicts itself at `offset` bytes into the file. Nothing may be served on the strength of it: an
    /// operator has to look at the file, and may then set the folder aside, by a logged event.
    case corrupt(path: String, offset: Int, what: String)
    /// No room on the file system. What is recorded is untouched; try again once segments were released.
    case full(path: String)
    /// The file was written by a newer version.
    case incompatible(path: String, version: UInt32)
    /// Another process has it mapped, by this path or another.
    case inUse(path: String)
    case io(path: String, operation: String, errno: Int32)

    package var description: String {
        switch self {
        case .corrupt(let path, let offset, let what):
            "\(path): corrupt at byte \(offset): \(what)"
        case .full(let path):
            "\(path): no room left on this file system; free some, or let the journal be smaller (journal_megabytes)"
        case .incompatible(let path, let version):
            "\(path): written in format \(version), this program knows \(SegmentHeader.version); use a newer program"
        case .inUse(let path):
            "\(path): another process uses this journal, by this path or another; one journal has one process: stop the other"
        case .io(let path, let operation, let number):
            "\(path): \(operation): \(String(cString: strerror(number)))"
        }
    }

    /// The error of the system call that just failed; `errno` is read before anything else can change it.
    static func system(_ operation: String, _ path: String, errno number: Int32 = Glibc.errno) -> JournalError {
        number == ENOSPC || number == EDQUOT ? .full(path: path) : .io(path: path, operation: operation, errno: number)
    }
}
