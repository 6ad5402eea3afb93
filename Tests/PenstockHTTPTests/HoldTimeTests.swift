import PenstockCore
import PenstockGatekeeper
import PenstockHTTP
import PenstockJSON
import PenstockTestSupport
import Testing

/// How long a hold may stay open, as the door and its client tell it.
@Suite struct HoldTimeTests {
    private func gatekeeper() -> FakeGatekeeper {
        let gatekeeper = FakeGatekeeper()
        gatekeeper.set {
            $0.decide = {
                Decision(reason: .none, validForMS: 900, openForMS: $0.holds ? 3_600_900 : 0)
            }
        }
        return gatekeeper
    }

    @Test func answerToAHoldSaysHowLongItMayStayOpen() async throws {
        try await withDoor(gatekeeper()) { socket in
            let hold = await ask(socket, "POST", "/v1/holds", evaluation(), headers: testBearer)
            #expect(hold.json?["context"]?["permit"]?["open_for_ms"]?.int64 == 3_600_900)
            let spent = await ask(socket, "POST", "/access/v1/evaluation", evaluation(), headers: testBearer)
            #expect(spent.json?["context"]?["permit"]?["valid_for_ms"]?.int64 == 900)
            #expect(spent.json?["context"]?["permit"]?["open_for_ms"] == nil)
        }
    }

    /// The way to the node and back is taken off.
    @Test func remoteHoldIsToldNoLongerThanItIsOpen() async throws {
        try await withDoor(gatekeeper()) { socket in
            let remote = try RemoteGatekeeper(
                endpoint: "unix:\(socket)", credential: testCredential, hashing: testHashing)
            let held = await remote.check(remoteCall(holds: true), patience: .seconds(20))
            #expect(held.isAllow && (3_570_900..<3_600_900).contains(held.openForMS))
            #expect(await remote.check(remoteCall(), patience: .seconds(20)).openForMS == 0)
        }
    }

    /// It can be added to any clock.
    @Test(arguments: [(Int64.max, HTTPLimits.holdMS), (-1, 0), (5, 5)]) func statedTimeIsBounded(
        stated: Int64, read: Int64
    ) throws {
        let answer = #"{"decision":true,"context":{"reason_code":0,"permit":{"id":"p","open_for_ms":\#(stated)}}}"#
        let decision = try #require(EvaluationCodec.decision(try JSONParser.parse(Array(answer.utf8))))
        #expect(decision.openForMS == read)
    }
}
