/// Denials that are counted instead of recorded one by one: nobody fills a journal by being denied.
///
/// In each slice of time the first few denials of a source are recorded themselves, as samples. The rest are counted,
/// and when the slice has ended a record of kind `counted` says how many there were. Laws:
/// - every denial is recorded or counted, once;
/// - a count is kept until its record is written: a journal without room delays it;
/// - a tally has at most `Limits.talliedGrants` lines for grants, and one for each door and reason.
package struct DenialTally: Sendable {
    /// What denials are counted by.
    package struct Source: Hashable, Sendable, Comparable {
        package var door: Door
        package var reason: Reason
        /// The position of the grant's event; 0 where no grant is known, or where too many are denied to count each.
        package var grant: Position

        package init(door: Door, reason: Reason, grant: Position) {
            (self.door, self.reason, self.grant) = (door, reason, grant)
        }

        package static func < (a: Self, b: Self) -> Bool {
            (a.grant, a.door.rawValue, a.reason.rawValue) < (b.grant, b.door.rawValue, b.reason.rawValue)
        }
    }

    private struct Line {
        var since: Instant
        var recorded = 0
        var counted: UInt64 = 0
    }

    private var lines: [Source: Line] = [:]
    private var startedAt: Instant = 0
    private var grantLines = 0
    /// Since the process started.
    package private(set) var total: UInt64 = 0

    private let grantLinesKept: Int

    /// - Parameter count: tallies that share the bound on lines.
    package init(oneOf count: Int = 1) { grantLinesKept = max(1, Limits.talliedGrants / count) }

    /// Counted, and not recorded yet.
    package var waiting: UInt64 { lines.values.reduce(0) { $0 + $1.counted } }

    /// Whether the slice of time has ended in which the last denial came.
    package func isDue(at now: Instant) -> Bool { !lines.isEmpty && now - startedAt >= Limits.tallySlice }

    /// Whether one more denial is to be recorded by itself. If so, the caller records it, or counts it where it cannot.
    package mutating func samples(_ source: Source, at now: Instant) -> Bool {
        let line = self.line(of: source, at: now)
        return lines[line]!.recorded < (line.grant == 0 ? Limits.samplesWithoutGrant : Limits.samplesOfGrant)
    }

    package mutating func noteRecorded(_ source: Source, at now: Instant) {
        lines[line(of: source, at: now)]!.recorded += 1
    }

    package mutating func count(_ source: Source, at now: Instant) {
        total += 1
        lines[line(of: source, at: now)]!.counted += 1
    }

    /// The line that a denial goes to, opened if need be.
    private mutating func line(of source: Source, at now: Instant) -> Source {
        if lines[source] != nil { return source }
        var place = source
        if source.grant != 0 {
            if grantLines < grantLinesKept { grantLines += 1 } else { place.grant = 0 }
        }
        if lines.isEmpty { startedAt = now }
        if lines[place] == nil { lines[place] = Line(since: startedAt) }
        return place
    }

    /// Ends the slice: hands out a record for each count, in order, until `write` has no room for one; what is left
    /// counts on.
    package mutating func endSlice(at now: Instant, _ write: (DecisionRecord) -> Bool) {
        var hasRoom = true
        var left: [Source: Line] = [:]
        for (source, line) in lines.sorted(by: { $0.key < $1.key }) where line.counted > 0 {
            hasRoom = hasRoom && write(Self.record(source, line, now))
            if !hasRoom { left[source] = Line(since: line.since, counted: line.counted) }
        }
        lines = left
        grantLines = left.keys.count { $0.grant != 0 }
        startedAt = now
    }

    private static func record(_ source: Source, _ line: Line, _ now: Instant) -> DecisionRecord {
        var record = DecisionRecord(kind: .counted)
        (record.door, record.reason, record.grant) = (source.door, source.reason, source.grant)
        (record.count, record.lasted) = (line.counted, now - line.since)
        return record
    }
}
