import PenstockHTTP
import Testing

@Suite struct EventStreamParserTests {
    /// Each event as NAME|DATA.
    private func read(_ text: String) -> (events: [String], isBroken: Bool) {
        var parser = EventStreamParser()
        let events = parser.read(text.utf8).map { "\($0.name)|\($0.data)" }
        return (events, parser.isBroken)
    }

    private func data(_ lines: Int) -> String { String(repeating: "data: x\n", count: lines) }

    @Test func eventsAreReadAndCommentsSkipped() {
        let (events, isBroken) = read(": alive\n\nevent: cancelled\r\ndata: a\ndata:b\n\ndata: c\n\ndata: cut")
        #expect(events == ["cancelled|a\nb", "|c"])
        #expect(!isBroken)
    }

    @Test func eventOfTooManyDataLinesBreaksTheStream() {
        let most = HTTPLimits.eventDataLines
        #expect(read(data(most) + "\n" + data(most) + "\n").events.count == 2, "the bound is each event's own")
        let (events, isBroken) = read("data: first\n\n" + data(most + 1) + "\ndata: after\n\n")
        #expect(isBroken)
        #expect(events == ["|first"], "an event that was cut is none, and nothing after it counts")
    }

    @Test func lineThatIsTooLongBreaksTheStream() {
        let fits = "data:" + String(repeating: "x", count: HTTPLimits.eventLineBytes - 5)
        #expect(read(fits + "\n\n").events.count == 1)
        let (events, isBroken) = read(fits + "x\n\ndata: after\n\n")
        #expect(isBroken && events.isEmpty)
    }
}
