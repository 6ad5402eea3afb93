package import PenstockCore

/// Why an identity is not believed.
package struct IdentityError: CodedError, Hashable, Sendable {
    package enum Code: String, Sendable, CaseIterable {
        /// It cannot be read.
        case malformed
        /// It leads to no root that is trusted here.
        case untrusted
        /// It breaks a rule of SPIFFE.
        case unfit
    }

    package var code: Code
    package var message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    package var kind: ErrorKind { .refused }
    package var description: String { message }
}

/// Every bound on what a peer may show as its identity, with its reason.
package enum IdentityLimits {
    /// A certificate with a large key and some names is 2 KiB.
    package static let certificateBytes = 16 * 1024
    /// A leaf, and authorities one above another: more than any deployment in use.
    package static let chainLength = 8
    /// A public bundle of all authorities has 150.
    package static let certificatesPerFile = 512
    /// … in PEM, which takes a third more.
    package static let fileBytes = 4 << 20
}
