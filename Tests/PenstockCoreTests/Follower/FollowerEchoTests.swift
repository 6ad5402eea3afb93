internal import PenstockCore
internal import Testing

/// Calls of linearizable grants ask for echoes of their own; over a slow link they must not push out the echoes that
/// could renew the lease.
@Suite struct FollowerEchoTests {
    private struct Node: ~Copyable {
        var follower = Make.follower()
        var enforcement = Enforcement(node: "n1", incarnation: Make.incarnation(1), audiences: [])
        var underWay: [(nonce: UInt64, answeredAt: Instant)] = []
        var nonce: UInt64 = 0
        let view: View

        init() throws {
            view = try View(grants: [Make.grant("g")])
            _ = tick(false, at: 0)
            follower.loaded(view, head: view.position, into: &enforcement, at: 0)
        }

        /// Returns how many echoes were sent.
        mutating func tick(_ echoWanted: Bool, at now: Instant) -> Int {
            nonce += 1
            let asks = follower.tick(&enforcement, awaited: [], echoWanted: echoWanted, at: now) { nonce }
            return asks.count { if case .echo = $0 { true } else { false } }
        }

        /// A millisecond of a node that is asked for an echo at any time, and whose echoes are answered after
        /// `roundTrip`.
        mutating func run(_ milliseconds: Range<Int64>, roundTrip: Int64) -> Int {
            milliseconds.reduce(0) { sent, millisecond in
                let now = Make.milliseconds(millisecond)
                for answer in underWay where answer.answeredAt <= now {
                    follower.answered(
                        EchoReply(nonce: answer.nonce, epoch: 1, head: view.position, ledgerTime: Make.wall),
                        &enforcement, at: now)
                }
                underWay.removeAll { $0.answeredAt <= now }
                let count = tick(true, at: now)
                if count > 0 { underWay.append((nonce, now + Make.milliseconds(roundTrip))) }
                return sent + count
            }
        }
    }

    @Test(arguments: [2, 40, 200] as [Int64])
    func aFloodOfWishesDoesNotKeepTheLeaseFromBeingRenewed(roundTrip: Int64) throws {
        var node = try Node()
        _ = node.run(0..<3000, roundTrip: roundTrip)
        let age = try #require(node.enforcement.lease.age(at: Make.milliseconds(3000)))
        #expect(age <= Make.milliseconds(2 * roundTrip + Int64(Settings.standard.maxStalenessMS) / 4))
    }

    @Test func aWishIsGrantedAtOnceWhereTheLedgerAnswersAtOnce() throws {
        var node = try Node()
        #expect(node.run(0..<1000, roundTrip: 1) > 900)
    }

    /// It may be the ledger that is away: nobody hears them.
    @Test func echoesThatNobodyAnswersAreFew() throws {
        var node = try Node()
        #expect(node.run(0..<1000, roundTrip: 10_000) <= 20)
    }
}
