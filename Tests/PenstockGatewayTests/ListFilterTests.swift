import PenstockCore
import PenstockGatekeeper
import PenstockGateway
import PenstockJSON
import Testing

/// Lists show what the grant may get, and nobody is told values of what it may not.
@Suite struct ListFilterTests {
    static let lists:
        [(method: String, member: String, key: String, action: String, names: [String], asked: [String])] = [
            ("prompts/list", "prompts", "name", "prompts/get", ["open", "shut"], ["open", "shut"]),
            (
                "resources/list", "resources", "uri", "resources/read", ["open", "file:///shut"],
                ["open", "file:///shut"]
            ),
            (
                "resources/templates/list", "resourceTemplates", "uriTemplate", "resources/read",
                ["open{+x}", "shut/{y}"], ["open", "shut/"]
            ),
            ("tasks/list", "tasks", "taskId", "tasks/get", ["open", "shut"], ["open", "shut"]),
        ]

    @Test(arguments: lists.indices) func listShowsWhatMayBeHad(index: Int) throws {
        let list = Self.lists[index]
        var scene = Scene()
        scene.client(Era.handshake.request(1, list.method))
        scene.allow("d1")
        scene.write()
        let entries = list.names.map { #"{"\#(list.key)":"\#($0)"}"# } + [#"{"other":1}"#, "7"]
        scene.server(#"{"jsonrpc":"2.0","id":1,"result":{"\#(list.member)":[\#(entries.joined(separator: ","))]}}"#)
        #expect(scene.previews.first?.calls.map(\.action) == [list.action, list.action])
        #expect(scene.previews.first?.calls.map(\.resourceID) == list.asked)
        scene.preview { $0.resourceID == "open" ? .none : .resourceOutOfBounds }
        let shown = try #require(scene.client.first?["result"]?[list.member]?.elements)
        #expect(shown.compactMap { $0[list.key]?.text } == [list.names[0]] && scene.settled["d1"] != nil)
    }

    @Test func longPageIsNoShortOne() {
        var scene = Scene()
        scene.client(Era.handshake.request(1, "tools/list"))
        scene.write()
        let tools = (0..<1_500).map { #"{"name":"t\#($0)"}"# }.joined(separator: ",")
        scene.server(#"{"jsonrpc":"2.0","id":1,"result":{"tools":[\#(tools)]}}"#)
        scene.preview { _ in .none }
        #expect(scene.client.first?["result"]?["tools"]?.elements?.count == 1_500)
        scene.client(Era.handshake.request(2, "tools/list"))
        scene.write()
        let many = [String](repeating: #"{"name":"t"}"#, count: GatewayLimits.entriesPerPage + 1).joined(separator: ",")
        scene.server(#"{"jsonrpc":"2.0","id":2,"result":{"tools":[\#(many)]}}"#)
        #expect(scene.client.last?["id"] == .number("2") && scene.lastCode == -32603)
    }

    @Test(arguments: [
        (#"{"type":"ref/prompt","name":"secret"}"#, "prompts/get", "prompt", "secret"),
        (#"{"type":"ref/resource","uri":"file:///secret/{x}"}"#, "resources/read", "resource", "file:///secret/"),
    ])
    func completionIsForWhoMayGetWhatIsCompleted(reference: String, action: String, type: String, id: String) {
        let line = Era.handshake.request(
            1, "completion/complete", #""ref":\#(reference),"argument":{"name":"a","value":"b"}"#)
        var scene = Scene()
        scene.client(line)
        #expect(scene.asked.isEmpty && scene.previews.first?.calls.first?.action == action)
        #expect(
            scene.previews.first?.calls.first?.resourceType == type
                && scene.previews.first?.calls.first?.resourceID == id)
        scene.preview { _ in .resourceOutOfBounds }
        scene.write()
        #expect(scene.server.isEmpty && scene.lastReason == "resource_out_of_bounds" && scene.session.outstanding == 0)
        scene.client(line)
        scene.preview { _ in .none }
        #expect(scene.asked.first?.call.action == "completion/complete" && scene.asked.first?.call.resourceID == "mcp")
        scene.allow("d1")
        scene.write()
        #expect(scene.server == [line])
        for bad in ["{}", #"{"type":"ref/prompt"}"#, #"{"type":"ref/other","name":"x"}"#, "null"] {
            scene.client(Era.handshake.request(2, "completion/complete", #""ref":\#(bad)"#))
            #expect(scene.lastCode == -32602)
        }
    }
}
