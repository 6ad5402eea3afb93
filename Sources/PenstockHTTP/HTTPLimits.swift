internal import PenstockCore

/// Every bound on what an HTTP peer may send or make us keep, with its reason.
package enum HTTPLimits {
    /// A call's description; arguments beyond it are named by their digest.
    package static let bodyBytes = 64 * 1024
    /// A body of questions: 1 KiB for each of as many as one may have, since not all are as long as one may be.
    package static let batchBytes = evaluations * 1024
    /// A path and query that a proxy asks about: what proxies take in a request's first line.
    static let uriBytes = 8 * 1024
    /// Keys of callers: programs that stand before tools, not agents.
    package static let callers = 256
    /// Results of one page of a search, where nothing is asked, and at most.
    static let (searchPage, searchPageMost) = (100, 256)
    /// A digest and a cursor in hexadecimal: no cursor is longer than an id.
    static let searchTokenBytes = 64 + 2 * Limits.idBytes
    /// An answer is a few hundred bytes; anything larger is not from a Penstock.
    package static let answerBytes = 64 * 1024
    /// Attributes of one call: a grant has at most 64 conditions.
    package static let attributes = 256
    /// Cancellations waiting for a client that does not read: all that one restriction can stop of its grant, and as
    /// many of other events. One that lags further reconnects and fails closed.
    package static let eventsPerClient = 2 * Limits.openHoldsPerGrant
    /// A line of an event stream: a cancellation is some two hundred bytes.
    package static let eventLineBytes = 16 * 1024
    /// Data lines of one event: a Penstock writes one, and a proxy may not make us keep more than a few.
    package static let eventDataLines = 8
    /// Clients of the event stream: gateways on this machine.
    package static let eventClients = 256
    /// Those of them that show the same credential: an agent has a gateway for each of its servers.
    package static let eventClientsOfCredential = 32
    /// Connections to one address.
    package static let connections = 1_024
    /// While fewer than this are free, each new connection ends an idle one.
    package static let spareConnections = 64
    /// From the first byte of a request to its last, and from a connection to its first request: requests are small.
    package static let requestTime = Duration.seconds(10)
    /// From an answer that did not wait for all of its request to the end of the connection: what is still on its way
    /// is read meanwhile, since a client that is cut off while it sends may lose the answer.
    package static let drainTime = Duration.seconds(2)
    /// Between two requests: longer than the minute after which clients let go of idle connections themselves.
    package static let idleTime = Duration.seconds(75)
    /// How long a client may leave unread what was written to it.
    package static let unreadTime = Duration.seconds(10)
    /// How often these times are looked at.
    package static let watchInterval = Duration.milliseconds(250)
    /// How often the files of TLS are looked at for a change.
    package static let tlsReadInterval = Duration.seconds(1)
    /// Time for what is under way to end, once the process is asked to stop.
    package static let stopTime = Duration.milliseconds(1_000)
    /// From the last byte of a request to its answer, whatever it asks: what a batch has not decided by then it does
    /// not.
    package static let answerTime = Duration.seconds(30)
    /// A wait that a caller may ask for, in milliseconds: as long as a request may take.
    package static let patienceMS: Int64 = 30_000
    /// Questions of one body, which are decided one after another.
    package static let evaluations = 256
    /// Questions with unknown credentials, and requests that are none, that one connection may ask a second, and at
    /// once: a whole batch, so that a typing error is told as what it is. An agent that is right asks none.
    package static let strangersPerConnection = (perSecond: 32, atOnce: 256)
    /// As above, of all connections of a door together: a processor reads them in a few milliseconds.
    package static let strangersPerDoor = (perSecond: 256, atOnce: 1_024)
    /// When whoever asks for more is told to come back.
    package static let strangersRetryMS: Int64 = 1_000
    /// Connections that a client keeps between questions: more than an agent's calls at once.
    package static let idleConnections = 64
    /// For a connection to be made: the door is on this machine.
    package static let connectTime = Duration.seconds(2)
    /// After which a client lets go of a connection: three keep-alives of a stream, and more than any answer takes.
    package static let silentTime = Duration.seconds(45)
    /// How long a permit that another node gives is good for, in milliseconds: it covers any lease with its grace, and
    /// can be added to any clock.
    package static let permitMS: Int64 = 86_400_000
    /// … and how long what it holds may stay open.
    package static let holdMS = permitMS + Limits.holdTime / .nanosecondsPerMillisecond
}
