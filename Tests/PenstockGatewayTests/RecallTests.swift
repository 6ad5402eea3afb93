import PenstockCore
import PenstockEnforcer
import PenstockGateway
import PenstockHTTP
import Testing

/// What was passed on while the grant was live, and waits for a client that does not read, is not passed once it is not.
@Suite struct RecallTests {
    private func unread() -> Scene {
        var scene = Scene()
        for id in 1...3 {
            scene.client(Era.handshake.call(id, "t"))
            scene.allow("d\(id)")
        }
        scene.client(Era.handshake.request(4, "tools/list"))
        scene.write()
        scene.isReading = false
        scene.server(#"{"jsonrpc":"2.0","method":"notifications/message","params":{"data":"secret"}}"#)
        scene.server(#"{"jsonrpc":"2.0","id":1,"result":{"content":[],"x":"secret"}}"#)
        scene.server(#"{"jsonrpc":"2.0","id":"q1","method":"elicitation/create","params":{"x":"secret"}}"#)
        scene.server(#"{"jsonrpc":"2.0","id":2,"error":{"code":1,"message":"secret"}}"#)
        scene.server(#"{"jsonrpc":"2.0","id":4,"result":{"tools":[{"name":"secret"}]}}"#)
        scene.preview { _ in .none }
        return scene
    }

    @Test(arguments: LiveChannelTests.ends) func unreadLinesAreRecalled(reason: Reason) {
        var scene = unread()
        #expect(scene.waiting.count == 5 && scene.client.isEmpty)
        scene.standing = reason
        scene.cancel("")
        scene.isReading = true
        scene.read()
        scene.write()
        #expect(!"\(scene.client)\(scene.server)".contains("secret"))
        // Each request has its one answer, 3 only where what runs must stop; what the server asked is answered for it.
        let answered = scene.client.compactMap { $0["id"]?.int64 }.sorted()
        #expect([[1, 2, 4], [1, 2, 3, 4]].contains(answered))
        #expect(scene.client.allSatisfy { $0["error"]?["data"]?["reason"]?.text == reason.name })
        #expect(scene.server.contains { $0.contains(#""id":"q1""#) && $0.contains(reason.name) })
        #expect(!scene.session.isDelivering)
    }

    @Test func unreadLinesOfALiveGrantKeepTheirOrder() {
        var scene = unread()
        // Twice too late, and something new in between.
        for _ in 0..<2 {
            scene.now += 5_000
            scene.standing = nil
            scene.read()
            scene.server(#"{"jsonrpc":"2.0","method":"notifications/message","params":{"data":"later"}}"#)
            scene.standing = Reason.none
            for _ in 0..<4 { scene.stand(.none) }
        }
        scene.isReading = true
        scene.read()
        #expect(scene.client.map { $0["id"]?.int64 ?? ($0["method"] == nil ? 0 : $0["id"] == nil ? -1 : -2) } == [-1, 1, -2, 2, 4, -1, -1])
        #expect(scene.session.outstanding == 1)
    }

    @Test func serverThatEndsLeavesNoRequestUnanswered() {
        var scene = unread()
        scene.now += 5_000
        scene.standing = nil
        scene.read()
        scene.isReading = true
        let ended = scene.session.serverEnded()
        scene.take(ended)
        #expect(scene.client.compactMap { $0["id"]?.int64 }.sorted() == [1, 2, 3, 4])
    }
}
