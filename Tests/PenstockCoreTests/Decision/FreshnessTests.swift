internal import PenstockCore
internal import Testing

/// How old a view may be for a decision.
@Suite struct FreshnessTests {
    private let graceful = Settings(maxStalenessMS: 1000, maxGraceMS: 500, clockRatePPM: 1000, marginMS: 50)

    private func node(
        _ settings: Settings = .standard, isFresh: Bool = true, _ change: (inout Grant) -> Void = { _ in }
    ) throws -> DecidingNode {
        try DecidingNode([Make.grant("g", change)], settings: settings, isFresh: isFresh)
    }

    private func limit(_ node: DecidingNode) -> Int64 {
        let start = node.now
        defer { node.now = start }
        return (1...4000).first {
            node.now = start + Make.milliseconds($0)
            return node.reason(Make.call()) == .staleView
        } ?? -1
    }

    @Test func meshsStalenessIsTheLimit() throws {
        #expect(limit(try node()) == 1000)
    }

    @Test(arguments: [(UInt32(300), Int64(300)), (2000, 1000)]) func tighterBoundOfTheTwoDecides(
        own: UInt32, expected: Int64
    ) throws {
        #expect(limit(try node { $0.maxStalenessMS = own }) == expected)
    }

    @Test(arguments: [(UInt32(0), Int64(1000)), (200, 1200), (900, 1500)]) func graceGoesAsFarAsTheMeshAllows(
        own: UInt32, expected: Int64
    ) throws {
        #expect(limit(try node(graceful) { $0.graceMS = own }) == expected)
    }

    @Test func graceIsNothingWhereTheMeshAllowsNone() throws {
        #expect(limit(try node { $0.graceMS = 500 }) == 1000)
    }

    /// The ledger fenced it by the bounds of before: what is raised holds from the next echo on, what is lowered at
    /// once.
    @Test func boundsThatAreRaisedDoNotStretchALease() throws {
        let node = try node(graceful) { $0.graceMS = 900 }
        let raised = Settings(maxStalenessMS: 2000, maxGraceMS: 900, clockRatePPM: 1000, marginMS: 50)
        try node.add(.settingsChanged(raised))
        #expect(limit(node) == 1500)
        node.now += 1
        node.renew()
        #expect(limit(node) == 2900)
        try node.add(.settingsChanged(.standard))
        #expect(limit(node) == 1000)
    }

    @Test func graceNeedsALeaseToHaveBeenThere() throws {
        let node = try node(graceful, isFresh: false) { $0.graceMS = 500 }
        #expect(node.reason(Make.call()) == .staleView)
        node.renew()
        #expect(node.reason(Make.call()) == .none)
        // Of this view: one that is loaded anew starts without.
        node.enforcement.load(try View(grants: [Make.grant("g") { $0.graceMS = 500 }], settings: graceful))
        #expect(node.reason(Make.call()) == .staleView)
    }

    @Test func graceIsForKnownCredentialsOnly() throws {
        let node = try node(graceful) { $0.graceMS = 500 }
        #expect(node.reason(Make.call("h")) == .unknownCredential)
        node.now += Make.milliseconds(1200)
        #expect(node.reason(Make.call("g")) == .none)
        #expect(node.reason(Make.call("h")) == .staleView)
        #expect(node.enforcement.isFresh(at: node.now) == false)
    }

    @Test func usableUntilIsNeverLaterThanTheLease() throws {
        let node = try node(graceful) { ($0.maxStalenessMS, $0.graceMS) = (300, 100) }
        let sentAt = node.now
        node.now += Make.milliseconds(350)
        #expect(node.decide(Make.call()).usableUntil == sentAt + Make.milliseconds(400))
    }

    @Test func linearizableWaitsForAnEchoSentAfterTheCallArrived() throws {
        let node = try node { $0.linearizable = true }
        let sentAt = node.now
        node.now += Make.milliseconds(10)
        let arrivedAt = node.now
        #expect(node.reason(Make.call(), arrivedAt: arrivedAt) == .staleView)
        #expect(node.reason(Make.call(), arrivedAt: sentAt + 1) == .staleView)
        #expect(node.reason(Make.call(), arrivedAt: sentAt) == .none)
        node.now += Make.milliseconds(10)
        node.renew()
        #expect(node.reason(Make.call(), arrivedAt: arrivedAt) == .none)
    }

    @Test func atLeastWaitsForThePosition() throws {
        let node = try node()
        #expect(node.reason(Make.call { $0.atLeast = 2 }) == .none)
        #expect(node.reason(Make.call { $0.atLeast = 3 }) == .staleView)
        try node.add(.settingsChanged(.standard))
        #expect(node.reason(Make.call { $0.atLeast = 3 }) == .none)
    }

    @Test func callWaitsForWhatItAsksForAndForNothingElse() throws {
        let node = try DecidingNode([Make.grant("g"), Make.grant("l") { $0.linearizable = true }])
        let arrivedAt = node.now + 1
        node.now += Make.milliseconds(10)
        func waits(_ call: Call) -> Bool { node.enforcement.node.awaitsNews(call, arrivedAt: arrivedAt, now: node.now) }
        #expect(!waits(Make.call("g")))
        #expect(waits(Make.call("l")))
        #expect(waits(Make.call("g") { $0.atLeast = node.position + 1 }))
        #expect(!waits(Make.call("g") { $0.atLeast = node.position }))
        // Nobody's credential: whoever reaches the door could have it wait.
        #expect(!waits(Make.call("nobody") { $0.atLeast = .max }))
        node.renew()
        #expect(!waits(Make.call("l")))
        #expect(waits(Make.call("l") { $0.atLeast = .max }))
        node.now += Make.milliseconds(1000)
        #expect(!waits(Make.call("l") { $0.atLeast = .max }))
    }

    @Test func settingsOfTheLogDecideFromTheirPositionOn() throws {
        let node = try node()
        try node.add(.settingsChanged(Settings(maxStalenessMS: 200, maxGraceMS: 0, clockRatePPM: 0, marginMS: 0)))
        #expect(limit(node) == 200)
    }

    @Test func leaseIsRenewedByTheFoldThatReachesItsHead() throws {
        let node = try node(isFresh: false)
        node.enforcement.echoSent(nonce: 77, at: node.now)
        let outcome = node.enforcement.echoAnswered(
            EchoReply(nonce: 77, epoch: 1, head: 3, ledgerTime: Make.wall), at: node.now)
        #expect(outcome == .fetch(upTo: 3))
        #expect(node.reason(Make.call()) == .staleView)
        try node.add(.settingsChanged(.standard))
        #expect(node.reason(Make.call()) == .none)
    }

    @Test func answerWithoutAViewRenewsNothing() {
        var enforcement = Enforcement(node: "n1", incarnation: Make.incarnation(1), audiences: [])
        enforcement.echoSent(nonce: 1, at: 0)
        let outcome = enforcement.echoAnswered(EchoReply(nonce: 1, epoch: 1, head: 0, ledgerTime: 0), at: 0)
        #expect(outcome == .dropUnknownNonce)
    }
}
