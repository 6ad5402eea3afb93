import Foundation
import PenstockCore
import PenstockEnforcer
import PenstockHTTP
import Synchronization
import Testing

/// What a subscription gave.
private final class Heard: Sendable {
    let seen = Mutex<[Cancellation]>([])
    let ended = Mutex(false)

    /// Subscribes, and reads until the subscription ends.
    @discardableResult
    func listen(to remote: RemoteGatekeeper) -> Task<Void, Never> {
        let stream = remote.cancellations()
        return Task {
            for await cancellation in stream { seen.withLock { $0.append(cancellation) } }
            ended.withLock { $0 = true }
        }
    }
}

@Suite struct RemoteGatekeeperTests {
    private func call(holds: Bool = false) -> Call {
        Call(
            credential: testDigest, action: "tools/call", resourceType: "tool", resourceID: "x\"\\é",
            amounts: CallAmounts(declared: [Amount("usd_micros", 9_007_199_254_740_993)])!, attributes: ["arguments.p": "/a", "z": "1"], callID: "c",
            argumentsDigest: fakeHash([1]), traceID: Incarnation(high: 1, low: 2), holds: holds, atLeast: 9, priceVersion: "2026-11",
            basis: "calls=1 arguments.n=5")
    }

    @Test func callAndDecisionComeThroughUnchanged() async throws {
        let gatekeeper = FakeGatekeeper()
        let expected = Decision(
            reason: .budgetExhausted, decisionID: "n-4", grantID: "g", runID: "r", position: 7, viewAgeMS: 3, retryAfterMS: 40)
        gatekeeper.set {
            $0.decide = { _ in expected }
            $0.preview = { _ in .expired }
        }
        try await withDoor(gatekeeper) { socket in
            let remote = try RemoteGatekeeper(endpoint: "unix:\(socket)", credential: testCredential, hashing: testHashing)
            #expect(await remote.check(call(), patience: .milliseconds(70)) == expected)
            let allowed = Decision(
                reason: .none, decisionID: "n-5", permitID: "n-5-tag", grantID: "g", position: 8, viewAgeMS: 0, validForMS: 60_000, remaining: [Amount("calls", 3)])
            gatekeeper.set { $0.decide = { _ in allowed } }
            // The way to the node and back has shortened the permit.
            var heard = await remote.check(call(holds: true), patience: .zero)
            #expect((1..<60_000).contains(heard.validForMS))
            heard.validForMS = allowed.validForMS
            #expect(heard == allowed)
            #expect(await remote.preview(call()) == Preview(reason: .expired, validForMS: 1_000))
            let spent = Priced(version: "2026-11", basis: "calls=1 arguments.n=4")
            try await remote.settle("n-5-tag", actual: [Amount("usd_micros", 9_007_199_254_740_992)], priced: spent)
            try await remote.settle("n-8-tag", actual: [])
            try await remote.release("n-6-tag")
            gatekeeper.set { $0.holdError = .notCharged("calls") }
            await #expect(throws: HoldError.notCharged("")) { try await remote.settle("n-7", actual: []) }
            gatekeeper.set { $0.holdError = .unknownHold }
            await #expect(throws: HoldError.unknownHold) { try await remote.release("n-6") }
            await #expect(throws: HoldError.unknownHold) { try await remote.release("../../x") }
            var other = call()
            other.credential = fakeHash([9])
            #expect(await remote.check(other, patience: .zero).reason == .unknownCredential)
        }
        gatekeeper.state.withLock { state in
            let asked = state.checked[0]
            let sent = call()
            #expect(asked.credential == sent.credential && asked.resourceID == sent.resourceID && asked.attributes == sent.attributes)
            #expect(asked.amounts.list == sent.amounts.list && asked.callID == "c" && asked.argumentsDigest == sent.argumentsDigest)
            #expect(asked.traceID == sent.traceID && asked.atLeast == 9 && !asked.holds && state.checked[1].holds)
            #expect(asked.priceVersion == "2026-11" && asked.basis == "calls=1 arguments.n=5")
            #expect(state.priced == ["n-5": Priced(version: "2026-11", basis: "calls=1 arguments.n=4"), "n-8": .none])
            #expect(state.settled["n-5"] == [Amount("usd_micros", 9_007_199_254_740_992)] && state.released == ["n-6"])
        }
    }

    @Test func deniesWhatItCannotAsk() async throws {
        let remote = try RemoteGatekeeper(endpoint: "unix:/nowhere/door.sock", credential: testCredential, hashing: testHashing)
        #expect(await remote.check(call(), patience: .milliseconds(50)).reason == .noView)
        #expect(await remote.preview(call()).reason == .noView)
        await #expect(throws: HoldError.unreachable) { try await remote.settle("n-1", actual: []) }
        for await _ in remote.cancellations() { Issue.record("nobody can have said this") }
        #expect(await remote.check(call(holds: true), patience: .milliseconds(50)).reason == .noView)
        for endpoint in ["unix:relative", "http://10.0.0.1:80", "https://127.0.0.1:1", "http://127.0.0.1", "127.0.0.1:80", ""] {
            #expect(throws: RemoteGatekeeper.Problem.endpoint(endpoint)) {
                try RemoteGatekeeper(endpoint: endpoint, credential: testCredential, hashing: testHashing)
            }
        }
    }

    @Test func cancellationsArriveAndEndWithTheStream() async throws {
        let gatekeeper = FakeGatekeeper()
        let heard = Heard()
        try await withDoor(gatekeeper, keepAlive: .milliseconds(100)) { socket in
            let remote = try RemoteGatekeeper(endpoint: "unix:\(socket)", credential: testCredential, hashing: testHashing)
            let reading = heard.listen(to: remote)
            // Waits until the stream stands.
            #expect(await remote.check(call(holds: true), patience: .seconds(5)).isAllow)
            gatekeeper.cancel("n-1", .suspended)
            gatekeeper.cancel("n-2")
            #expect(await eventually { heard.seen.withLock { $0.count } == 2 })
            #expect(heard.seen.withLock { $0 } == [Cancellation(decisionID: "n-1", reason: .suspended), Cancellation(decisionID: "n-2", reason: .revoked)])
            gatekeeper.breakStreams()
            #expect(await eventually { heard.ended.withLock { $0 } })
            #expect(await remote.check(call(holds: true), patience: .milliseconds(20)).reason == .noView)
            let again = Task {
                while true {
                    for await _ in remote.cancellations() {}
                    try await Task.sleep(for: .milliseconds(50))
                }
            }
            #expect(await remote.check(call(holds: true), patience: .seconds(5)).isAllow)
            again.cancel()
            await reading.value
        }
    }

    /// One agent's calls are no other agent's business, and fill no other agent's stream.
    @Test func streamIsToldOfItsOwnCredentialsCalls() async throws {
        let gatekeeper = FakeGatekeeper()
        let (own, others) = (Heard(), Heard())
        let other = "pst_b3RoZXI"
        let otherDigest = fakeHash(Array(other.utf8))
        try await withDoor(gatekeeper) { socket in
            let remotes = try [(testCredential, own), (other, others)].map { credential, heard in
                let remote = try RemoteGatekeeper(endpoint: "unix:\(socket)", credential: credential, hashing: testHashing)
                heard.listen(to: remote)
                return remote
            }
            #expect(await remotes[0].check(call(holds: true), patience: .seconds(5)).isAllow)
            var theirs = call(holds: true)
            theirs.credential = otherDigest
            #expect(await remotes[1].check(theirs, patience: .seconds(5)).isAllow)
            for number in 0..<6 * Limits.openHoldsPerGrant { gatekeeper.cancel("o-\(number)", of: fakeHash([UInt8(number >> 10)])) }
            gatekeeper.cancel("o-x", of: otherDigest)
            gatekeeper.cancel("n-1", of: testDigest)
            gatekeeper.cancel("")
            #expect(await eventually { own.seen.withLock { $0.count } == 2 && others.seen.withLock { $0.count } == 2 })
            #expect(own.seen.withLock { $0.map(\.decisionID) } == ["n-1", ""] && others.seen.withLock { $0.map(\.decisionID) } == ["o-x", ""])
            #expect(!own.ended.withLock { $0 } && !others.ended.withLock { $0 })
        }
    }

    /// What was begun with the credential before is told of as well as what begins with the new one.
    @Test func credentialThatComesIntoUseIsToldOf() async throws {
        let gatekeeper = FakeGatekeeper()
        let heard = Heard()
        let next = "pst_bmV4dA"
        try await withDoor(gatekeeper) { socket in
            let remote = try RemoteGatekeeper(endpoint: "unix:\(socket)", credential: testCredential, hashing: testHashing)
            heard.listen(to: remote)
            #expect(await remote.check(call(holds: true), patience: .seconds(5)).isAllow)
            remote.use(next)
            var later = call(holds: true)
            later.credential = fakeHash(Array(next.utf8))
            #expect(await remote.check(later, patience: .seconds(5)).isAllow)
            #expect(await remote.check(call(holds: true), patience: .seconds(5)).isAllow)
            gatekeeper.cancel("n-1", of: testDigest)
            gatekeeper.cancel("n-2", of: later.credential)
            #expect(await eventually { heard.seen.withLock { Set($0.map(\.decisionID)) } == ["n-1", "n-2"] })
            // Of what has ended nobody is told, so the streams do not become ever more.
            for number in 0..<20 {
                remote.use("pst_\(number)")
                let decision = await remote.check(self.call(of: "pst_\(number)"), patience: .seconds(5))
                #expect(decision.isAllow)
                try await remote.release(decision.permitID)
            }
            #expect(!heard.ended.withLock { $0 })
            gatekeeper.cancel("n-3", of: testDigest)
            #expect(await eventually { heard.seen.withLock { $0.last?.decisionID == "n-3" } })
        }
    }

    private func call(of credential: String) -> Call {
        var call = call(holds: true)
        call.credential = fakeHash(Array(credential.utf8))
        return call
    }

    /// Of more credentials than there may be streams, it is the last one's call that waits; nobody else's is stopped.
    @Test func callThatThereIsNoStreamForIsRefusedAlone() async throws {
        let gatekeeper = FakeGatekeeper()
        let heard = Heard()
        try await withDoor(gatekeeper) { socket in
            let remote = try RemoteGatekeeper(endpoint: "unix:\(socket)", credential: testCredential, hashing: testHashing)
            heard.listen(to: remote)
            var permits: [String] = []
            for number in 0..<8 {
                remote.use("pst_\(number)")
                permits.append(await remote.check(self.call(of: "pst_\(number)"), patience: .seconds(5)).permitID)
            }
            #expect(!permits.contains(""))
            remote.use("pst_8")
            #expect(await remote.check(self.call(of: "pst_8"), patience: .milliseconds(50)).reason == .busy)
            gatekeeper.cancel("n-1", of: fakeHash(Array("pst_0".utf8)))
            #expect(await eventually { heard.seen.withLock { $0.count } == 1 })
            #expect(!heard.ended.withLock { $0 })
            try await remote.settle(permits[3], actual: [])
            #expect(await remote.check(self.call(of: "pst_8"), patience: .seconds(5)).isAllow)
        }
    }

    /// The streams of a reader that has gone stand for nothing, even while they are still open.
    @Test func streamsGoWithTheirSubscription() async throws {
        let gatekeeper = FakeGatekeeper()
        try await withDoor(gatekeeper) { socket in
            let remote = try RemoteGatekeeper(endpoint: "unix:\(socket)", credential: testCredential, hashing: testHashing)
            for _ in 0..<50 {
                let stream = remote.cancellations()
                let reading = Task { for await _ in stream {} }
                #expect(await remote.check(call(holds: true), patience: .seconds(5)).isAllow)
                let before = gatekeeper.state.withLock { $0.checked.count }
                reading.cancel()
                let next = remote.cancellations()
                #expect(await remote.check(call(holds: true), patience: .zero).reason == .noView)
                #expect(gatekeeper.state.withLock { $0.checked.count } == before, "asked about with no stream behind it")
                withExtendedLifetime(next) {}
            }
        }
    }

    /// A node may hear of a new credential later than its holder.
    @Test func callWaitsUntilItsCredentialIsKnown() async throws {
        let gatekeeper = FakeGatekeeper()
        let next = "pst_bmV4dA"
        gatekeeper.set { $0.unknown = [fakeHash(Array(next.utf8))] }
        try await withDoor(gatekeeper, isTCP: true) { address in
            let remote = try RemoteGatekeeper(endpoint: address, credential: testCredential, hashing: testHashing)
            let stream = remote.cancellations()
            Task { for await _ in stream {} }
            #expect(await remote.check(call(holds: true), patience: .seconds(5)).isAllow)
            remote.use(next)
            let refused = await remote.check(self.call(of: next), patience: .milliseconds(300))
            #expect(refused.reason == .noView && refused.detail.hasSuffix("does not know the credential"))
            #expect(await remote.check(call(holds: true), patience: .zero).isAllow, "the other one's stream stands")
            async let later = remote.check(self.call(of: next), patience: .seconds(10))
            try await Task.sleep(for: .milliseconds(100))
            gatekeeper.set { $0.unknown = [] }
            #expect(await later.isAllow)
        }
    }

    @Test func shutdownEndsOpenStreams() async throws {
        let gatekeeper = FakeGatekeeper()
        let heard = Heard()
        try await withDoor(gatekeeper) { socket in
            let remote = try RemoteGatekeeper(endpoint: "unix:\(socket)", credential: testCredential, hashing: testHashing)
            heard.listen(to: remote)
            #expect(await remote.check(call(holds: true), patience: .seconds(5)).isAllow)
        }
        #expect(await eventually { heard.ended.withLock { $0 } })
    }
}
