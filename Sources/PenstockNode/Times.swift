internal import Foundation

/// Times as RFC 3339 in UTC.
package enum Times {
    /// The end of year 9999, which is as far as RFC 3339 goes.
    package static let last: Int64 = 253_402_300_799_999

    package static func text(_ milliseconds: Int64) -> String {
        guard milliseconds > 0 else { return "" }
        // Half a millisecond more: the format cuts off, and a Double may lie just below the millisecond.
        return Date(timeIntervalSince1970: (Double(milliseconds) + 0.5) / 1000).formatted(
            Date.ISO8601FormatStyle(includingFractionalSeconds: true))
    }

    /// Nil for what is no such time, or lies before 1970 or after year 9999.
    ///
    /// RFC 3339 section 5.6, to the last character; a leap second is no time of which a clock here could tell.
    package static func parse(_ text: String) -> Int64? {
        var rest = Array(text.utf8)[...]
        func number(_ digits: Int, _ range: ClosedRange<Int>) -> Int? {
            guard rest.count >= digits, rest.prefix(digits).allSatisfy({ (48...57).contains($0) }) else { return nil }
            let value = rest.prefix(digits).reduce(0) { $0 * 10 + Int($1 - 48) }
            rest = rest.dropFirst(digits)
            return range.contains(value) ? value : nil
        }
        func take(_ characters: String) -> UInt8? {
            guard let first = rest.first, characters.utf8.contains(first) else { return nil }
            rest = rest.dropFirst()
            return first
        }
        guard let year = number(4, 1969...9999), take("-") != nil, let month = number(2, 1...12), take("-") != nil,
            let day = number(2, 1...days(month, of: year)), take("Tt") != nil, let hour = number(2, 0...23),
            take(":") != nil,
            let minute = number(2, 0...59), take(":") != nil, let second = number(2, 0...59)
        else { return nil }
        var milliseconds = 0
        if take(".") != nil {
            let digits = rest.prefix { (48...57).contains($0) }
            guard (1...9).contains(digits.count) else { return nil }
            milliseconds = (digits + [48, 48]).prefix(3).reduce(0) { $0 * 10 + Int($1 - 48) }
            rest = rest.dropFirst(digits.count)
        }
        var offset = 0
        if take("Zz") == nil {
            guard let sign = take("+-"), let hours = number(2, 0...23), take(":") != nil,
                let minutes = number(2, 0...59)
            else { return nil }
            offset = (hours * 60 + minutes) * (sign == UInt8(ascii: "-") ? -60 : 60)
        }
        guard rest.isEmpty else { return nil }
        let seconds = daysSince1970(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second - offset
        let time = Int64(seconds) * 1_000 + Int64(milliseconds)
        return (0...last).contains(time) ? time : nil
    }

    private static func days(_ month: Int, of year: Int) -> Int {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    /// Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", days_from_civil.
    private static func daysSince1970(_ year: Int, _ month: Int, _ day: Int) -> Int {
        let shifted = month <= 2 ? year - 1 : year
        let era = shifted / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }
}
