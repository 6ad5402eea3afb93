internal import PenstockNode

/// A row of a table.
protocol TableRow {
    var columns: [String] { get }
}

/// Prints a list part by part, so that only one part is in memory: as `Output.print(list:)` prints it whole.
final class ListWriter<Row: Encodable & TableRow> {
    private let format: OutputFormat
    private var widths: [Int]
    private var heading: [String]?
    private var isEmpty = true

    init(_ format: OutputFormat, _ heading: [String]) {
        (self.format, self.heading) = (format, heading)
        widths = heading.map { _ in 0 }
    }

    func write(_ rows: [Row]) throws {
        switch format {
        case .table:
            let cells = (heading.map { [$0] } ?? []) + rows.map(\.columns)
            heading = nil
            try Output.write(Table.text(cells, &widths))
        case .json:
            var text = ""
            for row in rows {
                text += isEmpty ? "[\n" : ",\n"
                isEmpty = false
                text += try StrictJSON.text(row, pretty: true).split(separator: "\n").map { "  \($0)" }.joined(
                    separator: "\n")
            }
            try Output.write(text)
        case .jsonl: for row in rows { try Output.write(try StrictJSON.text(row, pretty: false) + "\n") }
        }
    }

    func finish() throws {
        switch format {
        case .table: if heading != nil { try write([]) }
        case .json: try Output.write(isEmpty ? "[]\n" : "\n]\n")
        case .jsonl: break
        }
    }
}
