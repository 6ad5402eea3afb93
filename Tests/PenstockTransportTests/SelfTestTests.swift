internal import PenstockSystem
internal import PenstockTransport
internal import Testing

extension TransportTests {
    @Suite(.serialized)
    struct SelfTests {
        private static func failure(_ door: Door, _ kind: SocketKind, key: [UInt8]? = nil) -> TransportError.Code? {
            do {
                try SelfTest.refusesStrangers(
                    endpoint: door.endpoint, kind: kind, serverKey: key ?? door.keys.publicKey,
                    timeoutMilliseconds: 600)
                return nil
            } catch {
                return error.code
            }
        }

        @Test(arguments: [SocketKind.router, .publisher])
        func passesOnAShutDoor(kind: SocketKind) throws {
            let door = try Door(kind, roster: Roster())
            #expect(Self.failure(door, kind) == nil)
            #expect(try door.socket.kind == .publisher || door.socket.next(within: .milliseconds(50)) == nil)
        }

        @Test
        func passesOnEveryInterface() throws {
            let domain = Door.freshDomain()
            try Authenticator.shared.register(domain: domain, verdict: Roster().verdict)
            #expect(Self.failure(try Door(.router, domain: domain, at: "tcp://*:*"), .router) == nil)
        }

        @Test
        func passesFromAnotherThread() throws {
            let door = try Door(.router, roster: Roster())
            let (endpoint, key) = (door.endpoint, door.keys.publicKey)
            let thread = try SystemThread(name: "self-test") {
                #expect(throws: Never.self) {
                    try SelfTest.refusesStrangers(endpoint: endpoint, kind: .router, serverKey: key)
                }
            }
            thread.join()
        }

        @Test(arguments: [SocketKind.router, .publisher])
        func failsWhereEverybodyIsAdmitted(kind: SocketKind) throws {
            let domain = Door.freshDomain()
            try Authenticator.shared.register(domain: domain, verdict: { _, _, _ in "anyone" })
            #expect(Self.failure(try Door(kind, domain: domain), kind) == .selfTestFailed)
        }

        @Test
        func failsWhereNobodyAnswers() throws {
            let door = try Door(.router, roster: Roster())
            #expect(Self.failure(door, .router, key: CurveKeyPair.generate().publicKey) == .selfTestFailed)
            try door.socket.unbind(door.endpoint)
            #expect(Self.failure(door, .router) == .selfTestFailed)
        }

        /// In a process of its own: stopping the handler would shut out the tests of other suites.
        @Test
        func failsWithoutAHandler() async {
            await #expect(processExitsWith: .success) {
                let door = try Door(.router, roster: Roster())
                Authenticator.shared.stop()
                #expect(SelfTests.failure(door, .router) == .selfTestFailed)
            }
        }
    }
}
