internal import PenstockCore
import PenstockHTTP
import Testing

@Suite struct JSONTests {
    @Test(arguments: [
        "null", "true", "[]", "{}", "0", "-0", "12345678901234567890", "1.50e-3", #""é\"\\/""#, #"[1,[2,{"b":1,"a":[]}]]"#,
    ])
    func writesWhatItRead(text: String) throws {
        #expect(String(decoding: try JSONParser.parse(Array(text.utf8)).bytes, as: UTF8.self) == text)
    }

    @Test func readsEscapes() throws {
        #expect(try JSONParser.parse(Array(#""\u00e9\ud83d\ude00\n\/""#.utf8)) == .string("é😀\n/"))
        #expect(try JSONParser.parse(Array(#""\ud800x""#.utf8), .lenient) == .string("\u{FFFD}x"))
    }

    @Test func canonicalFormSortsMembers() throws {
        let json = try JSONParser.parse(Array(#"{ "b" : 1, "a" : {"z":[3, 2], "y":"\u0007"} }"#.utf8))
        #expect(String(decoding: json.canonicalBytes, as: UTF8.self) == #"{"a":{"y":"\u0007","z":[3,2]},"b":1}"#)
    }

    @Test(arguments: ["", " ", "nul", "01", "1.", ".5", "+1", "1e", "[1,]", #"{"a"}"#, #"{"a":1,}"#, #""\x""#, #""\u12g4""#, "\"\u{1}\"", "[", "1 2"])
    func refusesWhatIsNotJSON(text: String) {
        #expect(throws: JSONParser.Problem.self) { try JSONParser.parse(Array(text.utf8)) }
    }

    @Test func refusesWhatCanBeReadInTwoWays() {
        for text in [#"{"a":1,"a":2}"#, #"{"a":1,"\u0061":2}"#, #"{"x":{"é":1,"\u0065\u0301":2}}"#, #"{"a\u0000":1}"#, #""\udc00""#] {
            #expect(throws: JSONParser.Problem.self) { try JSONParser.parse(Array(text.utf8)) }
        }
    }

    @Test func traceparent() {
        let good = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
        #expect(TraceParent.traceID(good) != nil && TraceParent.traceID("cc" + good.dropFirst(2) + "-more") != nil)
        for bad in [
            "", "00", good + "-x", "ff" + good.dropFirst(2), good.uppercased(), "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
        ] { #expect(TraceParent.traceID(bad) == nil, "\(bad)") }
    }
}
