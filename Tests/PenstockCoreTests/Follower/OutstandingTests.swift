import PenstockCore
import Testing

struct OutstandingTests {
    private typealias Requests = Outstanding<String, String>
    private let second = Nanoseconds.nanosecondsPerSecond

    @Test func whatMayGetLostIsForgotten() {
        var requests = Requests()
        let id = requests.add("echo", again: nil, at: 0)
        #expect(requests.overdue(at: second).isEmpty && requests.count == 1)
        #expect(requests.overdue(at: second + 1).isEmpty && requests.count == 0)
        #expect(requests.take(id) == nil)
    }

    @Test func whatMustNotGetLostIsSentUntilItIsSettled() {
        var requests = Requests()
        let first = requests.add("reserve", again: "bytes", at: 0)
        let second = requests.overdue(at: self.second + 1)
        let third = requests.overdue(at: 2 * self.second + 2)
        #expect([second, third].map { $0.map(\.message) } == [["bytes"], ["bytes"]])
        #expect(Set([first, second[0].id, third[0].id]).count == 3, "each copy has its own id")
        #expect(requests.take(second[0].id) == "reserve", "what brings something settles it, whichever copy it answers")
        #expect(requests.take(third[0].id) == nil && requests.overdue(at: .max).isEmpty)
    }

    /// The ledger may yet do what a later copy asks for.
    @Test func nothingIsSettledInVainWhileALaterCopyIsUnderWay() {
        var requests = Requests()
        let first = requests.add("reserve", again: "bytes", at: 0)
        let copy = requests.overdue(at: second + 1)[0].id
        #expect(requests.takeIfLastCopy(first) == nil)
        #expect(requests.refused(first, Refusal(.revoked, ""), at: second + 2) == nil)
        #expect(requests.count == 1)
        #expect(requests.takeIfLastCopy(copy) == "reserve" && requests.count == 0)
    }

    @Test(arguments: [
        Refusal(.busy, "", retryAfterMS: 50), Refusal(.full, "", retryAfterMS: 1000), Refusal(.halted, ""),
    ])
    func whatTheLedgerHasNotJudgedIsSentAgain(_ refusal: Refusal) {
        var requests = Requests()
        let id = requests.add("reserve", again: "bytes", at: 0)
        let refused = requests.refused(id, refusal, at: 10)
        #expect(refused?.purpose == "reserve" && refused?.stays == true)
        let due =
            10 + (refusal.retryAfterMS == 0 ? second : Nanoseconds(refusal.retryAfterMS) * .nanosecondsPerMillisecond)
        #expect(requests.overdue(at: due).isEmpty)
        #expect(requests.overdue(at: due + 1).count == 1)
    }

    @Test func aFinalRefusalSettles() {
        var requests = Requests()
        let id = requests.add("reserve", again: "bytes", at: 0)
        #expect(requests.refused(id, Refusal(.revoked, ""), at: 10)?.stays == false)
        let other = requests.add("snapshot", again: nil, at: 0)
        #expect(requests.refused(other, Refusal(.busy, "", retryAfterMS: 50), at: 10)?.stays == false)
        #expect(requests.count == 0)
    }
}
