import Foundation
import PenstockCore
import PenstockEnforcer
import PenstockGateway
import PenstockHTTP
import Synchronization
import Testing

/// A gateway between pipes, in front of a small server that writes down every line that reaches it.
private final class Rig: Sendable {
    static let server = """
        import json, os, subprocess, sys, threading, time
        folder = sys.argv[1]
        out = threading.Lock()
        def say(message):
            with out:
                sys.stdout.write(json.dumps(message) + "\\n")
                sys.stdout.flush()
        with open(folder + "/pids", "w") as f:
            helper = subprocess.Popen(["sleep", "600"], stdout=subprocess.DEVNULL)
            f.write(f"{os.getpid()} {helper.pid}")
        with open(folder + "/environment", "w") as f:
            f.write("\\n".join(os.environ))
        while "deaf" in sys.argv and not os.path.exists(folder + "/read"):
            time.sleep(0.02)
        if "mute" in sys.argv:
            os.close(1)
        while "flood" in sys.argv:
            say({"jsonrpc": "2.0", "id": "i" * 250, "method": "no/such"})
        for line in sys.stdin:
            with open(folder + "/seen", "a") as f:
                f.write(line)
            if not line.endswith("\\n"):
                break
            message = json.loads(line)
            method = message.get("method")
            if method == "tools/list":
                say({"jsonrpc": "2.0", "id": message["id"], "result": {"tools": [{"name": "echo"}, {"name": "rm"}]}})
            elif method == "tools/call" and message["params"]["name"] == "exit":
                os._exit(7)
            elif method == "tools/call" and message["params"]["name"] == "noisy":
                for number in range(600):
                    say({"jsonrpc": "2.0", "method": "notifications/message", "params": {"data": "s" * 10_000}})
            elif method == "tools/call" and message["params"]["name"] != "slow":
                say({"jsonrpc": "2.0", "id": message["id"], "result": {"content": message["params"].get("arguments")}})
            elif method == "initialize":
                say({"jsonrpc": "2.0", "id": message["id"], "result": {}})
        if "stay" in sys.argv:
            time.sleep(600)
        """

    let folder = temporaryFolder()
    let gatekeeper = FakeGatekeeper()
    private let toGateway = Pipe()
    private let fromGateway = Pipe()
    private let lines = Mutex<[JSON]>([])
    private let isReading: Atomic<Bool>
    private let bytes = Atomic(0)
    private let running: Task<(status: Int32, counters: GatewaySession.Counters), Never>

    init(_ arguments: [String] = [], reads: Bool = true) throws {
        isReading = Atomic(reads)
        try Self.server.write(toFile: folder + "/server.py", atomically: true, encoding: .utf8)
        var options = GatewayOptions(command: ["python3", folder + "/server.py", folder] + arguments, credential: testDigest)
        options.input = toGateway.fileHandleForReading.fileDescriptor
        options.output = fromGateway.fileHandleForWriting.fileDescriptor
        options.handlesSignals = false
        options.grace = arguments.contains("deaf") ? .seconds(5) : .milliseconds(300)
        options.environment["PENSTOCK_TEST"] = nil
        let gateway = Gateway(gatekeeper, hashing: testHashing, options: options, logger: quietLogger)
        running = Task { await gateway.report() }
        let reading = fromGateway.fileHandleForReading
        Thread { [self] in
            var rest = Data()
            while !isReading.load(ordering: .relaxed) { Thread.sleep(forTimeInterval: 0.02) }
            while case let data = reading.availableData, !data.isEmpty {
                rest += data
                bytes.add(data.count, ordering: .relaxed)
                while let end = rest.firstIndex(of: 10) {
                    let line = Array(rest[rest.startIndex..<end])
                    rest = Data(rest[(end + 1)...])
                    if let json = try? JSONParser.parse(line) { lines.withLock { $0.append(json) } }
                }
            }
        }.start()
    }

    /// Not on the caller's thread: a full pipe holds the writer until the gateway reads, which needs a thread of the pool.
    private let writing = DispatchQueue(label: "rig")

    func send(_ line: String) { writing.async { [toGateway] in toGateway.fileHandleForWriting.write(Data((line + "\n").utf8)) } }

    func answer(_ id: Int) async -> JSON? {
        var found: JSON?
        _ = await eventually {
            found = lines.withLock { $0.first { $0["id"] == .integer(id) } }
            return found != nil
        }
        return found
    }

    var seen: [String] {
        let text = (try? String(contentsOfFile: folder + "/seen", encoding: .utf8)) ?? ""
        return text.split(separator: "\n").map(String.init)
    }

    /// Bytes that the client has read.
    var read: Int { bytes.load(ordering: .relaxed) }
    func startReading() { isReading.store(true, ordering: .relaxed) }
    func letServerRead() { _ = FileManager.default.createFile(atPath: folder + "/read", contents: nil) }
    func leave() { writing.async { [toGateway] in try? toGateway.fileHandleForWriting.close() } }
    func cancel() { running.cancel() }

    /// Waits for the end, and sees that no process of the server is left.
    func end() async throws -> (status: Int32, counters: GatewaySession.Counters) {
        let report = await running.value
        let pids = try String(contentsOfFile: folder + "/pids", encoding: .utf8).split(separator: " ").compactMap { pid_t($0) }
        #expect(pids.count == 2)
        for pid in pids { #expect(await eventually { Self.isGone(pid) }, "process \(pid) is left") }
        try? fromGateway.fileHandleForWriting.close()
        try? FileManager.default.removeItem(atPath: folder)
        return report
    }

    /// A grandchild that was killed is a zombie of whoever adopted it, and runs no more.
    private static func isGone(_ pid: pid_t) -> Bool {
        guard kill(pid, 0) == 0 else { return true }
        let status = (try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8)) ?? ""
        return status.split(separator: ")").last?.split(separator: " ").first == "Z"
    }
}

@Suite(.serialized) struct GatewayTests {
    @Test func allowsDeniesCancelsAndLeavesNothingBehind() async throws {
        let rig = try Rig()
        rig.gatekeeper.set {
            $0.decide = { Decision(reason: $0.resourceID == "rm" ? .actionNotAllowed : .none, decisionID: "d-" + $0.resourceID, validForMS: 60_000) }
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
        #expect(await Gateway(FakeGatekeeper(), hashing: testHashing, options: options, logger: quietLogger).run() == 127)
    }

    /// The server reads nothing until the call is revoked: the pipe has no room for it, or for a part of it.
    @Test(arguments: [(62_000, 5_000), (10, 300_000)]) func callThatTheServerHasNotReadIsNoCallOnceRevoked(before: Int, size: Int) async throws {
        let rig = try Rig(["deaf"])
        rig.gatekeeper.set { $0.decide = { Decision(reason: .none, decisionID: "d-" + $0.resourceID, validForMS: 60_000) } }
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
        #expect(await eventually { rig.gatekeeper.state.withLock { $0.released == ["d-secret"] || $0.settled["d-secret"] != nil } })
        #expect(rig.gatekeeper.state.withLock { $0.released.isEmpty } == (size > 65_536), "what never left costs nothing")
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
        let rig = try Rig()
        rig.gatekeeper.set { $0.delay = .seconds(1) }
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
