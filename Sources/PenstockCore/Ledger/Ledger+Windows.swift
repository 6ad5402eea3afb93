/// Windows of budgets are opened when something is wanted of them.
extension Ledger {
    package typealias BudgetCalendar =
        @Sendable (BudgetWindow.CalendarPeriod, _ zone: String, WallTime) -> (
            start: WallTime, end: WallTime
        )?

    /// Windows that must be opened before a request, or those that wait, can be answered: events of the ledger's own.
    ///
    /// - Parameter calendar: bounds of a calendar window, which need a time zone's rules.
    package func windowsDue(for request: SliceRequest? = nil, calendar: BudgetCalendar, at now: Instant) -> [EventKind]
    {
        let wall = time.windowTime(at: now, bound: presence.bound)
        let requests = request.map { [$0] } ?? reserves.map(\.request)
        var due: [WindowOpening] = []
        for key in Set(requests.flatMap { request in request.parts.flatMap { next.levels(request.grantID, $0.unit) } })
        {
            // An operator who accepts a leap backwards opens no window twice.
            guard case .named(let name) = key, let entry = next.book.entries[key], entry.window != .none,
                wall >= entry.current?.end ?? .min
            else { continue }
            let bounds: (start: WallTime, end: WallTime)?
            if case .calendar(let period, let zone) = entry.window {
                bounds = calendar(period, zone, wall)
            } else {
                bounds = entry.window.bounds(at: wall)
            }
            guard let bounds, bounds.end > wall else { continue }
            due.append(
                WindowOpening(
                    budget: name, number: (entry.current?.number ?? 0) + 1,
                    start: max(bounds.start, entry.current?.end ?? .min), end: bounds.end))
        }
        return due.sorted { $0.budget < $1.budget }.map { .windowOpened($0) }
    }
}
