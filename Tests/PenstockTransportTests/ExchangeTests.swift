internal import Glibc
internal import Testing

@testable internal import PenstockTransport

extension TransportTests {
    @Suite(.serialized)
    struct Exchange {
        let alice = CurveKeyPair.generate()
        let bob = CurveKeyPair.generate()

        @Test
        func routerAndDealerTalkUnderTheVerdictsName() throws {
            let door = try Door(.router, roster: Roster([(alice, "alice"), (bob, "bob")]))
            let (first, second) = (try door.client(keys: alice), try door.client(keys: bob))
            #expect(try first.sendWhenReady([1, 2, 3]) == .sent)
            let hello = try #require(try door.socket.next())
            #expect(hello.payload == [1, 2, 3])
            #expect(hello.userID == "alice")
            #expect(try second.sendWhenReady([]) == .sent)
            let empty = try #require(try door.socket.next())
            #expect(empty.payload == [])
            #expect(empty.userID == "bob")

            #expect(door.socket.send([9], to: hello.route) == .sent)
            #expect(try first.next() == .message(InboundMessage(route: nil, userID: nil, address: nil, payload: [9])))
            #expect(try second.next(within: .milliseconds(100)) == nil)
        }

        @Test
        func localSocketsWorkOverIPC() throws {
            let domain = Door.freshDomain()
            try Authenticator.shared.register(domain: domain, verdict: Roster([(alice, "alice")]).verdict)
            let door = try Door(.router, domain: domain, at: "ipc:///tmp/penstock-test-\(getpid()).sock")
            let client = try door.client(keys: alice)
            #expect(try client.sendWhenReady([1]) == .sent)
            #expect(try door.socket.next()?.userID == "alice")
            try door.socket.unbind(door.endpoint)
        }

        @Test
        func publisherReachesEverySubscriberInOrder() throws {
            let door = try Door(.publisher, roster: Roster([(alice, "alice"), (bob, "bob")]))
            let subscribers = [try door.client(.subscriber, keys: alice), try door.client(.subscriber, keys: bob)]
            for subscriber in subscribers {
                #expect(try publishUntilHeard(door.socket, subscriber, [0]))
            }
            for subscriber in subscribers { try drain(subscriber) }
            for number in 1...200 { #expect(door.socket.send([UInt8(number)]) == .sent) }
            for subscriber in subscribers {
                for number in 1...200 { #expect(try subscriber.next()?.payload == [UInt8(number)]) }
            }
        }

        @Test
        func largestPayloadArrivesAndALargerOneIsNotSent() throws {
            let door = try Door(.router, roster: Roster([(alice, "alice")]))
            let client = try door.client(keys: alice)
            let largest = [UInt8](repeating: 7, count: SocketLimits.messageBytes)
            #expect(try client.sendWhenReady(largest) == .sent)
            #expect(try door.socket.next()?.payload == largest)
            #expect(client.send(largest + [7]) == .tooLarge)
        }

        @Test
        func oversizedMessageDisconnectsOnlyItsSender() throws {
            let door = try Door(.router, roster: Roster([(alice, "alice"), (bob, "bob")]))
            let (offender, other) = (try door.client(keys: alice), try door.client(keys: bob))
            #expect(try offender.sendWhenReady([1]) == .sent)
            let route = try #require(try door.socket.next()?.route)
            #expect(try other.sendWhenReady([2]) == .sent)
            let otherRoute = try #require(try door.socket.next()?.route)

            let oversized = [UInt8](repeating: 0, count: SocketLimits.messageBytes + 1)
            #expect(oversized.withUnsafeBytes { offender.sendFrame($0, more: false) } == .sent)
            #expect(try door.socket.next(within: .milliseconds(500)) == nil)
            #expect(door.socket.send([3], to: route) == .unroutable)
            #expect(door.socket.send([4], to: otherRoute) == .sent)
            #expect(try other.next()?.payload == [4])
        }

        @Test
        func messageWithMorePartsIsMalformedAndLeavesNothingBehind() throws {
            let door = try Door(.router, roster: Roster([(alice, "alice")]))
            let client = try door.client(keys: alice)
            #expect(try client.sendWhenReady([0]) == .sent)
            let route = try #require(try door.socket.next()?.route)
            for part in 1...3 as ClosedRange<UInt8> {
                #expect([part].withUnsafeBytes { client.sendFrame($0, more: part < 3) } == .sent)
            }
            #expect(client.send([4]) == .sent)
            #expect(try door.socket.next() == .malformed(route: route, userID: "alice", parts: 4))
            #expect(try door.socket.next()?.payload == [4])
        }

        @Test
        func publishedMessageWithTwoPartsIsMalformed() throws {
            let door = try Door(.publisher, roster: Roster([(alice, "alice")]))
            let subscriber = try door.client(.subscriber, keys: alice)
            #expect(try publishUntilHeard(door.socket, subscriber, [0]))
            try drain(subscriber)
            let route = try #require(door.socket.subscribers.routes.first)
            for (part, more) in [(route.bytes, true), ([1], true), ([1], false)] {
                #expect(part.withUnsafeBytes { door.socket.sendFrame($0, more: more) } == .sent)
            }
            #expect(try subscriber.next() == .malformed(route: nil, userID: nil, parts: 2))
            #expect(try subscriber.next(within: .milliseconds(50)) == nil)
        }

        @Test
        func unknownRouteIsUnroutable() throws {
            let door = try Door(.router)
            #expect(door.socket.send([1], to: RoutingID([0, 1, 2, 3, 4])) == .unroutable)
        }

        @Test
        func dealerWithoutServerIsFull() throws {
            let door = try Door(.router)
            try door.socket.unbind(door.endpoint)
            #expect(try door.client(keys: alice).send([1]) == .full)
        }
    }
}
