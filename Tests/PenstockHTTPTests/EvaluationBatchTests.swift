import Foundation
import PenstockCore
import PenstockGatekeeper
import PenstockHTTP
import PenstockJSON
import PenstockTestSupport
import Synchronization
import Testing

/// Several questions in one request.
@Suite struct EvaluationBatchTests {
    @Test(arguments: [
        ("execute_all", ["send": true, "mail": false, "read": true], 4),
        ("deny_on_first_deny", ["send": true, "mail": false, "read": true], 2),
        ("permit_on_first_permit", ["send": false, "mail": false, "read": true], 3),
        ("permit_on_first_permit", ["send": true, "mail": true, "read": true], 1),
    ])
    func batchIsDecidedInOrderAndEndsAsItAsks(semantic: String, allowed: [String: Bool], count: Int) async throws {
        let gatekeeper = FakeGatekeeper()
        gatekeeper.set {
            $0.decide = { Decision(reason: allowed[$0.action] == true ? .none : .actionNotAllowed, validForMS: 60_000) }
        }
        try await withDoor(gatekeeper) { socket in
            let body = """
                {"subject":{"type":"agent","id":"a"},"resource":{"type":"tool","id":"x"},\
                "context":{"amounts":{"calls":1}},
                "options":{"evaluations_semantic":"\(semantic)"},
                "evaluations":[{"action":{"name":"send"}},{"action":{"name":"mail"},"context":{}},\
                {"action":{"name":"read"},"resource":{"type":"file","id":"y"}},{}]}
                """
            let answer = await ask(socket, "POST", "/access/v1/evaluations", body, headers: testBearer)
            guard case .array(let items)? = answer.json?["evaluations"] else {
                return #expect(Bool(false), "\(answer.body)")
            }
            #expect(answer.status == 200 && items.count == count && answer.json?["decision"] == nil)
            #expect(
                items.map { $0["decision"]?.flag }
                    == ([allowed["send"], allowed["mail"], allowed["read"], false] as [Bool?]).prefix(count).map { $0 })
            if count == 4 { #expect(items[3]["context"]?["error"]?["status"]?.int64 == 400) }
        }
        let asked = gatekeeper.state.withLock { $0.checked }
        #expect(asked.map(\.action) == Array(["send", "mail", "read"].prefix(count)))
        // A default is a whole member: it is not mixed with the item's own.
        #expect(asked.first?.amounts.count == 1 && asked.dropFirst().first?.amounts.count ?? 0 == 0)
        #expect(asked.count < 3 || asked[2].resourceType == "file")
    }

    @Test func batchWithoutItemsIsOneQuestion() async throws {
        let gatekeeper = FakeGatekeeper()
        try await withDoor(gatekeeper) { socket in
            for more in ["", #","evaluations":[]"#, #","evaluations":null"#] {
                #expect(
                    await ask(socket, "POST", "/access/v1/evaluations", evaluation("", more), headers: testBearer)
                        .json?[
                            "decision"]?.flag == true)
            }
            for bad in [
                #","evaluations":{}"#, #","evaluations":[1],"options":{"evaluations_semantic":"none"}"#,
                #","options":1,"evaluations":[1]"#,
            ] {
                let answer = await ask(
                    socket, "POST", "/access/v1/evaluations", evaluation("", bad), headers: testBearer)
                #expect(answer.status == 400 && answer.json?.text != nil, "\(bad)")
            }
            let known = await ask(socket, "GET", "/.well-known/authzen-configuration")
            let base = known.json?["policy_decision_point"]?.text ?? ""
            #expect(known.status == 200 && base.hasPrefix("http://"))
            #expect(known.json?["access_evaluations_endpoint"]?.text == base + "/access/v1/evaluations")
        }
        #expect(gatekeeper.state.withLock { $0.checked.count } == 3)
    }

    /// Whoever sends it has shown no credential yet.
    @Test func contextThatABatchSharesIsReadOnce() throws {
        let count = Mutex(0)
        let hashing = Hashing(
            hash: { bytes in
                count.withLock { $0 += 1 }
                return fakeHash(bytes)
            }, credentialDigest: testHashing.credentialDigest)
        let path = "arguments" + String(repeating: ".a", count: 120)
        let attributes = (0..<HTTPLimits.attributes).map { "\"\(path).\($0)\":\"x\"" }.joined(separator: ",")
        let leaves = "{" + (0..<HTTPLimits.attributes).map { "\"\($0)\":\"x\"" }.joined(separator: ",") + "}"
        let context = "\"attributes\":{\(attributes)},\"arguments\":{\"\(path.dropFirst(10))\":\(leaves)}"
        let items = Array(repeating: "{}", count: HTTPLimits.evaluations).joined(separator: ",")
        func batch(_ more: String) throws -> EvaluationCodec.Batch? {
            let json = try EvaluationCodec.parse(Array(evaluation(context, #","evaluations":[\#(items)]"# + more).utf8))
            return try EvaluationCodec.batch(json, headers: .init(), hashing: hashing)
        }
        let questions = try #require(try batch("")).items.map { try $0.get() }
        #expect(
            questions.count == HTTPLimits.evaluations
                && questions.allSatisfy {
                    $0.call.attributes.count == HTTPLimits.attributes && $0.call.action == "send"
                })
        #expect(count.withLock { $0 } == 1)
        // Nor are properties copied for each of them without a bound.
        let many = (0...HTTPLimits.attributes).map { "\"p\($0)\":[]" }.joined(separator: ",")
        let item =
            #"""
            {"subject":{"type":"a","id":"a"},"action":{"name":"x","properties":{\#(many)}},"resource":{"type":"t",\#
            "id":"i"}}
            """#
        #expect(throws: EvaluationCodec.Problem.self) {
            try EvaluationCodec.question(Array(item.utf8), headers: .init(), holds: false, hashing: hashing)
        }
    }

    @Test func nullInABatchIsAsGoodAsAbsent() async throws {
        let gatekeeper = FakeGatekeeper()
        try await withDoor(gatekeeper) { socket in
            let items = #"[{"context":null},{"action":null,"resource":null,"subject":null},{"context":{}},{}]"#
            let batch = evaluation(
                #""attributes":{"a":"1"}"#, #","options":{"evaluations_semantic":null},"evaluations":"# + items)
            let answer = await ask(socket, "POST", "/access/v1/evaluations", batch, headers: testBearer)
            #expect(answer.status == 200 && answer.json?["evaluations"]?.elements?.count == 4)
            #expect(
                await ask(
                    socket, "POST", "/access/v1/evaluations", evaluation("", #","options":null,"evaluations":null"#),
                    headers: testBearer
                ).status == 200)
        }
        #expect(gatekeeper.state.withLock { $0.checked.map { $0.attributes["a"] } } == ["1", "1", nil, "1", nil])
    }
}
