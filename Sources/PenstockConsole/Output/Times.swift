internal import Foundation

/// Times as RFC 3339 in UTC.
enum Times {
    /// The end of year 9999, which is as far as RFC 3339 goes.
    static let last: Int64 = 253_402_300_799_999

    static func text(_ milliseconds: Int64) -> String {
        guard milliseconds > 0 else { return "" }
        // Half a millisecond more: the format cuts off, and a Double may lie just below the millisecond.
        return Date(timeIntervalSince1970: (Double(milliseconds) + 0.5) / 1000).formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))
    }

    /// Nil for what is no such time, or lies before 1970 or after year 9999.
    static func parse(_ text: String) -> Int64? {
        let styles = [Date.ISO8601FormatStyle(), Date.ISO8601FormatStyle(includingFractionalSeconds: true)]
        let date = styles.lazy.compactMap { try? Date(text, strategy: $0) }.first
        return date.flatMap { Int64(exactly: ($0.timeIntervalSince1970 * 1000).rounded(.towardZero)) }.flatMap { (0...last).contains($0) ? $0 : nil }
    }
}
