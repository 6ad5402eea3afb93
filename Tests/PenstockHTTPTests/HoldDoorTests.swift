import Foundation
import PenstockCore
import PenstockGatekeeper
import PenstockHTTP
import PenstockJSON
import PenstockSystem
import PenstockTestSupport
import Synchronization
import Testing

/// Calls in two phases.
@Suite struct HoldDoorTests {
    @Test func holdsAreSettledAndReleased() async throws {
        let gatekeeper = FakeGatekeeper()
        try await withDoor(gatekeeper) { socket in
            let hold = await ask(
                socket, "POST", "/v1/holds", evaluation(#""amounts":{"calls":2}"#), headers: testBearer)
            #expect(
                hold.json?["context"]?["decision_id"]?.text == "d-1"
                    && hold.json?["context"]?["permit"]?["id"]?.text == "d-1-tag")
            #expect(await ask(socket, "POST", "/v1/holds/d-1-tag/settle", #"{"amounts":{"calls":1}}"#).status == 204)
            #expect(await ask(socket, "POST", "/v1/holds/d-2-tag/release").status == 204)
            let large = await ask(socket, "POST", "/v1/holds/d-3-tag/release", String(repeating: "x", count: 100_000))
            #expect(large.status == 204)
            let unfinished =
                "POST /v1/holds/d-4-tag/release HTTP/1.1\r\nHost: localhost\r\nContent-Length: 500\r\n\r\n{"
            try SystemThread(name: "asker") { _ = exchange(socket, unfinished) }
            #expect(await eventually { gatekeeper.state.withLock { $0.released == ["d-2", "d-3", "d-4"] } })
            let bad = await ask(socket, "POST", "/v1/holds/d-1/settle", #"{"amounts":{"calls":0.5}}"#)
            #expect(
                bad.status == 400 && bad.headers["content-type"] == "application/problem+json"
                    && bad.json?["title"]?.text == "Bad Request")
            for priced in [
                #""price_version":7"#, #""price_version":"\#(String(repeating: "v", count: 65))""#,
                #""basis":"\#(String(repeating: "b", count: 513))""#,
            ] {
                #expect(await ask(socket, "POST", "/v1/holds/d-1-tag/settle", "{\(priced)}").status == 400)
                #expect(await ask(socket, "POST", "/v1/holds", evaluation(priced), headers: testBearer).status == 400)
            }
            for (bytes, status) in [(Limits.idBytes, 200), (Limits.idBytes + 1, 400)] {
                let id = String(repeating: "i", count: bytes)
                #expect(
                    await ask(socket, "POST", "/v1/holds", evaluation(#""call_id":"\#(id)""#), headers: testBearer)
                        .status
                        == status)
            }
            for (error, status) in [
                (HoldError.unknownHold, 404), (.malformed, 400), (.overLimit, 400), (.notCharged("calls"), 409),
                (.alreadySettled, 410), (.alreadyReleased, 410), (.otherNode, 421), (.unrecordable, 503),
                (.unreachable, 503),
            ] {
                gatekeeper.set { $0.holdError = error }
                let answer = await ask(socket, "POST", "/v1/holds/d-9/release")
                #expect(answer.status == status && answer.json?["status"]?.int64 == Int64(status))
            }
        }
        #expect(
            gatekeeper.state.withLock {
                $0.checked[0].holds && $0.settled["d-1"] == [Amount("calls", 1)]
                    && $0.released == ["d-2", "d-3", "d-4"]
            })
    }
}
