import Foundation
import PenstockCore
import PenstockGatekeeper
import PenstockHTTP
import PenstockTestSupport
import Synchronization
import Testing

@Suite struct RemoteGatekeeperTests {
    @Test func callAndDecisionComeThroughUnchanged() async throws {
        let gatekeeper = FakeGatekeeper()
        let expected = Decision(
            reason: .budgetExhausted, decisionID: "n-4", grantID: "g", runID: "r", position: 7, viewAgeMS: 3,
            retryAfterMS: 40)
        gatekeeper.set {
            $0.decide = { _ in expected }
            $0.preview = { _ in .expired }
        }
        try await withDoor(gatekeeper) { socket in
            let remote = try RemoteGatekeeper(
                endpoint: "unix:\(socket)", credential: testCredential, hashing: testHashing)
            #expect(await remote.check(remoteCall(), patience: .seconds(20)) == expected)
            let allowed = Decision(
                reason: .none, decisionID: "n-5", permitID: "n-5-tag", grantID: "g", position: 8, viewAgeMS: 0,
                validForMS: 60_000, remaining: [Amount("calls", 3)])
            gatekeeper.set { $0.decide = { _ in allowed } }
            // The way to the node and back has shortened the permit.
            var heard = await remote.check(remoteCall(holds: true), patience: .seconds(20))
            #expect((1..<60_000).contains(heard.validForMS))
            heard.validForMS = allowed.validForMS
            #expect(heard == allowed)
            #expect(await remote.preview(remoteCall()) == Preview(reason: .expired, validForMS: 1_000))
            let spent = Priced(version: "2026-11", basis: "calls=1 arguments.n=4")
            try await remote.settle("n-5-tag", actual: [Amount("usd_micros", 9_007_199_254_740_992)], priced: spent)
            try await remote.settle("n-8-tag", actual: [])
            try await remote.release("n-6-tag")
            gatekeeper.set { $0.holdError = .notCharged("calls") }
            await #expect(throws: HoldError.notCharged("")) { try await remote.settle("n-7", actual: []) }
            gatekeeper.set { $0.holdError = .unknownHold }
            await #expect(throws: HoldError.unknownHold) { try await remote.release("n-6") }
            await #expect(throws: HoldError.unknownHold) { try await remote.release("../../x") }
            var other = remoteCall()
            other.credential = fakeHash([9])
            #expect(await remote.check(other, patience: .seconds(20)).reason == .unknownCredential)
        }
        gatekeeper.state.withLock { state in
            let asked = state.checked[0]
            let sent = remoteCall()
            #expect(
                asked.credential == sent.credential && asked.resourceID == sent.resourceID
                    && asked.attributes == sent.attributes)
            #expect(
                asked.amounts.list == sent.amounts.list && asked.callID == "c"
                    && asked.argumentsDigest == sent.argumentsDigest)
            #expect(asked.traceID == sent.traceID && asked.atLeast == 9 && !asked.holds && state.checked[1].holds)
            #expect(asked.priceVersion == "2026-11" && asked.basis == "calls=1 arguments.n=5")
            #expect(state.priced == ["n-5": Priced(version: "2026-11", basis: "calls=1 arguments.n=4"), "n-8": .none])
            #expect(state.settled["n-5"] == [Amount("usd_micros", 9_007_199_254_740_992)] && state.released == ["n-6"])
        }
    }

    @Test func deniesWhatItCannotAsk() async throws {
        let remote = try RemoteGatekeeper(
            endpoint: "unix:/nowhere/door.sock", credential: testCredential, hashing: testHashing)
        #expect(await remote.check(remoteCall(), patience: .milliseconds(50)).reason == .noView)
        #expect(await remote.preview(remoteCall()).reason == .noView)
        await #expect(throws: HoldError.unreachable) { try await remote.settle("n-1", actual: []) }
        for await _ in remote.cancellations() { Issue.record("nobody can have said this") }
        #expect(await remote.check(remoteCall(holds: true), patience: .milliseconds(50)).reason == .noView)
        for endpoint in [
            "unix:relative", "http://10.0.0.1:80", "https://127.0.0.1:1", "http://127.0.0.1", "127.0.0.1:80", "",
        ] {
            #expect(throws: RemoteGatekeeper.Problem.endpoint(endpoint)) {
                try RemoteGatekeeper(endpoint: endpoint, credential: testCredential, hashing: testHashing)
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
            #expect(await remote.check(remoteCall(holds: true), patience: .seconds(20)).isAllow)
            remote.use(next)
            let refused = await remote.check(remoteCall(of: next), patience: .seconds(2))
            #expect(refused.reason == .noView && refused.detail.hasSuffix("does not know the credential"))
            #expect(
                await remote.check(remoteCall(holds: true), patience: .seconds(20)).isAllow,
                "the other one's stream stands")
            async let later = remote.check(remoteCall(of: next), patience: .seconds(10))
            try await Task.sleep(for: .milliseconds(100))
            gatekeeper.set { $0.unknown = [] }
            #expect(await later.isAllow)
        }
    }

    @Test func shutdownEndsOpenStreams() async throws {
        let gatekeeper = FakeGatekeeper()
        let heard = Heard()
        try await withDoor(gatekeeper) { socket in
            let remote = try RemoteGatekeeper(
                endpoint: "unix:\(socket)", credential: testCredential, hashing: testHashing)
            heard.listen(to: remote)
            #expect(await remote.check(remoteCall(holds: true), patience: .seconds(20)).isAllow)
        }
        #expect(await eventually { heard.ended.withLock { $0 } })
    }
}
