internal import Foundation
internal import PenstockSystem

/// The threads that read a side each.
extension GatewayPump {
    func readClient() {
        var reader = LineReader(options.input, limit: GatewayLimits.clientLineBytes, stop: stop.read)
        while waitForRoom(forServerToo: true), let line = reader.next() {
            step { session in
                switch line {
                case .line(let bytes): session.fromClient(bytes)
                case .tooLong(let outline): session.fromClientTooLong(outline)
                }
            }
        }
        drain()
    }

    func readServer() {
        var reader = LineReader(child.output, limit: GatewayLimits.serverLineBytes, stop: stop.read)
        while waitForRoom(forServerToo: false), let line = reader.next() {
            step { session in
                switch line {
                case .line(let bytes): session.fromServer(bytes)
                case .tooLong(let outline): session.fromServerTooLong(outline)
                }
            }
        }
        locked {
            serverReaderEnded = true
            condition.broadcast()
        }
        close(child.output)
        // A server that cannot answer any more, and goes on.
        guard !hasExited(within: options.grace) else { return }
        if !hasEnded { notes.say("the server has closed its output: the session ends") }
        leave()
    }

    /// Whoever reads waits while what it says cannot be passed on. The server's reader never waits for the server:
    /// each would wait for the other.
    private func waitForRoom(forServerToo: Bool) -> Bool {
        condition.lock()
        defer { condition.unlock() }
        while (toClient.isFull && !toClient.isClosed) || (forServerToo && toServer.isFull && !toServer.isClosed)
            || !(forServerToo ? session.hasRoomForClient : session.hasRoomForServer) && status == nil
        {
            if forServerToo && isLeaving { return false }
            condition.wait()
        }
        return !(forServerToo && isLeaving)
    }
}
