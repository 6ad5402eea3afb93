import PenstockNode
import Testing

@Suite struct TimesTests {
    @Test(arguments: [
        ("1970-01-01T00:00:00.001Z", 1), ("2000-02-29T12:00:00Z", 951_825_600_000),
        ("2024-12-31T23:59:59.999Z", 1_735_689_599_999), ("2024-12-31t23:59:59.9z", 1_735_689_599_900),
        ("2024-06-30T23:59:59.123456789+05:30", 1_719_772_199_123), ("1969-12-31T23:30:00-01:00", 1_800_000),
        ("9999-12-31T23:59:59.999Z", Times.last),
    ]) func timeIsReadToItsLastCharacter(text: String, time: Int64) {
        #expect(Times.parse(text) == time)
    }

    @Test(arguments: [
        "", "2024-02-30T00:00:00Z", "2023-02-29T00:00:00Z", "1900-02-29T00:00:00Z", "2024-13-01T00:00:00Z",
        "2024-01-01T24:00:00Z", "2024-01-01T00:00:60Z", "2024-01-01T00:00:00", "2024-01-01 00:00:00Z",
        "2024-01-01T00:00:00Z ", "2024-01-01T00:00:00.Z", "2024-01-01T00:00:00+0100", "2024-1-1T00:00:00Z",
        "1969-12-31T23:59:59Z", "9999-12-31T23:59:59-00:01", "２024-01-01T00:00:00Z",
    ]) func whatIsNoTimeIsRefused(text: String) {
        #expect(Times.parse(text) == nil)
    }

    @Test(arguments: [1, 999, 951_825_600_000, 1_735_689_599_999, Times.last]) func writtenTimeIsReadAgain(time: Int64)
    {
        #expect(Times.parse(Times.text(time)) == time)
    }

    @Test func noTimeIsNoText() { #expect(Times.text(0) == "") }
}
