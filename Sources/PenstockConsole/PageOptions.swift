internal import ArgumentParser

/// How much of a list is wanted. A list that is cut says so.
struct PageOptions: ParsableArguments {
    @Option(help: "At most so many.") var limit: Int?
    @Option(help: "Go on where another list ended, as it said.") var cursor: UInt64?

    var most: Int { limit ?? .max }

    func validate() throws {
        if let limit, limit < 1 { throw ValidationError("--limit is 1 or more") }
    }

    /// - Parameter next: where the list goes on; 0 at its end.
    static func sayMore(_ next: UInt64) {
        if next != 0 { Output.message("penstock: there are more: --cursor \(next) goes on") }
    }
}

/// The same of a list that is ordered by names.
struct NamePageOptions: ParsableArguments {
    @Option(help: "At most so many.") var limit: Int?
    @Option(help: "Go on where another list ended, as it said.") var cursor: String?

    var isSet: Bool { limit != nil || cursor != nil }

    func validate() throws {
        if let limit, limit < 1 { throw ValidationError("--limit is 1 or more") }
    }

    /// The part of some rows, which are in the order of their names, that is wanted. Rows of one name stay together.
    func cut<Row>(_ rows: [Row], _ name: (Row) -> String) -> [Row] {
        let behind = cursor.map { cursor in rows.filter { name($0) > cursor } } ?? rows
        guard let limit, limit < behind.count else { return behind }
        let last = name(behind[limit - 1])
        let part = behind[..<limit] + behind[limit...].prefix { name($0) == last }
        if part.count < behind.count {
            Output.message("penstock: there are more: --cursor '\(Printable.text(last))' goes on")
        }
        return Array(part)
    }
}
