internal import Testing

@testable internal import PenstockTransport

extension TransportTests {
    @Suite(.serialized)
    struct Admission {
        let alice = CurveKeyPair.generate()
        let stranger = CurveKeyPair.generate()

        /// Tries for a while; nothing may come through.
        private static func expectRefused(_ client: Socket, at door: Door) throws {
            #expect(try client.sendWhenReady([66], within: .milliseconds(700)) == .full)
            #expect(try door.socket.next(within: .milliseconds(100)) == nil)
        }

        @Test
        func unknownKeyIsRefusedWhileAnAdmittedOneTalks() throws {
            let door = try Door(.router, roster: Roster([(alice, "alice")]))
            try Self.expectRefused(try door.client(keys: stranger), at: door)
            let counts = try #require(Authenticator.shared.counts(domain: door.domain))
            #expect(counts.refused > 0)
            #expect(counts.admitted == 0)
            #expect(try door.client(keys: alice).sendWhenReady([1]) == .sent)
            #expect(try door.socket.next()?.userID == "alice")
        }

        @Test
        func unknownKeyHearsNothingPublished() throws {
            let door = try Door(.publisher, roster: Roster([(alice, "alice")]))
            let (admitted, refused) = (
                try door.client(.subscriber, keys: alice), try door.client(.subscriber, keys: stranger)
            )
            #expect(try publishUntilHeard(door.socket, admitted, [1]))
            for _ in 0..<50 { #expect(door.socket.send([2]) == .sent) }
            #expect(try refused.next(within: .milliseconds(700)) == nil)
        }

        @Test
        func domainWithoutAVerdictRefusesEverybody() throws {
            let door = try Door(.router)
            // Another domain keeps the handler running.
            try Authenticator.shared.register(domain: Door.freshDomain(), verdict: { _, _, _ in "anyone" })
            let before = Authenticator.shared.unknownDomainCount
            try Self.expectRefused(try door.client(keys: alice), at: door)
            #expect(Authenticator.shared.unknownDomainCount > before)
        }

        @Test
        func unregisteredDomainRefusesEverybody() throws {
            let door = try Door(.router, roster: Roster([(alice, "alice")]))
            Authenticator.shared.unregister(domain: door.domain)
            try Self.expectRefused(try door.client(keys: alice), at: door)
            #expect(Authenticator.shared.counts(domain: door.domain) == nil)
        }

        /// In a process of its own: stopping the handler would shut out the tests of other suites.
        @Test
        func stoppedHandlerRefusesEverybodyUntilAnotherStarts() async {
            await #expect(processExitsWith: .success) {
                let (alice, domain) = (CurveKeyPair.generate(), Door.freshDomain())
                let roster = Roster([(alice, "alice")])
                try Authenticator.shared.register(domain: domain, verdict: roster.verdict)
                let door = try Door(.router, domain: domain)
                Authenticator.shared.stop()
                let client = try door.client(keys: alice)
                try Admission.expectRefused(client, at: door)
                try Authenticator.shared.register(domain: domain, verdict: roster.verdict)
                #expect(try client.sendWhenReady([1]) == .sent)
                #expect(try door.socket.next()?.userID == "alice")
            }
        }

        @Test(arguments: ["", "a\0b", String(repeating: "x", count: 256)])
        func verdictThatNamesNobodyRefuses(name: String) throws {
            let domain = Door.freshDomain()
            try Authenticator.shared.register(domain: domain, verdict: { _, _, _ in name })
            let door = try Door(.router, domain: domain)
            try Self.expectRefused(try door.client(keys: alice), at: door)
        }

        @Test
        func wrongServerKeyGivesNoConnection() throws {
            let door = try Door(.router, roster: Roster([(alice, "alice")]))
            let client = try Socket(
                .dealer, security: .client(keys: alice, serverKey: CurveKeyPair.generate().publicKey))
            try client.connect(door.endpoint)
            try Self.expectRefused(client, at: door)
        }

        @Test
        func verdictSeesDomainAddressAndKey() throws {
            let domain = Door.freshDomain()
            let key = alice.publicKey
            try Authenticator.shared.register(domain: domain) { seen, address, seenKey in
                seen == domain && address == "127.0.0.1" && seenKey == key ? "seen" : nil
            }
            let door = try Door(.router, domain: domain)
            #expect(try door.client(keys: alice).sendWhenReady([1]) == .sent)
            #expect(try door.socket.next()?.userID == "seen")
        }

        @Test
        func domainTakesOneVerdictAndANonEmptyName() throws {
            let domain = Door.freshDomain()
            try Authenticator.shared.register(domain: domain, verdict: Roster().verdict)
            #expect { try Authenticator.shared.register(domain: domain, verdict: Roster().verdict) } throws: {
                ($0 as? TransportError)?.code == .domainTaken
            }
            for bad in ["", "a\0b", String(repeating: "x", count: 256)] {
                #expect { try Authenticator.shared.register(domain: bad, verdict: Roster().verdict) } throws: {
                    ($0 as? TransportError)?.code == .badDomain
                }
                #expect { try Socket(.router, security: .server(keys: .generate(), domain: bad)) } throws: {
                    ($0 as? TransportError)?.code == .badDomain
                }
            }
        }

        @Test
        func contextTakesOneHandler() throws {
            try Authenticator.shared.register(domain: Door.freshDomain(), verdict: Roster().verdict)
            #expect { try ZAPHandler(context: .shared) { _ in .refused } } throws: {
                ($0 as? TransportError)?.code == .addressInUse
            }
        }

        @Test
        func requestsAreParsedByTheirFrames() {
            let key = [UInt8](repeating: 5, count: 32)
            func request(_ version: String, _ mechanism: String, _ credentials: [[UInt8]]) -> ZAPRequest? {
                let head = [version, "1", "domain", "127.0.0.1", "", mechanism]
                return ZAPRequest(frames: head.map { Array($0.utf8) } + credentials)
            }
            #expect(request("1.0", "CURVE", [key])?.publicKey == key)
            #expect(request("1.0", "CURVE", [key])?.domain == "domain")
            #expect(request("1.0", "NULL", [])?.publicKey == .some(nil))
            #expect(request("2.0", "CURVE", [key]) == nil)
            #expect(request("1.0", "CURVE", []) == nil)
            #expect(request("1.0", "CURVE", [key, key]) == nil)
            #expect(request("1.0", "CURVE", [[1]]) == nil)
            #expect(ZAPRequest(frames: []) == nil)
            #expect(ZAPReply.badRequest.frames(requestID: [7])[1...2] == [[7], Array("500".utf8)])
        }
    }
}
