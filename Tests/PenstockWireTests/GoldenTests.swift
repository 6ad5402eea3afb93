internal import Foundation
internal import PenstockCore
internal import PenstockWire
internal import Testing

/// Events of every version decode for ever: `Golden` has the bytes that version 1 made, one file a kind.
@Suite struct GoldenTests {
    private func path(_ name: EventKind.Name) -> String {
        String(#filePath.dropLast("GoldenTests.swift".count)) + "Golden/\(name.rawValue).hex"
    }

    private func golden(_ name: EventKind.Name) throws -> [UInt8] {
        let made = Hex.encode(Sample.body(Sample.kind(name)))
        let text = try #require(
            try? String(contentsOfFile: path(name), encoding: .utf8),
            "\(path(name)) is missing; these bytes are what it would have: \(made)")
        return try #require(Hex.decode(text.filter { !$0.isWhitespace }))
    }

    @Test(arguments: EventKind.Name.allCases) func bytesOfVersionOneDecode(name: EventKind.Name) throws {
        #expect(try EventCodec.decode(body: golden(name), id: Sample.digest(0xff)) == Sample.event(Sample.kind(name)))
    }

    @Test(arguments: EventKind.Name.allCases) func encodingGivesTheBytesOfVersionOne(name: EventKind.Name) throws {
        #expect(Sample.body(Sample.kind(name)) == (try golden(name)))
    }

    @Test func nothingElseLiesThere() throws {
        let folder = String(path(.genesis).dropLast("genesis.hex".count))
        let files = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
        #expect(files == EventKind.Name.allCases.map { "\($0.rawValue).hex" }.sorted())
    }
}
