@testable import PenstockTransport
internal import Testing

extension TransportTests {
    @Suite(.serialized)
    struct ServerThreadTests {
        private func message(_ sender: String, _ size: Int = 1) -> InboundMessage {
            InboundMessage(route: RoutingID([1]), userID: sender, address: nil, payload: [UInt8](repeating: 0, count: size))
        }

        /// A function of its own, as the macro takes no mutating call.
        private func adding(_ message: InboundMessage, to queue: inout FairQueue) -> Bool { queue.add(message) }

        @Test
        func sendersHaveTheirTurns() {
            var queue = FairQueue()
            for _ in 0..<5 { #expect(adding(message("loud"), to: &queue)) }
            #expect(adding(message("quiet"), to: &queue))
            var order: [String] = []
            while let next = queue.take() { order.append(next.userID!) }
            #expect(order == ["loud", "quiet", "loud", "loud", "loud", "loud"])
            #expect(queue.isEmpty)
        }

        @Test
        func whoSendsTooMuchLosesItsOwnAlone() {
            var queue = FairQueue()
            for _ in 0..<SocketLimits.waitingMessagesOfSender { #expect(adding(message("loud"), to: &queue)) }
            #expect(!adding(message("loud"), to: &queue))
            #expect(adding(message("quiet"), to: &queue))
            _ = queue.take()
            #expect(adding(message("loud"), to: &queue))
            #expect(!adding(message("large", SocketLimits.waitingBytesOfSender + 1), to: &queue))
        }

        @Test
        func eachIsAssuredRoomWhileAllWaitForMuch() {
            var queue = FairQueue()
            let most = SocketLimits.waitingBytes / SocketLimits.waitingBytesOfSender
            for number in 0..<most { #expect(adding(message("large-\(number)", SocketLimits.waitingBytesOfSender), to: &queue)) }
            #expect(!adding(message("late", SocketLimits.waitingBytesAssured + 1), to: &queue))
            #expect(adding(message("late", SocketLimits.waitingBytesAssured), to: &queue))
        }

        @Test
        func orderOfOneSenderIsKeptOverManyTurns() {
            var (queue, sent, taken) = (FairQueue(), 0, 0)
            for round in 0..<2_000 {
                for _ in 0..<(round % 3) {
                    #expect(adding(InboundMessage(route: RoutingID([1]), userID: "a", address: nil, payload: [UInt8(sent % 251)]), to: &queue))
                    sent += 1
                }
                if let next = queue.take() {
                    #expect(next.payload == [UInt8(taken % 251)])
                    taken += 1
                }
            }
            while let next = queue.take() {
                #expect(next.payload == [UInt8(taken % 251)])
                taken += 1
            }
            #expect(taken == sent)
        }

        @Test
        func messagesComeAndGoOverTheThread() throws {
            let (keys, alice, wake) = (CurveKeyPair.generate(), CurveKeyPair.generate(), try WakeSignal())
            let domain = Door.freshDomain()
            try Authenticator.shared.register(domain: domain, verdict: Roster([(alice, "alice")]).verdict)
            let thread = try ServerThread(name: "test", receiver: wake)
            let socket = try thread.open(.router, security: .server(keys: keys, domain: domain), screen: { message in
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
