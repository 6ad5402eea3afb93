internal import Foundation
internal import PenstockBench
internal import PenstockNode

/// What every benchmark does with its folder and its cells.
enum Benches {
    static func print(_ cells: [BenchResult], _ output: OutputFormat) throws {
        try Output.print(list: cells, output) {
            [[Machine.facts.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: " ")]]
        }
        if output == .table { try Output.write(Table.text([BenchResult.heading] + cells.map(\.row))) }
    }

    /// A folder of its own, gone afterwards.
    static func inFolder(_ body: (String) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
            "penstock-bench-\(ProcessInfo.processInfo.processIdentifier)"
        ).path
        try PrivateFile.makeFolder(folder)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try body(folder)
    }
}
