/// What a turn has taken up and not finished.
extension LedgerTurn {
    /// Events that one commit makes durable, and who is answered once it has.
    struct Batch: Sendable {
        var events: [VerifiedEvent] = []
        var bytes = 0
        var answers: [(asker: Asker, answer: PendingAnswer)] = []
        var joiners: [(route: Route, position: Position)] = []

        /// Whether so much more is within what the store keeps room for ahead. One input always is.
        func fits(events count: Int, bytes more: Int = 0) -> Bool {
            events.isEmpty || events.count + count <= Limits.commitEvents && bytes + more <= Limits.commitBytes
        }
    }

    enum PendingAnswer: Sendable {
        case submitted(Position, Event, isDuplicate: Bool, barrierMS: UInt32?)
        case reserved([PlacedSlice], refused: [SliceAnswer.Refused], hasWaited: Bool)
    }

    struct WaitingEcho: Sendable {
        var asker: Asker
        var progress: NodeProgress
        var nonce: UInt64
        var rates: RateStatement?
    }

    struct BarrierWaiter: Sendable {
        var position: Position
        var asker: Asker
        var deadline: Instant
    }

    /// Log publications that wait for the acknowledgements of a restriction among them.
    struct HeldPublications: Sendable {
        var until: Instant
        var events: [VerifiedEvent]
        var first: Position
        var restrictions: [Position]
    }
}
