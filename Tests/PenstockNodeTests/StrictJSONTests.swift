import Foundation
import PenstockNode
import Testing

@Suite struct StrictJSONTests {
    private struct File: Codable, Equatable {
        var firstName: String
        var parts: [Part]

        struct Part: Codable, Equatable { var size: Int }
    }

    private func read(_ text: String) -> File? {
        try? StrictJSON.decode(File.self, from: Data(text.utf8), "file", snakeCase: true)
    }

    @Test func writtenValueIsReadAgain() throws {
        let file = File(firstName: "a", parts: [File.Part(size: 1), File.Part(size: 2)])
        #expect(read(try StrictJSON.text(file, pretty: false)) == file)
        #expect(try StrictJSON.text(file, pretty: false) == #"{"first_name":"a","parts":[{"size":1},{"size":2}]}"#)
    }

    @Test(arguments: [
        "", "[]", #"{"first_name":"a"}"#, #"{"first_name":1,"parts":[]}"#,
        #"{"first_name":"a","parts":[],"first_name":"b"}"#, #"{"first_name":"a","parts":[],"more":1}"#,
        #"{"first_name":"a","parts":[{"size":1,"colour":2}]}"#, #"{"first_name":"a","parts":[]} x"#,
    ]) func whatTwoReadersCouldUnderstandDifferentlyIsRefused(text: String) {
        #expect(read(text) == nil)
    }

    @Test(arguments: [
        ("/a/b", nil, "/a/b"), ("b", "/a", "/a/b"), ("./b", "/a", "/a/b"), (".", "/a", "/a"), ("", "/a", "/a"),
        ("../b", "/a/", "/a/../b"),
    ]) func relativePathIsMeantFromItsFolder(path: String, folder: String?, absolute: String) {
        #expect(Paths.absolute(path, from: folder) == absolute)
    }
}
