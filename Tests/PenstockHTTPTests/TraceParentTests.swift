import PenstockHTTP
import Testing

@Suite struct TraceParentTests {
    @Test func traceparent() {
        let good = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
        #expect(TraceParent.traceID(good) != nil && TraceParent.traceID("cc" + good.dropFirst(2) + "-more") != nil)
        for bad in [
            "", "00", good + "-x", "ff" + good.dropFirst(2), good.uppercased(),
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
        ] { #expect(TraceParent.traceID(bad) == nil, "\(bad)") }
    }
}
