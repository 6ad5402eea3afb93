/// What a request is for, in the order in which a turn of the ledger takes requests up.
package enum Lane: Int, CaseIterable, Sendable {
    /// What takes authority away or gives it back, from an operator.
    case restriction
    /// Echoes and acknowledgements: what keeps honest nodes fresh and closes barriers.
    case lease
    /// Slices asked for, spend reported, slices closed, debts told.
    case spend
    /// Every other event.
    case submission
    /// Decisions that are shipped.
    case decisions
    /// What only reads.
    case query

    /// Requests of one member that may wait; the next one is told `busy`.
    package var mostWaiting: Int {
        switch self {
        // An acknowledgement for each restriction of a burst is no flood.
        case .restriction, .lease: 256
        case .spend, .submission: 512
        case .decisions: 8
        case .query: 32
        }
    }

    /// Microseconds of work that one turn does for the lane. All lanes together stay far below a quarter of the
    /// shortest lease in use, which is how often an honest node echoes.
    package var workPerTurn: Int64 {
        switch self {
        case .restriction: 20_000
        case .lease: 10_000
        case .spend, .submission: 8_000
        case .decisions: 2_000
        case .query: 4_000
        }
    }

    /// When a request that was told `busy` is worth another try.
    package var retryAfterMS: UInt32 {
        switch self {
        case .restriction, .lease: 20
        case .spend, .submission: 50
        case .decisions, .query: 200
        }
    }

    package var name: String { "\(self)" }
}

/// What requests cost, in microseconds, as measured on one core of 2020: shares need the proportions only.
package enum TurnCost {
    /// A signature and a look into the store.
    package static let event: Int64 = 150
    package static let reserve: Int64 = 200
    package static let lease: Int64 = 25
    package static let decisions: Int64 = 100
    /// Up to a page out of the store, encoded and sealed.
    package static let page: Int64 = 1_000
    /// A signature made, or a few hashes.
    package static let proof: Int64 = 200

    /// A kilobyte is opened, decoded and hashed.
    package static func bytes(_ count: Int) -> Int64 { Int64(count >> 10) * 8 }
}
