internal import PenstockSystem
internal import PenstockTransport
internal import Testing

extension TransportTests {
    @Suite(.serialized)
    struct Endpoints {
        @Test(arguments: [
            "inproc://a", "udp://127.0.0.1:1", "pgm://eth0;1.1.1.1:1", "127.0.0.1:1", "TCP://127.0.0.1:1", "",
        ])
        func otherSchemesAreRefused(endpoint: String) throws {
            let socket = try Socket(.router, security: .server(keys: .generate(), domain: "d"))
            #expect { try socket.bind(endpoint) } throws: { ($0 as? TransportError)?.code == .refusedScheme }
            #expect { try socket.connect(endpoint) } throws: { ($0 as? TransportError)?.code == .refusedScheme }
        }

        @Test(arguments: [
            "tcp://", "tcp://127.0.0.1", "tcp://127.0.0.1:99999", "tcp://192.0.2.1:*", "tcp://127.0.0.1:*\0x",
        ])
        func addressesThatAreNotHereAreBad(endpoint: String) throws {
            let socket = try Socket(.router, security: .server(keys: .generate(), domain: "d"))
            #expect { try socket.bind(endpoint) } throws: { ($0 as? TransportError)?.code == .badEndpoint }
        }

        @Test
        func secondOwnerOfAnAddressIsTold() throws {
            let door = try Door(.router)
            #expect { try Door(.router, domain: "d", at: door.endpoint) } throws: {
                ($0 as? TransportError)?.code == .addressInUse
            }
        }

        @Test
        func closedSocketRefusesEveryUse() throws {
            let door = try Door(.router)
            door.socket.close()
            door.socket.close()
            #expect { try door.socket.receive() } throws: { ($0 as? TransportError)?.code == .closed }
            #expect { try door.socket.bind("tcp://127.0.0.1:*") } throws: { ($0 as? TransportError)?.code == .closed }
            #expect { try Poller().wait([door.socket], timeoutMilliseconds: 0) } throws: {
                ($0 as? TransportError)?.code == .closed
            }
            #expect(door.socket.send([1], to: RoutingID([1])) == .unroutable)
        }

        @Test
        func useFromAnotherThreadStopsTheProcess() async {
            await #expect(processExitsWith: .failure) {
                // What the compiler would not let pass: the socket must notice by itself.
                struct Smuggled: @unchecked Sendable { let socket: Socket }
                let smuggled = Smuggled(socket: try Socket(.router, security: .server(keys: .generate(), domain: "d")))
                _ = try smuggled.socket.receive()
                try SystemThread(name: "other") { _ = try? smuggled.socket.receive() }.join()
            }
        }
    }
}
