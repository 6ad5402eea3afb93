internal import PenstockCore
internal import PenstockJournal
package import PenstockNode

/// How one enforcement node is set up.
public struct EnforcerOptions: Sendable {
    package var identity: Identity
    /// Holds the journal; one process at a time.
    public var dataFolder: String
    /// Destination services that this node stands before. A grant that names another one is refused here.
    public var audiences: [String]
    /// Bound of the journal's size on disk, in bytes: 4 MiB and more.
    public var journalBytes: Int
    /// Whether decision records are shipped to the ledger, where `audit` reads them.
    package var shipsDecisions = true

    /// The node whose identity `penstock node join` has put into `identityFolder`. Throws when it is damaged, is not an
    /// enforcer's, or others could read its keys.
    public init(identityFolder: String, dataFolder: String, audiences: [String] = [], journalBytes: Int = 1 << 30) throws {
        let identity = try Identity.load(identityFolder)
        guard identity.role == .enforcer else { throw EnforcerError("'\(identity.name)' is a \(identity.role.name), not an enforcer") }
        self.init(identity: identity, dataFolder: dataFolder, audiences: audiences, journalBytes: journalBytes)
    }

    package init(identity: Identity, dataFolder: String, audiences: [String] = [], journalBytes: Int = 1 << 30) {
        self.identity = identity
        self.dataFolder = dataFolder
        self.audiences = audiences
        self.journalBytes = journalBytes
    }

    /// Segments are 16 MiB, or a fourth of a smaller bound.
    var journal: JournalOptions {
        let segment = min(16 << 20, max(1 << 20, journalBytes / 4)) & ~0xFFF
        return JournalOptions(segmentBytes: segment, maxSegments: max(4, journalBytes / segment))
    }
}

/// Why a node could not be set up. The message says what to do.
public struct EnforcerError: Error, Hashable, Sendable, CustomStringConvertible {
    public var message: String
    package init(_ message: String) { self.message = message }
    public var description: String { message }
}
