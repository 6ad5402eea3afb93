internal import Foundation
public import PenstockCore
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
    /// Parts in which grants are decided side by side: 1 to 64. By default 8 for each core, so that threads on all
    /// cores seldom meet in one: two that pick any of two parts meet in every second decision.
    public var shards = EnforcerOptions.shardsOfCores
    private static var shardsOfCores: Int {
        min(max(8 * ProcessInfo.processInfo.activeProcessorCount, Limits.shards.lowerBound), Limits.shards.upperBound)
    }
    /// Whether decision records are shipped to the ledger, where `audit` reads them.
    package var shipsDecisions = true

    /// The node whose identity `penstock node join` has put into `identityFolder`. Throws when it is damaged, is not an
    /// enforcer's, or others could read its keys.
    public init(identityFolder: String, dataFolder: String, audiences: [String] = [], journalBytes: Int = 1 << 30)
        throws
    {
        let identity = try Identity.load(identityFolder)
        guard identity.role == .enforcer else {
            throw EnforcerError(.identity, "'\(identity.name)' is a \(identity.role.name), not an enforcer")
        }
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
public struct EnforcerError: CodedError {
    public enum Code: String, Sendable {
        /// The identity is not an enforcer's.
        case identity
        /// What was read in the data folder contradicts itself: it is to be restored.
        case corrupt
    }

    public var code: Code
    public var message: String
    public var cause: (any Error)?

    package init(_ code: Code, _ message: String, cause: (any Error)? = nil) {
        (self.code, self.message, self.cause) = (code, message, cause)
    }

    public var description: String { message }
}
