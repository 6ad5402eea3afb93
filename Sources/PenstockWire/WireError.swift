internal import PenstockCore

/// Bytes from a peer that do not say anything this version understands. The peer's fault: refused and counted.
package struct WireError: CodedError, Hashable, Sendable {
    package var code: Code
    package var message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    package enum Code: String, Sendable {
        case malformed
        case tooLarge = "too_large"
        case oldVersion = "old_version"
        /// An event kind that this version does not know: a node that meets one in the log stops serving.
        case unknownKind = "unknown_kind"
    }

    package var description: String { "\(code.rawValue): \(message)" }
}

/// Versions of the formats. A peer that speaks another one is refused, so nobody can be talked down.
package enum WireVersion {
    package static let event: UInt32 = 1
    package static let request: UInt32 = 1
    package static let snapshot: UInt32 = 1
    package static let ledgerState: UInt32 = 1
}
