import Foundation
import PenstockCore
import PenstockGatekeeper
import PenstockGateway
import PenstockJSON
import PenstockTestSupport
import Synchronization
import Testing

@Suite(.serialized) struct GatewayTests {
    @Test func allowsDeniesCancelsAndLeavesNothingBehind() async throws {
        let rig = try Rig()
        rig.gatekeeper.set {
            $0.decide = {
                Decision(
                    reason: $0.resourceID == "rm" ? .actionNotAllowed : .none, decisionID: "d-" + $0.resourceID,
                    validForMS: 60_000)
            }
            $0.preview = { $0.resourceID == "rm" ? .resourceOutOfBounds : .none }
        }
        rig.send(Era.handshake.request(1, "initialize"))
        #expect(await rig.answer(1)?["result"] != nil)
        rig.send(Era.handshake.request(2, "tools/list"))
        #expect(await rig.answer(2)?["result"]?["tools"] == .array([.members(["name": .string("echo")])]))
        rig.send(Era.handshake.call(3, "echo", #"{"n":12345678901234567890}"#))
        #expect(await rig.answer(3)?["result"]?["content"]?["n"] == .number("12345678901234567890"))
        rig.send(Era.handshake.call(4, "rm"))
        #expect(await rig.answer(4)?["error"]?["data"]?["reason"]?.text == "action_not_allowed")
        rig.send(#"{"jsonrpc":"2.0","id":5,"method":"ping","method":"tools/call","params":{"name":"rm"}}"#)
        rig.send(Era.handshake.call(6, "slow"))
        #expect(await eventually { rig.seen.contains { $0.contains("slow") } })
        rig.gatekeeper.cancel("d-slow")
        #expect(await rig.answer(6)?["error"]?["data"]?["reason"]?.text == "revoked")
        #expect(await eventually { rig.seen.last?.contains("notifications/cancelled") == true })
        #expect(!rig.seen.contains { $0.contains("rm") })
        #expect(await eventually { rig.gatekeeper.state.withLock { Set($0.settled.keys) == ["d-echo", "d-slow"] } })
        rig.leave()
        let report = try await rig.end()
        #expect(report.status == 0)
        #expect(report.counters == .init(forwarded: 4, denied: 1, cancelled: 1, refused: 1, dropped: 0))
    }

    @Test func lostCancellationsStopWhatRuns() async throws {
        let rig = try Rig()
        rig.send(Era.stateless.call(1, "slow"))
        #expect(await eventually { rig.seen.count == 1 })
        rig.gatekeeper.breakStreams()
        #expect(await rig.answer(1)?["error"]?["data"]?["reason"]?.text == "no_view")
        #expect(await eventually { rig.gatekeeper.state.withLock { !$0.streams.isEmpty } })
        rig.send(Era.stateless.call(2, "echo"))
        #expect(await rig.answer(2)?["result"] != nil)
        rig.leave()
        _ = try await rig.end()
    }

    @Test func exitOfTheServerAnswersWhatIsOutstanding() async throws {
        let rig = try Rig()
        rig.send(Era.handshake.call(1, "slow"))
        rig.send(Era.handshake.call(2, "exit"))
        #expect(await rig.answer(1)?["error"]?["code"]?.int64 == -32603)
        #expect(await rig.answer(2)?["error"]?["code"]?.int64 == -32603)
        #expect(try await rig.end().status == 7)
        #expect(rig.gatekeeper.state.withLock { $0.settled.count } == 2)
    }

    @Test(arguments: [false, true]) func stubbornServerIsEnded(byTask: Bool) async throws {
        let rig = try Rig(["stay"])
        rig.send(Era.handshake.call(1, "slow"))
        #expect(await eventually { rig.seen.count == 1 })
        if byTask { rig.cancel() } else { rig.leave() }
        #expect(try await rig.end().status == 0)
        #expect(rig.gatekeeper.state.withLock { Array($0.settled.values) } == [[Amount("calls", 1)]])
    }

    @Test func manyCallsAtOnceAllComeBack() async throws {
        let rig = try Rig()
        let filler = String(repeating: "x", count: 20_000)
        for id in 1...200 { rig.send(Era.handshake.call(id, "echo", #"{"text":"\#(filler)"}"#)) }
        for id in 1...200 { #expect(await rig.answer(id)?["result"] != nil) }
        rig.leave()
        #expect(try await rig.end().counters.forwarded == 200)
        #expect(rig.gatekeeper.state.withLock { $0.settled.count } == 200)
    }

    @Test func missingProgramIsReported() async {
        let options = GatewayOptions(command: ["/nowhere/server"], credential: testDigest)
        #expect(
            await Gateway(FakeGatekeeper(), hashing: testHashing, options: options, logger: quietLogger).run() == 127)
    }

    /// The server reads nothing until the call is revoked: the pipe has no room for it, or for a part of it.
    @Test(arguments: [(62_000, 5_000), (10, 300_000)]) func callThatTheServerHasNotReadIsNoCallOnceRevoked(
        before: Int, size: Int
    ) async throws {
        let rig = try Rig(["deaf"])
        rig.gatekeeper.set {
            $0.decide = { Decision(reason: .none, decisionID: "d-" + $0.resourceID, validForMS: 60_000) }
        }
        for (id, tool, size) in [(1, "filler", before), (2, "secret", size)] {
            rig.send(Era.handshake.call(id, tool, #"{"text":"\#(String(repeating: "x", count: size))"}"#))
            #expect(await eventually { rig.gatekeeper.state.withLock { $0.checked.count } == id })
        }
        try await Task.sleep(for: .milliseconds(300))
        rig.gatekeeper.cancel("d-secret")
        #expect(await rig.answer(2)?["error"]?["data"]?["reason"]?.text == "revoked")
        rig.letServerRead()
        #expect(await eventually { rig.seen.contains { $0.contains("filler") } })
        rig.leave()
        #expect(
            await eventually {
                rig.gatekeeper.state.withLock { $0.released == ["d-secret"] || $0.settled["d-secret"] != nil }
            })
        #expect(
            rig.gatekeeper.state.withLock { $0.released.isEmpty } == (size > 65_536), "what never left costs nothing")
        try await Task.sleep(for: .milliseconds(200))
        #expect(!rig.seen.contains { $0.contains("secret") && $0.hasSuffix("}") })
        #expect(try await rig.end().counters.cancelled == 1)
    }

    @Test func whatTheClientHasNotReadIsNotForWhoWasRevoked() async throws {
        let rig = try Rig(reads: false)
        rig.send(Era.handshake.call(1, "noisy"))
        #expect(await eventually { rig.seen.count == 1 })
        try await Task.sleep(for: .seconds(1))
        rig.gatekeeper.set { $0.preview = { _ in .revoked } }
        rig.gatekeeper.cancel("")
        try await Task.sleep(for: .milliseconds(300))
        rig.startReading()
        #expect(await rig.answer(1)?["error"]?["data"]?["reason"]?.text == "revoked")
        #expect(rig.read < 200_000, "of six million")
        rig.leave()
        _ = try await rig.end()
    }

    @Test func callThatIsDecidedAfterTheEndIsReleased() async throws {
        let rig = try await Rig.running()
        rig.gatekeeper.set { $0.delay = .seconds(3) }
        rig.send(Era.handshake.call(1, "echo"))
        try await Task.sleep(for: .milliseconds(200))
        rig.cancel()
        _ = try await rig.end()
        #expect(rig.gatekeeper.state.withLock { $0.released.count == 1 && $0.settled.isEmpty })
    }

    @Test func listThatTakesForEverEndsWithTheSession() async throws {
        let rig = try Rig()
        rig.gatekeeper.set { $0.delay = .seconds(600) }
        rig.send(Era.handshake.request(1, "tools/list"))
        #expect(await eventually { rig.seen.count == 1 })
        try await Task.sleep(for: .milliseconds(200))
        let started = ContinuousClock.now
        rig.cancel()
        _ = try await rig.end()
        #expect(ContinuousClock.now - started < .seconds(8))
    }

    @Test func serverThatReadsNoAnswerEndsTheSession() async throws {
        let rig = try Rig(["flood"])
        let report = try await rig.end()
        #expect(report.counters.dropped > 10_000)
    }

    @Test func serverThatClosesItsOutputEndsTheSession() async throws {
        let rig = try Rig(["mute", "stay"])
        rig.send(Era.handshake.call(1, "slow"))
        #expect(await rig.answer(1)?["error"]?["code"]?.int64 == -32603)
        _ = try await rig.end()
    }
}
