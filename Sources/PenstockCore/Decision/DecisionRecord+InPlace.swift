/// Decisions and the ends of holds, written from what they are made of: the path of every call.
extension DecisionRecord {
    /// Bytes that `write` will need for a call's record.
    @inline(__always)
    package static func byteCount(_ call: borrowing Call, _ verdict: borrowing Verdict, debits: Int) -> Int {
        var count =
            fixedBytes + 8 + min(call.action.utf8.count, textBytes) + min(call.resourceType.utf8.count, textBytes)
        count += min(call.resourceID.utf8.count, textBytes) + min(call.callID.utf8.count, textBytes) + 1 + debits * 16
        count +=
            5 + min(call.priceVersion.utf8.count, Limits.priceVersionBytes)
            + min(call.basis.utf8.count, Limits.basisBytes)
        for index in 0..<call.amounts.count { count += 10 + call.amounts[index].unit.utf8.count }
        if call.amounts.count(calls: verdict.calls) > call.amounts.count { count += 15 }
        if !call.holds || !verdict.isAllow { count += 2 }
        if case .some(let shortage) = verdict.shortageBox { count += min(shortage.text.utf8.count, limitBytes) }
        return count
    }

    /// Writes a call's record in place: the path of every decision, without a heap allocation.
    @inline(__always)
    package static func write(
        _ call: borrowing Call, _ verdict: Verdict, _ debits: [Debit], grant: Position, wall: WallTime,
        into memory: UnsafeMutableRawBufferPointer
    ) {
        var writer = RecordWriter(memory)
        let kind: Kind = call.holds && verdict.isAllow ? .held : .decided
        writer.put(
            kind, verdict.reason, debits.count, wall, grant, verdict.position, verdict.viewAge, decision: 0,
            call.traceID, call.argumentsDigest)
        writer.put(call.action, call.resourceType, call.resourceID, call.callID, call.priceVersion, call.basis)
        writer.put(call.door.rawValue)
        if kind == .decided {
            if case .some(let shortage) = verdict.shortageBox {
                writer.put(text: shortage.text, limit: limitBytes)
            } else {
                writer.put(UInt16(0))
            }
        }
        writer.put(UInt8(call.amounts.count(calls: verdict.calls)))
        writer.put(call.amounts, calls: verdict.calls)
        writer.put(debits)
    }

    /// Bytes that `writeEnd` will need.
    package static func endByteCount(_ end: borrowing HoldEnd) -> Int {
        var count = fixedBytes + 14 + end.returned.count * 16
        count +=
            min(end.priced.version.utf8.count, Limits.priceVersionBytes)
            + min(end.priced.basis.utf8.count, Limits.basisBytes)
        count += min(end.call.action.utf8.count, textBytes) + min(end.call.resourceType.utf8.count, textBytes)
        count += min(end.call.resourceID.utf8.count, textBytes) + min(end.call.callID.utf8.count, textBytes)
        for index in 0..<end.cost.count { count += 10 + end.cost[index].unit.utf8.count }
        for index in 0..<end.rest.count { count += 10 + end.rest[index].unit.utf8.count }
        if end.cost.count(calls: end.calls) > end.cost.count { count += 15 }
        return count
    }

    /// Writes in place how a hold ended, without a heap allocation.
    package static func writeEnd(_ end: borrowing HoldEnd, wall: WallTime, into memory: UnsafeMutableRawBufferPointer) {
        var writer = RecordWriter(memory)
        writer.put(
            end.kind, end.reason, end.returned.count, wall, end.grant, 0, 0, decision: end.decision, end.call.traceID,
            .zero)
        writer.put(
            end.call.action, end.call.resourceType, end.call.resourceID, end.call.callID, end.priced.version,
            end.priced.basis)
        writer.put(end.call.door.rawValue)
        writer.put(UInt8(end.cost.count(calls: end.calls) + end.rest.count))
        writer.put(end.cost, calls: end.calls)
        writer.put(end.rest, calls: 0)
        writer.put(end.returned)
    }
}
