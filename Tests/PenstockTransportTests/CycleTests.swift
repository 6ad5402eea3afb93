internal import PenstockTransport
internal import Testing

extension TransportTests {
    @Suite(.serialized)
    struct Cycle {
        /// What is sent before the client notices the cut is lost, so it sends again, as a node does.
        private func sendUntilHeard(_ client: Socket, _ server: Socket, _ payload: [UInt8]) throws -> Bool {
            for _ in 0..<100 {
                _ = client.send(payload)
                if try server.next(within: .milliseconds(50))?.payload == payload { return true }
            }
            return false
        }

        let alice = CurveKeyPair.generate()
        let mallory = CurveKeyPair.generate()

        @Test
        func expelledSubscriberIsCutAndTheOtherGoesOn() throws {
            let roster = Roster([(alice, "alice"), (mallory, "mallory")])
            let door = try Door(.publisher, roster: roster)
            let (stays, goes) = (
                try door.client(.subscriber, keys: alice), try door.client(.subscriber, keys: mallory)
            )
            #expect(try publishUntilHeard(door.socket, stays, [1]))
            #expect(try publishUntilHeard(door.socket, goes, [1]))

            roster.expel(mallory)
            #expect(try publishUntilHeard(door.socket, goes, [2]), "the verdict alone cuts nobody")
            try door.socket.cycle(endpoint: door.endpoint)
            try drain(goes)

            #expect(try publishUntilHeard(door.socket, stays, [3]))
            for _ in 0..<100 { #expect(door.socket.send([4]) == .sent) }
            // Longer than the greatest reconnection interval.
            #expect(try goes.next(within: .milliseconds(1500)) == nil)
            #expect(try #require(Authenticator.shared.counts(domain: door.domain)).refused > 0)
        }

        @Test
        func expelledDealerIsCutAndTheOtherGoesOn() throws {
            let roster = Roster([(alice, "alice"), (mallory, "mallory")])
            let door = try Door(.router, roster: roster)
            let (stays, goes) = (try door.client(keys: alice), try door.client(keys: mallory))
            #expect(try stays.sendWhenReady([1]) == .sent)
            #expect(try door.socket.next()?.userID == "alice")
            #expect(try goes.sendWhenReady([1]) == .sent)
            let old = try #require(try door.socket.next())
            #expect(old.userID == "mallory")

            roster.expel(mallory)
            try door.socket.cycle(endpoint: door.endpoint)
            // The owner goes on polling, as it does in a node; that lets libzmq finish the cut.
            #expect(try door.socket.next(within: .milliseconds(300)) == nil)
            #expect(try goes.next(within: .milliseconds(50)) == nil)
            #expect(try goes.sendWhenReady([2], within: .milliseconds(1500)) == .full)
            #expect(door.socket.send([3], to: old.route) == .unroutable)
            #expect(try door.socket.next(within: .milliseconds(100)) == nil)
            #expect(try goes.next(within: .milliseconds(50)) == nil)

            #expect(try stays.sendWhenReady([4]) == .sent)
            let new = try #require(try door.socket.next())
            #expect(new.userID == "alice")
            #expect(new.payload == [4])
            #expect(door.socket.send([5], to: new.route) == .sent)
            #expect(try stays.next()?.payload == [5])
        }

        @Test
        func expelledDealerThatFloodsIsCut() throws {
            let roster = Roster([(alice, "alice"), (mallory, "mallory")])
            let door = try Door(.router, roster: roster)
            let goes = try door.client(keys: mallory)
            #expect(try goes.sendWhenReady([1]) == .sent)
            for _ in 0..<5000 { _ = goes.send([2]) }
            #expect(try door.socket.next()?.payload == [1])

            roster.expel(mallory)
            try door.socket.cycle(endpoint: door.endpoint)
            // What had arrived before still comes, under its name, and ends.
            var leftOver = 0
            while let inbound = try door.socket.next(within: .milliseconds(300)) {
                #expect(inbound.userID == "mallory")
                leftOver += 1
            }
            #expect(leftOver <= 5000)
            for _ in 0..<100 { _ = goes.send([3]) }
            #expect(try door.socket.next(within: .milliseconds(1500)) == nil)
            let stays = try door.client(keys: alice)
            #expect(try stays.sendWhenReady([4]) == .sent)
            #expect(try door.socket.next()?.userID == "alice")
        }

        @Test
        func cyclingOftenKeepsTheAddress() throws {
            let door = try Door(.router, roster: Roster([(alice, "alice")]))
            let client = try door.client(keys: alice)
            for round in 0..<20 as Range<UInt8> {
                try door.socket.cycle(endpoint: door.endpoint)
                if round % 5 == 4 { #expect(try sendUntilHeard(client, door.socket, [round])) }
            }
        }
    }
}
