/// The four socket kinds the mesh uses. The thread-safe kinds of libzmq are drafts and not in a distribution's build.
///
/// A publisher is no PUB: libzmq takes what a peer subscribes to within the publisher's own calls, for as long as it
/// comes, and keeps a node of memory for each byte. 65 MB of filters, sent in half a second under an auditor's key,
/// took 2.1 GB and 16 s of every member's time. So it is a ROUTER, and subscribing is a message like any other, which
/// is bounded and counted.
package enum SocketKind: Sendable {
    /// Answers clients: every message goes to or comes from one route.
    case router
    /// A client of a router.
    case dealer
    /// Sends to all who subscribed. Drops for a peer that cannot keep up, and never says so.
    case publisher
    /// Receives from the publisher's next message on once `subscribe` has arrived there, and until the connection ends.
    case subscriber
}

/// Who is at the other end. Strangers have an I/O thread and smaller messages of their own.
package enum SocketTraffic: Sendable {
    case members
    case strangers
}

/// How a socket authenticates. There is no unencrypted kind.
package enum SocketSecurity: Sendable {
    /// Admits the client keys that the verdict registered for `domain` admits, and none while there is none.
    case server(keys: CurveKeyPair, domain: String)
    /// Proves `keys` to, and talks only with, the holder of `serverKey` (32 bytes, public).
    case client(keys: CurveKeyPair, serverKey: [UInt8])
}

/// The name of one connection to a router, valid until that connection ends. It is an address for replies, never an
/// identity: a client may choose its own. Who sent a message is its `userID`.
package struct RoutingID: Hashable, Sendable, CustomStringConvertible {
    package let bytes: [UInt8]

    package init(_ bytes: [UInt8]) { self.bytes = bytes }

    package var description: String {
        bytes.map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined()
    }
}

package enum SendOutcome: Equatable, Sendable {
    /// Queued. It says nothing of arrival; on a publisher not even that.
    case sent
    /// The peer's queue is full, or a dealer has no connection just now. Nothing was queued.
    case full
    /// A router has no such route (any more). Nothing was queued.
    case unroutable
    /// Above `SocketLimits.messageBytes`: the peer would cut the connection. Nothing was queued.
    case tooLarge
}

/// A message that has the right number of parts.
package struct InboundMessage: Equatable, Sendable {
    /// Where to reply to; nil unless the socket is a router.
    package let route: RoutingID?
    /// Whom the verdict said the sender is. On a router a message without one must not be processed. Always nil on a
    /// client's socket, where the server's key has proven the sender.
    package let userID: String?
    /// The network address that a stranger's message came from. No identity: many may share one.
    package let address: String?
    package let payload: [UInt8]
}

package enum Inbound: Equatable, Sendable {
    case message(InboundMessage)
    /// The peer's fault: consumed whole, to be counted and dropped. `parts` counts a router's routing id too.
    case malformed(route: RoutingID?, userID: String?, parts: Int)
}
