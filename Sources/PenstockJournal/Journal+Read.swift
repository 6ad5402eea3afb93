extension Journal {
    /// Visits records from number `sequence` on, in order, as long as their bodies come to at most `maxBytes`; but
    /// always one if there is one. Records already released are passed over. Safe while the writer appends: what it
    /// publishes meanwhile may or may not be visited, and nothing behind a record that is not finished yet is. A number
    /// of an earlier start that has no record comes without a byte. The bytes are valid during the call of `body` only.
    ///
    /// Returns the number to read on from.
    @discardableResult
    package func read(
        from sequence: UInt64, maxBytes: Int, _ body: (UInt64, UnsafeRawBufferPointer) -> Void
    ) -> UInt64 {
        let (segments, cursor) = pool.snapshot()
        var next = max(sequence, 1)
        var bytes = 0
        for (number, segment) in segments.enumerated() {
            // A segment that ends below: the following one begins at or before what is wanted.
            if number + 1 < segments.count, segments[number + 1].firstSequence <= next { continue }
            var place = SegmentPool.Cursor(
                sequence: segment.firstSequence, index: segment.index, offset: SegmentHeader.byteCount)
            if cursor.index == segment.index, cursor.sequence <= next { place = cursor }
            var isOver = false
            while true {
                let following = segment.visit(at: place.offset) { record in
                    guard place.sequence >= next else { return }
                    isOver = bytes > 0 && bytes + record.count > maxBytes
                    guard !isOver else { return }
                    bytes += record.count
                    body(place.sequence, record)
                    next = place.sequence + 1
                }
                guard !isOver, let following else { break }
                place.sequence += 1
                place.offset = following
            }
            pool.remember(place)
            let isUnfinished =
                segment.found == nil && number + 1 < segments.count
                && place.sequence < segments[number + 1].firstSequence
            if isOver || isUnfinished { break }
        }
        return next
    }

    /// Visits every record of earlier incarnations that is not released, in order: for closing their accounts at start.
    package func forEachPreviousRecord(
        _ body: (_ incarnation: [UInt8], _ proven: Bool, _ sequence: UInt64, _ bytes: UnsafeRawBufferPointer) -> Void
    ) {
        for segment in pool.snapshot().segments {
            guard let found = segment.found else { return }
            var sequence = segment.firstSequence
            var offset = SegmentHeader.byteCount
            while let following = segment.visit(
                at: offset,
                { if !$0.isEmpty { body(found.header.incarnation, found.proven, sequence, $0) } })
            {
                sequence += 1
                offset = following
            }
        }
    }
}
