import Foundation
import PenstockCore
import PenstockGatekeeper
import PenstockHTTP
import PenstockTestSupport
import Synchronization
import Testing

/// What a door tells the clients that ask it of calls that must stop.
@Suite struct RemoteStreamTests {
    @Test func cancellationsArriveAndEndWithTheStream() async throws {
        let gatekeeper = FakeGatekeeper()
        let heard = Heard()
        try await withDoor(gatekeeper, keepAlive: .milliseconds(100)) { socket in
            let remote = try RemoteGatekeeper(
                endpoint: "unix:\(socket)", credential: testCredential, hashing: testHashing)
            let reading = heard.listen(to: remote)
            // Waits until the stream stands.
            #expect(await remote.check(remoteCall(holds: true), patience: .seconds(20)).isAllow)
            gatekeeper.cancel("n-1", .suspended)
            gatekeeper.cancel("n-2")
            #expect(await eventually { heard.seen.withLock { $0.count } == 2 })
            #expect(
                heard.seen.withLock { $0 } == [
                    Cancellation(decisionID: "n-1", reason: .suspended),
                    Cancellation(decisionID: "n-2", reason: .revoked),
                ])
            gatekeeper.breakStreams()
            #expect(await eventually { heard.ended.withLock { $0 } })
            #expect(await remote.check(remoteCall(holds: true), patience: .milliseconds(20)).reason == .noView)
            let again = Task {
                while true {
                    for await _ in remote.cancellations() {}
                    try await Task.sleep(for: .milliseconds(50))
                }
            }
            #expect(await remote.check(remoteCall(holds: true), patience: .seconds(20)).isAllow)
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
                let remote = try RemoteGatekeeper(
                    endpoint: "unix:\(socket)", credential: credential, hashing: testHashing)
                heard.listen(to: remote)
                return remote
            }
            #expect(await remotes[0].check(remoteCall(holds: true), patience: .seconds(20)).isAllow)
            var theirs = remoteCall(holds: true)
            theirs.credential = otherDigest
            #expect(await remotes[1].check(theirs, patience: .seconds(20)).isAllow)
            for number in 0..<6 * Limits.openHoldsPerGrant {
                gatekeeper.cancel("o-\(number)", of: fakeHash([UInt8(number >> 10)]))
            }
            gatekeeper.cancel("o-x", of: otherDigest)
            gatekeeper.cancel("n-1", of: testDigest)
            gatekeeper.cancel("")
            #expect(await eventually { own.seen.withLock { $0.count } == 2 && others.seen.withLock { $0.count } == 2 })
            #expect(
                own.seen.withLock { $0.map(\.decisionID) } == ["n-1", ""]
                    && others.seen.withLock { $0.map(\.decisionID) } == ["o-x", ""])
            #expect(!own.ended.withLock { $0 } && !others.ended.withLock { $0 })
        }
    }

    /// What was begun with the credential before is told of as well as what begins with the new one.
    @Test func credentialThatComesIntoUseIsToldOf() async throws {
        let gatekeeper = FakeGatekeeper()
        let heard = Heard()
        let next = "pst_bmV4dA"
        try await withDoor(gatekeeper) { socket in
            let remote = try RemoteGatekeeper(
                endpoint: "unix:\(socket)", credential: testCredential, hashing: testHashing)
            heard.listen(to: remote)
            #expect(await remote.check(remoteCall(holds: true), patience: .seconds(20)).isAllow)
            remote.use(next)
            var later = remoteCall(holds: true)
            later.credential = fakeHash(Array(next.utf8))
            #expect(await remote.check(later, patience: .seconds(20)).isAllow)
            #expect(await remote.check(remoteCall(holds: true), patience: .seconds(20)).isAllow)
            gatekeeper.cancel("n-1", of: testDigest)
            gatekeeper.cancel("n-2", of: later.credential)
            #expect(await eventually { heard.seen.withLock { Set($0.map(\.decisionID)) } == ["n-1", "n-2"] })
            // Of what has ended nobody is told, so the streams do not become ever more.
            for number in 0..<20 {
                remote.use("pst_\(number)")
                let decision = await remote.check(remoteCall(of: "pst_\(number)"), patience: .seconds(20))
                #expect(decision.isAllow)
                try await remote.release(decision.permitID)
            }
            #expect(!heard.ended.withLock { $0 })
            gatekeeper.cancel("n-3", of: testDigest)
            #expect(await eventually { heard.seen.withLock { $0.last?.decisionID == "n-3" } })
        }
    }

    /// Of more credentials than there may be streams, it is the last one's call that waits; nobody else's is stopped.
    @Test func callThatThereIsNoStreamForIsRefusedAlone() async throws {
        let gatekeeper = FakeGatekeeper()
        let heard = Heard()
        try await withDoor(gatekeeper) { socket in
            let remote = try RemoteGatekeeper(
                endpoint: "unix:\(socket)", credential: testCredential, hashing: testHashing)
            heard.listen(to: remote)
            var permits: [String] = []
            for number in 0..<8 {
                remote.use("pst_\(number)")
                permits.append(await remote.check(remoteCall(of: "pst_\(number)"), patience: .seconds(20)).permitID)
            }
            #expect(!permits.contains(""))
            remote.use("pst_8")
            #expect(await remote.check(remoteCall(of: "pst_8"), patience: .milliseconds(50)).reason == .busy)
            gatekeeper.cancel("n-1", of: fakeHash(Array("pst_0".utf8)))
            #expect(await eventually { heard.seen.withLock { $0.count } == 1 })
            #expect(!heard.ended.withLock { $0 })
            try await remote.settle(permits[3], actual: [])
            #expect(await remote.check(remoteCall(of: "pst_8"), patience: .seconds(20)).isAllow)
        }
    }

    /// The streams of a reader that has gone stand for nothing, even while they are still open.
    @Test func streamsGoWithTheirSubscription() async throws {
        let gatekeeper = FakeGatekeeper()
        try await withDoor(gatekeeper) { socket in
            let remote = try RemoteGatekeeper(
                endpoint: "unix:\(socket)", credential: testCredential, hashing: testHashing)
            for _ in 0..<50 {
                let stream = remote.cancellations()
                let reading = Task { for await _ in stream {} }
                #expect(await remote.check(remoteCall(holds: true), patience: .seconds(20)).isAllow)
                let before = gatekeeper.state.withLock { $0.checked.count }
                reading.cancel()
                let next = remote.cancellations()
                #expect(await remote.check(remoteCall(holds: true), patience: .zero).reason == .noView)
                #expect(
                    gatekeeper.state.withLock { $0.checked.count } == before, "asked about with no stream behind it")
                withExtendedLifetime(next) {}
            }
        }
    }
}
