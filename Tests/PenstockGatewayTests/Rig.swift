import Foundation
import PenstockCore
import PenstockGatekeeper
import PenstockGateway
import PenstockJSON
import PenstockSystem
import PenstockTestSupport
import Synchronization
import Testing

/// A gateway between pipes, in front of a small server that writes down every line that reaches it.
final class Rig: Sendable {
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
        var options = GatewayOptions(
            command: ["python3", folder + "/server.py", folder] + arguments, credential: testDigest)
        options.input = toGateway.fileHandleForReading.fileDescriptor
        options.output = fromGateway.fileHandleForWriting.fileDescriptor
        options.handlesSignals = false
        options.grace = arguments.contains("deaf") ? .seconds(5) : .milliseconds(300)
        options.environment["PENSTOCK_TEST"] = nil
        let gateway = Gateway(gatekeeper, hashing: testHashing, options: options, logger: quietLogger)
        running = Task { await gateway.report() }
        let reading = fromGateway.fileHandleForReading
        try SystemThread(name: "rig") { [self] in
            var rest = Data()
            while !isReading.load(ordering: .relaxed) { SystemThread.sleep(milliseconds: 20) }
            while case let data = reading.availableData, !data.isEmpty {
                rest += data
                bytes.add(data.count, ordering: .relaxed)
                while let end = rest.firstIndex(of: 10) {
                    let line = Array(rest[rest.startIndex..<end])
                    rest = Data(rest[(end + 1)...])
                    if let json = try? JSONParser.parse(line) { lines.withLock { $0.append(json) } }
                }
            }
        }
    }

    /// Not on the caller's thread: a full pipe holds the writer until the gateway reads, which needs a thread of the
    /// pool.
    private let writing = DispatchQueue(label: "rig")

    func send(_ line: String) {
        writing.async { [toGateway] in toGateway.fileHandleForWriting.write(Data((line + "\n").utf8)) }
    }

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

    /// One whose server runs.
    static func running() async throws -> Rig {
        let rig = try Rig()
        #expect(await eventually { rig.pids.count == 2 })
        return rig
    }

    /// Of the server, once it runs.
    var pids: [pid_t] {
        let text = (try? String(contentsOfFile: folder + "/pids", encoding: .utf8)) ?? ""
        return text.split(separator: " ").compactMap { pid_t($0) }
    }

    /// Waits for the end, and sees that no process of the server is left.
    func end() async throws -> (status: Int32, counters: GatewaySession.Counters) {
        let report = await running.value
        let pids = pids
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
