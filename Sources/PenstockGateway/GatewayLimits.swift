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
    /// Time in which it must be known which entries of a list may be shown, and how many are asked about at once.
    package static let listTime = Duration.seconds(20)
    package static let previewsAtOnce = 8
    /// A name or a URI in a list: with it, however it is escaped, a question stays under the body limit of the HTTP
    /// door.
    package static let nameBytes = 8_192
    /// Tasks of the server that go on under one session.
    package static let tasks = 256
    package static let taskIDBytes = 1_024
    /// How often whoever waits for a side that does not read looks whether it may still write, in milliseconds.
    package static let lookMS: Int32 = 50
    /// A name or a value at the top level of a line that is read for its id alone: an id that is too long is answered
    /// still.
    package static let outlineBytes = 64 * 1024
    /// Ids of one such message: a proper one has one.
    package static let outlineIDs = 4
    /// A text in what passes without a decision of its own: a name, a version.
    package static let closedTextBytes = 256
    /// A cursor is the server's own text, sent back to it.
    package static let cursorBytes = 4_096
    /// What a client says of its abilities.
    package static let capabilitiesBytes = 4_096
    /// Questions in turn that do not tell whether the grant is live, or that are overtaken, before what waits is given
    /// up.
    package static let standingRechecks = 16
    /// How long before a message leaves it may have been asked about, in milliseconds: a process that was stopped
    /// meanwhile asks again. Many times what an answer takes to come.
    package static let answerMS: Int64 = 50
    /// A price table as a file: every rule with all its members.
    package static let priceFileBytes = 1 << 20
    /// Permits that a request may outlive in the queue before it is given up.
    package static let rechecks = 3
}
