/// What a scan found in one segment file.
struct FoundSegment: Sendable {
    var header: SegmentHeader
    /// Damage in it is an error, because nothing but damage explains it: no power was lost since, or it was sealed.
    var isWhole: Bool
    var isSealed: Bool
    var proven: Bool
    /// Nil when it was never taken into use, or power loss took the mark.
    var firstSequence: UInt64?
    var lastSequence: UInt64 = 0
    /// Where records lie that were never finished, before others that were.
    var holes: Set<Int> = []
    /// Where records lie that are whole but for their length.
    var withoutLength: Set<Int> = []
    /// Where the records end.
    var endOffset = SegmentHeader.byteCount
    /// Records behind that end which were never finished.
    var begun: [(offset: Int, byteCount: Int)] = []

    var nextBehindBegun: UInt64 { lastSequence + 1 + UInt64(begun.count) }

    /// Their numbers are given: by the next segment, which begins behind them, or by the seal.
    mutating func takeBegun() {
        for record in begun {
            holes.insert(record.offset)
            endOffset = record.offset + Record.size(record.byteCount)
        }
        lastSequence += UInt64(begun.count)
        begun = []
    }
}
