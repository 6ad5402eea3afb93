internal import Foundation
internal import PenstockCore

/// Calendar windows: which day, week, month or year of a time zone a moment lies in. Weeks begin on Monday, as in ISO
/// 8601.
enum WindowCalendar {
    /// Nil for a time zone that this machine does not know.
    static func bounds(_ period: BudgetWindow.CalendarPeriod, _ zone: String, _ wall: WallTime) -> (
        start: WallTime, end: WallTime
    )? {
        guard let zone = TimeZone(identifier: zone) else { return nil }
        var calendar = Calendar(identifier: .iso8601)
        calendar.timeZone = zone
        let date = Date(timeIntervalSince1970: Double(wall) / 1000)
        guard let interval = calendar.dateInterval(of: component(period), for: date) else { return nil }
        return (milliseconds(interval.start), milliseconds(interval.end))
    }

    private static func component(_ period: BudgetWindow.CalendarPeriod) -> Calendar.Component {
        switch period {
        case .hour: .hour
        case .day: .day
        case .week: .weekOfYear
        case .month: .month
        case .year: .year
        }
    }

    private static func milliseconds(_ date: Date) -> WallTime {
        WallTime((date.timeIntervalSince1970 * 1000).rounded())
    }
}
