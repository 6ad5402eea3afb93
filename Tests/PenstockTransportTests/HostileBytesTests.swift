internal import Glibc
internal import PenstockTransport
internal import Testing

extension TransportTests {
    @Suite(.serialized)
    struct HostileBytes {
        let alice = CurveKeyPair.generate()

        @Test
        func garbageLeavesOtherPeersWorking() throws {
            let door = try Door(.router, roster: Roster([(alice, "alice")]))
            let client = try door.client(keys: alice)
            #expect(try client.sendWhenReady([1]) == .sent)
            let route = try #require(try door.socket.next()?.route)

            var connections: [Int32] = []
            defer { for connection in connections { close(connection) } }
            for seed in 0..<40 as Range<UInt64> {
                let connection = try #require(connectPlainly(door.endpoint))
                connections.append(connection)
                // Some talk nonsense at once, some after a proper greeting, some say nothing, some hang up.
                if seed % 4 == 1 { write(greeting("CURVE"), to: connection) }
                if seed % 4 != 2 { write(noise(seed: seed, count: 4096), to: connection) }
                if seed % 4 == 3 { close(connections.removeLast()) }
            }
            #expect(try door.socket.next(within: .milliseconds(300)) == nil)
            #expect(client.send([2]) == .sent)
            #expect(try door.socket.next()?.payload == [2])
            #expect(door.socket.send([3], to: route) == .sent)
            #expect(try client.next()?.payload == [3])
            #expect(try door.client(keys: alice).sendWhenReady([4]) == .sent)
            #expect(try door.socket.next()?.payload == [4])
        }

        @Test
        func unencryptedPeerIsRefused() throws {
            let door = try Door(.router, roster: Roster([(alice, "alice")]))
            let connection = try #require(connectPlainly(door.endpoint))
            defer { close(connection) }
            let ready: [UInt8] =
                [4, 28, 5] + Array("READY".utf8)
                + [11] + Array("Socket-Type".utf8) + [0, 0, 0, 6] + Array("DEALER".utf8)
            write(greeting("NULL") + ready + [0, 2, 6, 6], to: connection)
            #expect(try door.socket.next(within: .milliseconds(500)) == nil)
            #expect(Authenticator.shared.counts(domain: door.domain)?.admitted == 0)
        }

        /// ZMTP 3.0 (RFC 23): signature, version, mechanism, as-server, filler.
        private func greeting(_ mechanism: String) -> [UInt8] {
            let name = Array(mechanism.utf8) + [UInt8](repeating: 0, count: 20 - mechanism.utf8.count)
            return [0xff] + [UInt8](repeating: 0, count: 8) + [0x7f, 3, 0] + name + [UInt8](repeating: 0, count: 32)
        }

        private func noise(seed: UInt64, count: Int) -> [UInt8] {
            var state = seed &* 0x9e37_79b9_7f4a_7c15 | 1
            return (0..<count).map { _ in
                state ^= state << 13
                state ^= state >> 7
                state ^= state << 17
                return UInt8(truncatingIfNeeded: state)
            }
        }

        private func write(_ bytes: [UInt8], to connection: Int32) {
            _ = send(connection, bytes, bytes.count, Int32(MSG_NOSIGNAL))
        }

        private func connectPlainly(_ endpoint: String) -> Int32? {
            guard let port = endpoint.split(separator: ":").last.flatMap({ UInt16($0) }) else { return nil }
            let connection = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = port.bigEndian
            address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
            let connected = withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    connect(connection, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
                }
            }
            return connected == 0 ? connection : nil
        }
    }
}
