/// How a client of each era writes `params`.
enum Era: CaseIterable {
    case handshake, stateless

    func request(_ id: Int, _ method: String, _ params: String = "") -> String {
        let meta =
            self == .handshake
            ? ""
            : #"""
            "_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28",\#
            "io.modelcontextprotocol/clientCapabilities":{}}
            """#
        let all = [params, meta].filter { !$0.isEmpty }.joined(separator: ",")
        return #"{"jsonrpc":"2.0","id":\#(id),"method":"\#(method)","params":{\#(all)}}"#
    }

    func call(_ id: Int, _ tool: String, _ arguments: String = "{}") -> String {
        request(id, "tools/call", #""name":"\#(tool)","arguments":\#(arguments)"#)
    }
}
