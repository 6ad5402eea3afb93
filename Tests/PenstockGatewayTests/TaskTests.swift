import PenstockCore
import PenstockGatekeeper
import PenstockGateway
import PenstockJSON
import Testing

/// A task goes on after its call was answered, and not after its grant.
@Suite struct TaskTests {
    private func started(
        _ era: Era = .handshake, task: String = #"{"task":{"taskId":"t-1","status":"working","ttl":60000}}"#
    ) -> Scene {
        var scene = Scene()
        scene.client(era.request(1, "tools/call", #""name":"t","arguments":{},"task":{"ttl":60000}"#))
        scene.allow("d1")
        scene.write()
        scene.server(#"{"jsonrpc":"2.0","id":1,"result":\#(task)}"#)
        #expect(
            scene.client.count == 1 && scene.client[0]["result"] != nil && scene.settled["d1"] != nil
                && scene.session.outstanding == 0)
        scene.write()
        return scene
    }

    /// What the server is sent to end its tasks.
    private func cancellations(_ scene: Scene) -> [JSON] {
        (scene.server + scene.queue.map(\.line)).compactMap { try? JSONParser.parse(Array($0.utf8)) }
            .filter { $0["method"]?.text == "tasks/cancel" && $0["id"] != nil }
    }

    private func cancelled(_ scene: Scene) -> [String] {
        cancellations(scene).compactMap { $0["params"]?["taskId"]?.text }
    }

    @Test(
        arguments: [Reason.revoked, .suspended, .expired],
        [#"{"task":{"taskId":"t-1","status":"working"}}"#, #"{"resultType":"task","taskId":"t-1","status":"working"}"#])
    func taskIsCancelledWithItsGrant(reason: Reason, task: String) {
        var scene = started(task: task)
        scene.cancel("")
        #expect(cancelled(scene) == [], "somebody else was restricted")
        scene.standing = reason
        scene.take(scene.session.pulse())
        #expect(cancelled(scene) == ["t-1"])
        // Its answer is the gateway's own.
        let id = cancellations(scene)[0]["id"]!
        scene.server(
            #"""
            {"jsonrpc":"2.0","id":\#(String(decoding: id.bytes, as: UTF8.self)),"result":{"taskId":"t-1",\#
            "status":"cancelled"}}
            """#
        )
        #expect(scene.client.count == 1)
        scene.take(scene.session.pulse())
        #expect(cancelled(scene) == ["t-1"], "once")
    }

    @Test func eraOfTheClientIsThatOfTheCancellation() {
        var scene = started(.stateless)
        scene.take(scene.session.cancellationsLost())
        #expect(
            cancelled(scene) == ["t-1"]
                && cancellations(scene)[0]["params"]?["_meta"]?["io.modelcontextprotocol/protocolVersion"]?.text
                    == "2026-07-28"
        )
    }

    @Test(arguments: ["completed", "failed", "cancelled"]) func taskThatHasEndedIsLeftAlone(status: String) {
        for how in 0..<3 {
            var scene = started(
                task: how == 0
                    ? #"{"task":{"taskId":"t-1","status":"\#(status)"}}"#
                    : #"{"task":{"taskId":"t-1","status":"working"}}"#)
            if how == 1 {
                scene.server(
                    #"""
                    {"jsonrpc":"2.0","method":"notifications/tasks/status","params":{"taskId":"t-1",\#
                    "status":"\#(status)"}}
                    """#
                )
            }
            if how == 2 {
                scene.client(Era.handshake.request(2, "tasks/get", #""taskId":"t-1""#))
                #expect(scene.asked.first?.call.action == "tasks/get" && scene.asked.first?.call.resourceID == "t-1")
                scene.allow("d2")
                scene.write()
                scene.server(#"{"jsonrpc":"2.0","id":2,"result":{"taskId":"t-1","status":"\#(status)"}}"#)
            }
            scene.standing = .revoked
            scene.cancel("")
            #expect(cancelled(scene) == [])
        }
    }

    /// The call was revoked while the server was about to answer it with a task.
    @Test func taskThatNobodyHeardOfIsCancelledAtOnce() {
        var scene = Scene()
        for id in 1...2 {
            scene.client(Era.handshake.call(id, "t"))
            scene.allow("d\(id)")
        }
        scene.write()
        scene.cancel("d1")
        scene.server(#"{"jsonrpc":"2.0","id":1,"result":{"task":{"taskId":"late","status":"working"}}}"#)
        #expect(cancelled(scene) == ["late"])
        scene.standing = .staleView
        scene.server(#"{"jsonrpc":"2.0","id":2,"result":{"task":{"taskId":"withheld","status":"working"}}}"#)
        #expect(cancelled(scene) == ["late", "withheld"] && scene.lastReason == "stale_view")
    }

    /// A task that is only looked at may be another session's.
    @Test func taskOfAnotherIsNotCancelled() {
        var scene = Scene()
        scene.client(Era.handshake.request(1, "tasks/get", #""taskId":"other""#))
        scene.allow("d1")
        scene.write()
        scene.server(#"{"jsonrpc":"2.0","id":1,"result":{"taskId":"other","status":"working"}}"#)
        scene.standing = .revoked
        scene.cancel("")
        #expect(cancelled(scene) == [])
    }

    @Test func tasksAreBounded() {
        var scene = Scene()
        for id in 1...(GatewayLimits.tasks + 1) {
            scene.client(Era.handshake.call(id, "t"))
            scene.allow("d\(id)")
            scene.write()
            scene.server(#"{"jsonrpc":"2.0","id":\#(id),"result":{"task":{"taskId":"t-\#(id)","status":"working"}}}"#)
        }
        #expect(cancelled(scene) == ["t-1"] && scene.notes.count == 1)
        let long = String(repeating: "i", count: 5_000)
        scene.client(Era.handshake.call(1, "t"))
        scene.allow("d")
        scene.write()
        scene.server(#"{"jsonrpc":"2.0","id":1,"result":{"task":{"taskId":"\#(long)","status":"working"}}}"#)
        #expect(cancelled(scene) == ["t-1", long])
    }
}
