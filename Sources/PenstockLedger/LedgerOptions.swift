package import PenstockCore
package import PenstockNode

/// How one ledger process is set up.
package struct LedgerOptions: Sendable {
    package var identity: Identity
    /// Holds the log; one process at a time.
    package var dataFolder: String
    /// Endpoints to bind: `tcp://HOST:PORT` or `ipc://PATH`.
    package var requests: String
    package var log: String
    package var urgent: String
    package var join: String
    /// The size that kept decisions may reach; nil for as much as the disk has beside what the log needs.
    package var decisionBytes: Int?
    /// How long decisions stay in the store, and how many bytes of them, before they go to the archive; nil for ever.
    package var decisionsKeptDays: Int?
    package var decisionsKeptBytes: Int?
    /// The same of events, of which those below the ledger's snapshots go.
    package var logKeptDays: Int?
    package var logKeptBytes: Int?
    /// Where they go; nil for `archive` in the data folder.
    package var archiveFolder: String?
    /// Events after which a snapshot of the ledger's state is written.
    package var snapshotEvents = Limits.eventsPerStateSnapshot
    /// How long grants and join tokens are kept after their end.
    package var grantsKeptMS = Limits.keptUsuallyMS

    package init(identity: Identity, dataFolder: String) {
        self.identity = identity
        self.dataFolder = dataFolder
        let (ledger, host) = (identity.member.ledger, identity.member.listen)
        requests = Self.place(ledger.requests, host)
        log = Self.place(ledger.log, host)
        urgent = Self.place(ledger.urgent, host)
        join = Self.place(ledger.join, host)
    }

    /// Whether a log is the one that the identity serves.
    func check(_ view: View) throws(LedgerError) {
        let member = identity.member
        func problem(_ what: String) -> LedgerError { LedgerError(.configuration, what) }
        guard view.position > 0 else {
            throw problem("\(dataFolder) holds no log; make a mesh with 'penstock init'")
        }
        guard view.mesh == member.mesh else {
            throw problem(
                "\(dataFolder) holds the log of mesh '\(view.mesh)', this identity belongs to '\(member.mesh)'")
        }
        guard view.member(identity.name) == identity.keys else {
            throw problem("the log knows ledger '\(identity.name)' under other keys; restore \(identity.folder)")
        }
    }

    /// Where to listen, for who connects to an endpoint.
    private static func place(_ endpoint: String, _ host: String?) -> String {
        guard let host = host.flatMap(HostAddress.init), let colon = endpoint.lastIndex(of: ":") else {
            return endpoint
        }
        return "tcp://\(host.bracketed)" + endpoint[colon...]
    }
}

/// Why a ledger did not start, or stopped serving.
package struct LedgerError: CodedError {
    package enum Code: String, Sendable {
        /// The folder's log is not the one that the identity belongs to, or there is none.
        case configuration
        /// A log is there already.
        case exists
        /// Another process has the log, or had it since.
        case inUse = "in_use"
        /// What is stored contradicts itself: restore a backup.
        case corrupt
        /// A snapshot is not to be used: the log is folded from further back.
        case snapshot
        /// The log cannot be written.
        case halted
    }

    package var code: Code
    package var message: String
    package var cause: (any Error)?

    package init(_ code: Code, _ message: String, cause: (any Error)? = nil) {
        (self.code, self.message, self.cause) = (code, message, cause)
    }

    package var description: String { message }
}
