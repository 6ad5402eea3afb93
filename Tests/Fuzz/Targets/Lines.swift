internal import Glibc
internal import PenstockCore
internal import PenstockCrypto
internal import PenstockGatekeeper
internal import PenstockGateway
internal import PenstockJSON

/// The lines of an MCP session.
enum Lines {
    private static let limit = 64

    /// Through a pipe, as the gateway reads: the lines are those that the line feeds make, up to the limit.
    static func line(_ bytes: [UInt8]) throws(Broken) -> Bool {
        // A pipe takes 64 KiB without a reader (pipe(7)).
        let bytes = Array(bytes.prefix(60_000))
        var (data, stop) = ([Int32](repeating: -1, count: 2), [Int32](repeating: -1, count: 2))
        precondition(pipe(&data) == 0 && pipe(&stop) == 0, "no descriptors left")
        defer { for descriptor in [data[0]] + stop { close(descriptor) } }
        precondition(write(data[1], bytes, bytes.count) == bytes.count, "a pipe takes 64 KiB")
        close(data[1])
        var reader = LineReader(data[0], limit: limit, stop: stop[0])
        var expected = bytes.split(separator: 10, omittingEmptySubsequences: false)
        if expected.last?.isEmpty != false { expected = expected.dropLast() }
        for line in expected {
            let read = reader.next()
            try law(
                read == (line.count > limit ? .tooLong(Outline(line)) : .line(Array(line))),
                "line \(line) was read as \(String(describing: read))")
        }
        try law(reader.next() == nil, "more lines than there are line feeds and a rest")
        return !expected.isEmpty
    }

    /// Each line begins with who says it, or what happens: `c` the client, `s` the server, `a` and `d` the oldest
    /// question is allowed or denied, `w` the oldest line is written, `x` the newest hold is cancelled, `l` and `r`
    /// cancellations are lost and come again.
    static func session(_ bytes: [UInt8]) throws(Broken) -> Bool {
        var scene = MCPScene()
        for line in bytes.split(separator: 10).prefix(64) {
            try scene.play(line[line.startIndex], Array(line.dropFirst()))
        }
        try scene.end()
        return scene.forwarded > 0
    }
}

/// Plays both ends of a session, holding it to the laws that `GatewaySession` states.
struct MCPScene {
    private var session = GatewaySession(credential: .zero, prices: prices, hash: { SHA256.hash($0) })
    private var asked: [(ticket: GatewaySession.Ticket, call: Call)] = []
    private var previews: [(ticket: GatewaySession.Ticket, count: Int)] = []
    private var isAsked = false
    private var queue: [(line: [UInt8], ticket: GatewaySession.Ticket?)] = []
    private var tools: [GatewaySession.Ticket: String] = [:]
    private var open: [String] = []
    private var ended: Set<String> = []
    private var holds = 0
    private(set) var forwarded = 0

    /// Every tool has a number that the gateway caps, writing it where it is not.
    private static let cap: Int64 = 100
    private static let prices: PriceTable = {
        var rule = PriceRule(tool: Pattern("*"), unit: "usd_micros")
        rule.perResultByte = .init(price: Price(1, per: 10)!, most: 1000)
        rule.perResultToken = .init(
            price: Price(3, per: 1000)!, most: .capped(cap, argument: "arguments.options.max_tokens"))
        return try! PriceTable(version: "fuzz", rules: [rule])  // The rule is one that the core's tests take.
    }()

    mutating func play(_ kind: UInt8, _ rest: [UInt8]) throws(Broken) {
        switch kind {
        case UInt8(ascii: "c"): try take(session.fromClient(rest))
        case UInt8(ascii: "s"): try take(session.fromServer(rest))
        case UInt8(ascii: "a"): try decide(.none, validForMS: Int64(rest.count) * 40)
        case UInt8(ascii: "d"): try decide(.revoked, validForMS: 0)
        case UInt8(ascii: "w"): try write()
        case UInt8(ascii: "x"):
            if let hold = open.last { try take(session.cancelled(Cancellation(decisionID: hold, reason: .revoked))) }
        case UInt8(ascii: "l"): try take(session.cancellationsLost())
        case UInt8(ascii: "r"): session.cancellationsResumed()
        default: break
        }
    }

    mutating func end() throws(Broken) {
        while !asked.isEmpty || !previews.isEmpty || isAsked || !queue.isEmpty {
            while !asked.isEmpty || !previews.isEmpty || isAsked { try decide(.none, validForMS: 1000) }
            for _ in 0..<queue.count { try write() }
        }
        try take(session.serverEnded())
        try law(session.outstanding == 0, "a request outlives its server")
        try law(open.isEmpty, "holds were never ended: \(open)")
    }

    private mutating func decide(_ reason: Reason, validForMS: Int64) throws(Broken) {
        if !asked.isEmpty {
            let (ticket, call) = asked.removeFirst()
            holds += 1
            let id = "hold-\(holds)"
            if reason == .none { open.append(id) }
            if call.action == "tools/call" { tools[ticket] = call.resourceID }
            let decision = Decision(reason: reason, decisionID: id, validForMS: validForMS)
            try take(session.decided(ticket, decision, askedAt: 1_000_090))
        } else if !previews.isEmpty {
            let (ticket, count) = previews.removeFirst()
            try take(session.previewed(ticket, [Reason](repeating: reason, count: count)))
        } else if isAsked {
            isAsked = false
            try take(session.stands(Preview(reason: reason, validForMS: validForMS), askedAt: 1_000_090))
        }
    }

    private mutating func write() throws(Broken) {
        guard !queue.isEmpty else { return }
        let (line, ticket) = queue.removeFirst()
        guard let ticket else { return try written(line, tool: nil) }
        switch session.willWrite(ticket, at: 1_000_100) {
        case .write(let actions):
            try written(line, tool: tools[ticket])
            try take(actions)
        case .drop(let actions): try take(actions)
        case .wait(let actions):
            queue.insert((line, ticket), at: 0)
            try take(actions)
        }
    }

    /// Whatever reaches the server is one line, read there as the call that was decided.
    private mutating func written(_ line: [UInt8], tool: String?) throws(Broken) {
        forwarded += 1
        try law(!line.contains(10) && !line.contains(13), "a line break reaches the server")
        let json = try? JSONParser.parse(line)
        try law(json != nil, "what reaches the server is no JSON")
        let called = json?["method"]?.text == "tools/call" ? json?["params"]?["name"]?.text : nil
        if called != nil {
            let number = json?["params"]?["arguments"]?["options"]?["max_tokens"]?.int64
            try law(
                number.map((0...Self.cap).contains) == true,
                "a tool is called with \(String(describing: number)) where \(Self.cap) is the most")
        }
        try law(called == tool, "the server is asked for \(called ?? "nothing") where \(tool ?? "nothing") was decided")
    }

    private mutating func take(_ actions: [GatewaySession.Action]) throws(Broken) {
        for action in actions {
            switch action {
            case .toServer(let line, let ticket): queue.append((line, ticket))
            case .toClient(let line, _): try law(!line.contains(10), "a line break inside a message to the client")
            case .check(let ticket, let call): asked.append((ticket, call))
            case .preview(let ticket, let calls): previews.append((ticket, calls.count))
            case .standing:
                try law(!isAsked, "two questions are under way")
                isAsked = true
            case .note: break
            case .settle(let id, _, _), .release(let id):
                try law(ended.insert(id).inserted, "hold \(id) ends twice")
                open.removeAll { $0 == id }
            }
        }
    }
}
