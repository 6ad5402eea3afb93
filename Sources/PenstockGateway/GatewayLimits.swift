/// Every bound on what a client or server may send or make the gateway keep, with its reason.
package enum GatewayLimits {
    /// One line from the client: tool arguments with a file in them.
    package static let clientLineBytes = 4 << 20
    /// One line from the server: results carry images and files.
    package static let serverLineBytes = 16 << 20
    /// Requests of the client under way: more than any agent runs at once.
    package static let outstanding = 256
    /// Bytes of requests that wait for a decision or for the server.
    package static let waitingBytes = 32 << 20
    /// Requests of the server under way.
    package static let serverOutstanding = 256
    /// Bytes in one direction that are not written yet; past it nothing more is read from the other side.
    package static let queueBytes = 16 << 20
    /// A request's id: longer than a UUID or any counter.
    package static let idBytes = 256
    /// Ids of requests that ended here while the server may still answer them.
    package static let tombstones = 1_024
    /// Cancellations of calls that are not known yet: their decision is still on its way.
    package static let earlyCancellations = 4_096
    /// Attributes from arguments: a grant has at most 64 conditions.
    package static let attributes = 64
    package static let attributeDepth = 4
    package static let attributeBytes = 512
    /// All attributes together, as text: with it a call stays under the body limit of the HTTP door.
    package static let attributeBytesTotal = 16 * 1024
    /// Entries on one page of a list: each is asked about. A longer page is answered by an error.
    package static let entriesPerPage = 10_000
    /// A name or a value at the top level of a line that is read for its id alone: longer than any id.
    package static let outlineBytes = 4_096
    /// A text in what passes without a decision of its own: a name, a version.
    package static let closedTextBytes = 256
    /// A cursor is the server's own text, sent back to it.
    package static let cursorBytes = 4_096
    /// What a client says of its abilities.
    package static let capabilitiesBytes = 4_096
    /// Messages that a live grant may outlive in the queue before they are given up.
    package static let standingRechecks = 16
    /// Between closing the server's input, SIGTERM and SIGKILL, once the gateway itself was told to end.
    package static let urgentGrace = Duration.seconds(1)
    /// Until then a gateway that was told to end has ended, whatever is still under way.
    package static let stopSeconds = 4.7
    /// A price table as a file: every rule with all its members.
    package static let priceFileBytes = 1 << 20
    /// Permits that a request may outlive in the queue before it is given up.
    package static let rechecks = 3
}
