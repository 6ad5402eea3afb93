import PenstockJSON
import Testing

@Suite struct JSONTests {
    @Test(arguments: [
        "null", "true", "[]", "{}", "0", "-0", "12345678901234567890", "1.50e-3", #""é\"\\/""#,
        #"[1,[2,{"b":1,"a":[]}]]"#,
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

    @Test(arguments: [
        "", " ", "nul", "01", "1.", ".5", "+1", "1e", "[1,]", #"{"a"}"#, #"{"a":1,}"#, #""\x""#, #""\u12g4""#,
        "\"\u{1}\"", "[", "1 2",
    ])
    func refusesWhatIsNotJSON(text: String) {
        #expect(throws: JSONParser.Problem.self) { try JSONParser.parse(Array(text.utf8)) }
    }

    /// Few names are compared one by one, many by their hashes; in either case as Swift compares texts.
    @Test(arguments: [1, 7, 8, 9, 40])
    func refusesANameThatComesTwiceAmongAny(others: Int) throws {
        let members = (0..<others).map { #""n\#($0)":0"# } + [#""\u00e9":1"#]
        let json = try JSONParser.parse(Array("{\(members.joined(separator: ","))}".utf8))
        #expect(json.members?.count == others + 1)
        for twice in [#""n0":1"#, #""e\u0301":1"#, #""é":1"#] {
            let text = "{\((members + [twice]).joined(separator: ","))}"
            #expect(throws: JSONParser.Problem.self) { try JSONParser.parse(Array(text.utf8)) }
        }
    }

    /// Swift takes both names for one.
    @Test func findsAMemberByTheBytesOfItsName() throws {
        let json = try JSONParser.parse(Array(#"{"e\u0301":1,"\u00e9":2}"#.utf8), .lenient)
        #expect(json["e\u{301}"] == .integer(1) && json["\u{e9}"] == .integer(2))
        let set = json.setting("\u{e9}", .null)
        #expect(set["e\u{301}"] == .integer(1) && set["\u{e9}"] == .null && set.members?.count == 2)
    }

    @Test func refusesWhatCanBeReadInTwoWays() {
        for text in [
            #"{"a":1,"a":2}"#, #"{"a":1,"\u0061":2}"#, #"{"x":{"é":1,"\u0065\u0301":2}}"#, #"{"a\u0000":1}"#,
            #""\udc00""#,
        ] {
            #expect(throws: JSONParser.Problem.self) { try JSONParser.parse(Array(text.utf8)) }
        }
    }
}
