internal import PenstockSystem
internal import Testing

@testable import PenstockTransport

extension TransportTests {
    @Suite(.serialized)
    struct ServerThreadTests {
        @Test
        func messagesComeAndGoOverTheThread() throws {
            let (keys, alice, wake) = (CurveKeyPair.generate(), CurveKeyPair.generate(), try WakeSignal())
            let domain = Door.freshDomain()
            try Authenticator.shared.register(domain: domain, verdict: Roster([(alice, "alice")]).verdict)
            let thread = try ServerThread(name: "test", receiver: wake)
            let socket = try thread.open(
                .router, security: .server(keys: keys, domain: domain),
                screen: { message in
                    switch message.payload {
                    case [1]: .drop
                    case [2]: .answer([20])
                    default: .take
                    }
                })
            let endpoint = try socket.bind("tcp://127.0.0.1:*")
            let client = try Socket(.dealer, security: .client(keys: alice, serverKey: keys.publicKey))
            try client.connect(endpoint)
            #expect(try client.sendWhenReady([1]) == .sent)
            #expect(client.send([2]) == .sent)
            #expect(client.send([3]) == .sent)
            guard case .message(let answer)? = try client.next() else { return #expect(Bool(false)) }
            #expect(answer.payload == [20])
            #expect(try Poller().wait([], wake: wake, timeoutMilliseconds: 5_000).woken)
            let taken = try #require(socket.receive())
            #expect(taken.userID == "alice" && taken.payload == [3])
            #expect(socket.receive() == nil)
            #expect(socket.send([30], to: taken.route) == .sent)
            guard case .message(let second)? = try client.next() else { return #expect(Bool(false)) }
            #expect(second.payload == [30])
            try socket.cycle(endpoint: endpoint)
            #expect(try client.sendWhenReady([4]) == .sent)
            thread.close()
            #expect(throws: TransportError.self) { try socket.bind("tcp://127.0.0.1:*") }
            #expect(socket.send([5], to: taken.route) == .full)
            client.close()
        }

        @Test
        func aConnectionThatEndsIsToldApartFromOnesThatGoOn() throws {
            let (keys, alice, wake) = (CurveKeyPair.generate(), CurveKeyPair.generate(), try WakeSignal())
            let domain = Door.freshDomain()
            try Authenticator.shared.register(domain: domain, verdict: Roster([(alice, "alice")]).verdict)
            let thread = try ServerThread(name: "test", receiver: wake)
            let socket = try thread.open(.router, security: .server(keys: keys, domain: domain))
            let endpoint = try socket.bind("tcp://127.0.0.1:*")
            let clients = try (0..<2).map { _ in
                try Socket(.dealer, security: .client(keys: alice, serverKey: keys.publicKey))
            }
            var routes: [RoutingID] = []
            for client in clients {
                try client.connect(endpoint)
                #expect(try client.sendWhenReady([1]) == .sent)
                let until = ContinuousClock.now + patience
                while ContinuousClock.now < until {
                    guard let route = socket.receive()?.route else { continue }
                    routes.append(route)
                    break
                }
            }
            try #require(routes.count == 2)
            SystemThread.sleep(milliseconds: 3 * SocketLimits.guardInterval)
            #expect(!routes.contains(where: socket.hasEnded), "both are there")
            clients[0].close()
            let until = ContinuousClock.now + patience
            while !socket.hasEnded(routes[0]), ContinuousClock.now < until { SystemThread.sleep(milliseconds: 10) }
            #expect(socket.hasEnded(routes[0]))
            #expect(!socket.hasEnded(routes[1]))
            thread.close()
            clients[1].close()
        }

        @Test
        func aMemberHasSoManySubscriptionsAndOthersTheirs() {
            var subscribers = Subscribers()
            let routes = (0..<UInt8(SocketLimits.subscriptionsOfMember) + 2).map { RoutingID([$0]) }
            subscribers.add(RoutingID([99]), of: "quiet")
            for route in routes + routes.suffix(3) { subscribers.add(route, of: "loud") }
            #expect(subscribers.routes == [RoutingID([99])] + routes.dropFirst(2))
            subscribers.remove([routes[2], RoutingID([99])])
            #expect(subscribers.routes == Array(routes.dropFirst(3)))
        }

        @Test
        func aPublisherTakesSubscriptionsAndCountsWhatElseComes() throws {
            let (keys, alice, wake) = (CurveKeyPair.generate(), CurveKeyPair.generate(), try WakeSignal())
            let domain = Door.freshDomain()
            try Authenticator.shared.register(domain: domain, verdict: Roster([(alice, "alice")]).verdict)
            let thread = try ServerThread(name: "test", receiver: wake)
            let socket = try thread.open(.publisher, security: .server(keys: keys, domain: domain))
            let endpoint = try socket.bind("tcp://127.0.0.1:*")
            let client = try Socket(.subscriber, security: .client(keys: alice, serverKey: keys.publicKey))
            let other = try Socket(.dealer, security: .client(keys: alice, serverKey: keys.publicKey))
            for socket in [client, other] { try socket.connect(endpoint) }
            for _ in 0..<100 { #expect(try other.sendWhenReady([1, 97]) == .sent) }
            client.subscribe()
            let (clock, until) = (ContinuousClock(), ContinuousClock().now + patience)
            var heard: Inbound?
            while heard == nil || socket.counts.malformed < 100, clock.now < until {
                #expect(socket.send([7]) == .sent)
                heard = try client.next(within: .milliseconds(20)) ?? heard
            }
            #expect(heard?.payload == [7])
            #expect(socket.counts.malformed == 100)
            #expect(socket.receive() == nil)
            #expect(try other.next(within: .milliseconds(50)) == nil, "who did not subscribe gets nothing")
            thread.close()
            client.close()
            other.close()
        }
    }
}
