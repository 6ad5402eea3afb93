package import PenstockNode

/// How one enforcement node is set up.
package struct EnforcerOptions: Sendable {
    package var identity: Identity
    /// Holds the journal; one process at a time.
    package var dataFolder: String
    /// Destination services that this node stands before.
    package var audiences: [String]
    /// Bound of the journal's size on disk, in bytes.
    package var journalBytes: Int
    /// Whether decision records are shipped to the ledger, where `audit` reads them.
    package var shipsDecisions = true

    package init(identity: Identity, dataFolder: String, audiences: [String] = [], journalBytes: Int = 1 << 30) {
        self.identity = identity
        self.dataFolder = dataFolder
        self.audiences = audiences
        self.journalBytes = journalBytes
    }
}

package struct EnforcerError: Error, Hashable, Sendable, CustomStringConvertible {
    package var message: String
    package init(_ message: String) { self.message = message }
    package var description: String { message }
}
