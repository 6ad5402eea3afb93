internal import ArgumentParser
internal import Foundation
internal import Glibc
internal import PenstockCore
internal import PenstockNode

/// How data is printed.
enum OutputFormat: String, ExpressibleByArgument, CaseIterable {
    case table, json, jsonl
}

/// Data goes to standard output, messages to standard error.
enum Output {
    /// One object.
    static func print(_ value: some Encodable, _ format: OutputFormat, table: () -> [[String]]) throws {
        switch format {
        case .table: try write(Table.text(table()))
        case .json: try write(try StrictJSON.text(value, pretty: true) + "\n")
        case .jsonl: try write(try StrictJSON.text(value, pretty: false) + "\n")
        }
    }

    /// A list: an array in JSON, a line each in JSON lines.
    static func print(list: [some Encodable], _ format: OutputFormat, table: () -> [[String]]) throws {
        switch format {
        case .table: try write(Table.text(table()))
        case .json: try write(try StrictJSON.text(list, pretty: true) + "\n")
        case .jsonl: for value in list { try write(try StrictJSON.text(value, pretty: false) + "\n") }
        }
    }

    static func write(_ text: String) throws {
        guard let code = write(text, to: 1) else { return }
        // Whoever has read enough wants to hear no more, unless something was changed.
        if code == EPIPE, Changes.text == nil { throw Exit.readerGone }
        throw NodeError(.configuration, "cannot write standard output: \(String(cString: strerror(code)))")
    }

    /// Why a command takes long, for whoever sits before it.
    static func progress(_ text: String) {
        if isatty(STDERR_FILENO) != 0 { message("penstock: \(text)") }
    }

    /// What cannot be said is not said: the exit status tells.
    static func message(_ text: String) { _ = write(text + "\n", to: 2) }

    /// `FileHandle.write` traps on a full disk.
    ///
    /// - Returns: the error, or nil.
    private static func write(_ text: String, to descriptor: Int32) -> Int32? {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count > 0 {
                rest = rest.dropFirst(count)
            } else if errno == EAGAIN {
                var polled = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                poll(&polled, 1, -1)
            } else if errno != EINTR {
                return errno
            }
        }
        return nil
    }
}

/// Text from the log on its way to a terminal: a control character could move the cursor, and hide or forge what is
/// shown. JSON escapes by itself.
enum Printable {
    static func text(_ text: String) -> String {
        guard !text.isPrintable else { return text }
        return text.unicodeScalars.map { $0.isControl ? "\\u{\(String($0.value, radix: 16))}" : String($0) }.joined()
    }
}

/// Columns aligned by spaces; the first row is the heading. No cell is cut: two names that differ must look different.
enum Table {
    static func text(_ rows: [[String]]) -> String {
        var widths = [Int](repeating: 0, count: rows.map(\.count).max() ?? 0)
        return text(rows, &widths)
    }

    /// - Parameter widths: of the columns of rows before these; they grow.
    static func text(_ rows: [[String]], _ widths: inout [Int]) -> String {
        let rows = rows.map { $0.map(Printable.text) }
        for column in widths.indices {
            widths[column] = max(widths[column], rows.map { column < $0.count - 1 ? $0[column].count : 0 }.max() ?? 0)
        }
        return rows.map { row in
            let cells = row.enumerated().map {
                $0.offset == row.count - 1
                    ? $0.element
                    : $0.element + String(repeating: " ", count: max(0, widths[$0.offset] - $0.element.count))
            }
            return cells.joined(separator: "  ") + "\n"
        }.joined()
    }
}

/// `UNIT=N`.
struct AmountText: Formed {
    static let forms = "UNIT=N, such as calls=100, with a whole N, not negative"

    var unit: String
    var value: Int64

    init?(reading text: String) {
        let parts = text.split(separator: "=", omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[0].isEmpty, let value = Int64(parts[1]), value >= 0 else { return nil }
        unit = String(parts[0])
        self.value = value
    }
}
