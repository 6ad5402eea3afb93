import Foundation
import PenstockCore
import PenstockGatekeeper
import PenstockHTTP
import PenstockJSON
import PenstockTestSupport
import ServiceLifecycle
import Testing

/// A door on a socket of its own, for as long as a test needs it.
func withDoor(
    _ gatekeeper: FakeGatekeeper, keepAlive: Duration = .seconds(15), isTCP: Bool = false,
    _ body: @Sendable (String) async throws -> Void
) async throws {
    let folder = temporaryFolder()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    var options = isTCP ? HTTPDoorOptions(port: 0) : HTTPDoorOptions(unixPath: folder + "/door.sock")
    options.keepAlive = keepAlive
    let listening = AsyncStream<String>.makeStream()
    options.onListening = { listening.continuation.yield($0) }
    let door = try HTTPDoor(gatekeeper, hashing: testHashing, options: options, logger: quietLogger)
    let group = ServiceGroup(configuration: .init(services: [door], logger: quietLogger))
    let running = Task { try await group.run() }
    var address = ""
    for await text in listening.stream {
        address = text
        break
    }
    do { try await body(isTCP ? address : folder + "/door.sock") } catch {
        await group.triggerGracefulShutdown()
        throw error
    }
    await group.triggerGracefulShutdown()
    try await running.value
    #expect(!FileManager.default.fileExists(atPath: folder + "/door.sock"))
}

struct Answer {
    var status: Int
    var headers: [String: String]
    var body: String
    var json: JSON? { try? JSONParser.parse(Array(body.utf8)) }
}

/// Speaks HTTP/1.1 over the socket by hand, so that the bytes are the test's own.
func ask(
    _ socket: String, _ method: String, _ path: String, _ body: String = "", type: String? = "application/json",
    headers: [String: String] = [:]
) async -> Answer {
    var head =
        "\(method) \(path) HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: \(body.utf8.count)\r\n"
    if let type { head += "Content-Type: \(type)\r\n" }
    for (name, value) in headers { head += "\(name): \(value)\r\n" }
    let request = head + "\r\n" + body
    let text = await onOwnThread { exchange(socket, request) }
    let parts = text.components(separatedBy: "\r\n\r\n")
    let lines = parts[0].components(separatedBy: "\r\n")
    var answer = Answer(
        status: Int(lines[0].split(separator: " ").dropFirst().first ?? "") ?? 0, headers: [:], body: "")
    for line in lines.dropFirst() {
        let pair = line.split(separator: ":", maxSplits: 1)
        answer.headers[pair[0].lowercased()] = pair[1].trimmingCharacters(in: .whitespaces)
    }
    answer.body = parts.dropFirst().joined(separator: "\r\n\r\n")
    return answer
}

func exchange(_ path: String, _ request: String) -> String {
    let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(descriptor) }
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(path.utf8)) }
    let connected = withUnsafePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
        }
    }
    guard connected == 0 else { return "" }
    let bytes = Array(request.utf8)
    var sent = 0
    while sent < bytes.count {
        let count = bytes[sent...].withUnsafeBytes { send(descriptor, $0.baseAddress!, $0.count, Int32(MSG_NOSIGNAL)) }
        guard count > 0 else { break }
        sent += count
    }
    var answer: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 4_096)
    while case let count = read(descriptor, &buffer, buffer.count), count > 0 { answer += buffer[..<count] }
    return String(decoding: answer, as: UTF8.self)
}

let testBearer = ["Authorization": "Bearer \(testCredential)"]

func evaluation(_ context: String = "", _ more: String = "") -> String {
    #"""
    {"subject":{"type":"agent","id":"a"},"action":{"name":"send"},"resource":{"type":"tool","id":"mail"}\#(more),\#
    "context":{\#(context)}}
    """#
}
