internal import PenstockCore
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

    package init(identity: Identity, dataFolder: String) {
        self.identity = identity
        self.dataFolder = dataFolder
        let (ledger, host) = (identity.member.ledger, identity.member.listen)
        requests = Self.place(ledger.requests, host)
        log = Self.place(ledger.log, host)
        urgent = Self.place(ledger.urgent, host)
        join = Self.place(ledger.join, host)
    }

    /// Where to listen, for who connects to an endpoint.
    private static func place(_ endpoint: String, _ host: String?) -> String {
        guard let host = host.flatMap(HostAddress.init), let colon = endpoint.lastIndex(of: ":") else { return endpoint }
        return "tcp://\(host.bracketed)" + endpoint[colon...]
    }
}

/// Why a ledger did not start, or stopped serving.
package struct LedgerError: Error, Hashable, Sendable, CustomStringConvertible {
    package var message: String
    package init(_ message: String) { self.message = message }
    package var description: String { message }
}
