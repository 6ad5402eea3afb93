internal import PenstockCore

/// Why a benchmark has no result.
package struct BenchError: CodedError {
    package enum Code: String, Sendable {
        /// A file that is measured with cannot be written.
        case io
        /// What was waited for did not come.
        case timeout
        /// A command, a key or a log did not do what is measured.
        case failed
    }

    package var code: Code
    package var message: String

    init(_ code: Code, _ message: String) { (self.code, self.message) = (code, message) }

    package var description: String { message }
}
