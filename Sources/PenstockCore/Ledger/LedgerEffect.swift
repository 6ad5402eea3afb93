/// An event whose signer, signature, canonical form and time zone were checked at the ledger's door, or that the
/// ledger has signed itself.
package struct VerifiedEvent: Sendable {
    package let event: Event
    /// The log's entry: the bytes that were signed are the bytes that are stored and published.
    package let entry: [UInt8]

    package init(_ event: Event, entry: [UInt8]) {
        self.event = event
        self.entry = entry
    }
}

/// Makes the ledger's own events. An event's id is the hash of its signed bytes, so it is made by whoever has the key.
package protocol EventAuthor {
    func author(_ kind: EventKind, at time: WallTime) -> VerifiedEvent
}

/// Who asks, over which connection, and under which id.
package struct Caller<Route: Hashable & Sendable>: Hashable, Sendable {
    package var route: Route
    package var sender: NodeKeys
    package var id: UInt64

    package init(route: Route, sender: NodeKeys, id: UInt64) {
        self.route = route
        self.sender = sender
        self.id = id
    }
}

/// What a turn of the ledger takes in: decoded, verified, and with what the store was asked for.
package enum LedgerInput<Route: Hashable & Sendable>: Sendable {
    /// `known`: where the log has it already. `barrierMS`: how long its submitter waits for the barrier.
    case submit(VerifiedEvent, known: Position?, barrierMS: UInt32?, Caller<Route>)
    case reserve(SliceRequest, Caller<Route>)
    /// `agrees`: the root that the node names is this log's.
    case echo(NodeProgress, nonce: UInt64, rates: RateStatement?, agrees: Bool, Caller<Route>)
    case acknowledge(NodeProgress, agrees: Bool, Caller<Route>)
    /// From the door of strangers, who has proven that it holds these keys.
    case join(NodeKeys, tokenHash: Digest, Route)
    /// What time alone brings about; a few times a second.
    case housekeep
}

/// What a turn of the ledger wants done, in this order.
package enum LedgerEffect<Route: Hashable & Sendable>: Sendable {
    /// On the lane that nothing may delay.
    case publishUrgent(VerifiedEvent, at: Position)
    /// On the lane of the log. With `restrictions`, a checkpoint of the log's end goes with it, which proves them.
    case publishLog([VerifiedEvent], from: Position, restrictions: [Position])
    case answer(Caller<Route>, LedgerAnswer)
    /// Over the socket of strangers.
    case answerJoin(Route, Result<Position, Refusal>)
    /// Pushed, in answer to nothing.
    case recall(Route, [Ledger.Recall])
    /// Who may connect has changed.
    case admitMembers
    /// A member was expelled: every connection must prove anew that it belongs.
    case cutConnections
    /// The log that was restored from a backup is served from here on.
    case endRestore
    /// Nothing is served until an operator has decided.
    case reportHalt(String)
}

package enum LedgerAnswer: Sendable {
    /// `child`: the grant, where it has a parent and is told what it has from it.
    case submitted(Position, Digest, isDuplicate: Bool, child: String?)
    /// `hasWaited`: for what others gave back.
    case reserved([PlacedSlice], refused: [SliceAnswer.Refused], hasWaited: Bool)
    case echo(EchoReply)
    case barrier(Barrier)
    case refused(Refusal)
}

/// A slice in the log.
package struct PlacedSlice: Hashable, Sendable {
    package var position: Position
    package var slice: Slice

    package init(position: Position, slice: Slice) {
        self.position = position
        self.slice = slice
    }
}

/// What must be done before anything else of a turn is, and what became of it is told to the turn.
package struct LedgerCommit: Sendable {
    /// To be durable, all of them or none, from `first` on. Often empty.
    package var events: [VerifiedEvent]
    package var first: Position
    /// The epoch that this process has opened.
    package var epoch: UInt64
    /// The head is to be read behind the commit: echoes are answered from a read that began after they came.
    package var readsHead: Bool

    package enum Outcome: Sendable {
        /// `room`: what the store can take behind it.
        case durable(room: StoreRoom)
        /// Nothing of it is in the log. `fits`: what the disk was found to take when it was tried since.
        case full(String, fits: StoreRoom)
        /// It is not known what the log has.
        case unknown(String)
    }

    package enum Head: Sendable {
        case notRead
        case read(Position, epoch: UInt64)
        case unreadable(String)
    }
}
