internal import Testing

@testable internal import PenstockTransport

@Suite struct HandshakeRateTests {
    @Test func aKeyThatComesTooOftenComesAgainLaterAndOthersDoNotWait() {
        var rate = HandshakeRate()
        let now = ContinuousClock.now
        var admitted = 0
        for _ in 0..<1000 where rate.admits([1], at: now) { admitted += 1 }
        let other = rate.admits([2], at: now)
        var later = 0
        for _ in 0..<1000 where rate.admits([1], at: now + .seconds(1)) { later += 1 }
        #expect(admitted == Int(SocketLimits.handshakeBurst) && other)
        #expect(later == Int(SocketLimits.handshakesPerSecond))
    }
}
