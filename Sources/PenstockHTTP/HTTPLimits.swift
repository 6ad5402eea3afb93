/// Every bound on what an HTTP peer may send or make us keep, with its reason.
package enum HTTPLimits {
    /// A call's description; arguments beyond it are named by their digest.
    package static let bodyBytes = 64 * 1024
    /// An answer is a few hundred bytes; anything larger is not from a Penstock.
    package static let answerBytes = 64 * 1024
    /// Attributes of one call: a grant has at most 64 conditions.
    package static let attributes = 256
    /// Cancellations waiting for a client that does not read: one that lags further reconnects and fails closed.
    package static let eventsPerClient = 1_024
    /// A line of an event stream: a cancellation is some two hundred bytes.
    package static let eventLineBytes = 16 * 1024
    /// Data lines of one event: a Penstock writes one, and a proxy may not make us keep more than a few.
    package static let eventDataLines = 8
    /// Clients of the event stream: gateways on this machine.
    package static let eventClients = 256
    /// Connections to one address.
    package static let connections = 1_024
    /// A wait that a caller may ask for, in milliseconds.
    package static let patienceMS: Int64 = 30_000
    /// Questions of one body, which are decided one after another.
    package static let evaluations = 256
    /// How long a permit that another node gives is good for, in milliseconds: it covers any lease with its grace, and
    /// can be added to any clock.
    package static let permitMS: Int64 = 86_400_000
}
