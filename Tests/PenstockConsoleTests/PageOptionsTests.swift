import Testing

@testable import PenstockConsole

/// Lists by name, as they are cut.
@Suite struct NamePageOptionsTests {
    private func cut(_ rows: [String], limit: Int? = nil, cursor: String? = nil) -> [String] {
        var options = NamePageOptions()
        (options.limit, options.cursor) = (limit, cursor)
        return options.cut(rows) { String($0.prefix(1)) }
    }

    @Test func partGoesOnBehindItsCursor() {
        let rows = ["a", "b", "c", "d"]
        #expect(cut(rows) == rows)
        #expect(cut(rows, limit: 4) == rows && cut(rows, limit: 9) == rows)
        #expect(cut(rows, limit: 3) == ["a", "b", "c"])
        #expect(cut(rows, limit: 2, cursor: "a") == ["b", "c"])
        #expect(cut(rows, cursor: "d") == [])
        #expect(cut(rows, cursor: "bb") == ["c", "d"], "a cursor may be a name that is gone")
    }

    @Test func rowsOfOneNameStayTogether() {
        let rows = ["a", "b1", "b2", "b3", "c"]
        #expect(cut(rows, limit: 2) == ["a", "b1", "b2", "b3"])
        #expect(cut(rows, limit: 2, cursor: "b") == ["c"])
    }
}
