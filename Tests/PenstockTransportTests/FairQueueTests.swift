internal import Testing

@testable import PenstockTransport

@Suite struct FairQueueTests {
    private func message(_ sender: String, _ size: Int = 1) -> InboundMessage {
        InboundMessage(
            route: RoutingID([1]), userID: sender, address: nil, payload: [UInt8](repeating: 0, count: size))
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
        for number in 0..<most {
            #expect(adding(message("large-\(number)", SocketLimits.waitingBytesOfSender), to: &queue))
        }
        #expect(!adding(message("late", SocketLimits.waitingBytesAssured + 1), to: &queue))
        #expect(adding(message("late", SocketLimits.waitingBytesAssured), to: &queue))
    }

    @Test
    func orderOfOneSenderIsKeptOverManyTurns() {
        var (queue, sent, taken) = (FairQueue(), 0, 0)
        for round in 0..<2_000 {
            for _ in 0..<(round % 3) {
                #expect(
                    adding(
                        InboundMessage(
                            route: RoutingID([1]), userID: "a", address: nil, payload: [UInt8(sent % 251)]),
                        to: &queue))
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
}
