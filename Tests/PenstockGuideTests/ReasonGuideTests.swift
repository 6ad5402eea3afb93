import Foundation
import PenstockCore
import Testing

/// The guide of reasons has the table that the code makes, and a section for each reason.
///
/// `PENSTOCK_WRITE_GUIDES=1 swift test --filter ReasonGuideTests` writes the table after a change of `Reason`.
struct ReasonGuideTests {
    static let path = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../Sources/penstock/Penstock.docc/Reasons.md").standardizedFileURL

    static var table: String {
        let rows = Reason.allCases.sorted { $0.rawValue < $1.rawValue }.map { reason in
            "| \(reason.rawValue) | `\(reason.name)` | \(reason.isTransient ? "transient" : "") |\n"
        }
        return "| no. | reason | |\n|---|---|---|\n" + rows.joined()
    }

    @Test func tableIsWhatTheCodeMakes() throws {
        var text = try String(contentsOf: Self.path, encoding: .utf8)
        let begin = try #require(text.range(of: "<!-- begin reasons -->\n"))
        let end = try #require(text.range(of: "<!-- end reasons -->"))
        let between = begin.upperBound..<end.lowerBound
        if ProcessInfo.processInfo.environment["PENSTOCK_WRITE_GUIDES"] != nil {
            text.replaceSubrange(between, with: Self.table)
            try text.write(to: Self.path, atomically: true, encoding: .utf8)
        } else {
            #expect(String(text[between]) == Self.table)
        }
    }

    @Test func eachReasonHasASection() throws {
        let lines = try String(contentsOf: Self.path, encoding: .utf8).split(separator: "\n")
        let sections = lines.filter { $0.hasPrefix("## ") }.map { String($0.dropFirst(3)) }
        #expect(sections.dropFirst() == Reason.allCases.map(\.name)[...])
    }
}
