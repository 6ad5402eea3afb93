internal import Foundation

/// Times as RFC 3339 in UTC.
enum Times {
    static func text(_ milliseconds: Int64) -> String {
        guard milliseconds > 0 else { return "" }
        // Half a millisecond more: the format cuts off, and a Double may lie just below the millisecond.
        return Date(timeIntervalSince1970: (Double(milliseconds) + 0.5) / 1000).formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))
    }

    /// Nil for what is no such time, or a year so far off that its milliseconds do not fit.
    static func parse(_ text: String) -> Int64? {
        let styles = [Date.ISO8601FormatStyle(), Date.ISO8601FormatStyle(includingFractionalSeconds: true)]
        let date = styles.lazy.compactMap { try? Date(text, strategy: $0) }.first
        return date.flatMap { Int64(exactly: ($0.timeIntervalSince1970 * 1000).rounded(.towardZero)) }
    }
}
