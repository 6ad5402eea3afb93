/// The parts that records have in common.
extension RecordWriter {
    @inline(__always)
    mutating func put(
        _ kind: DecisionRecord.Kind, _ reason: Reason, _ debits: Int, _ wall: WallTime, _ grant: Position,
        _ position: Position, _ viewAge: Nanoseconds,
        decision: UInt64, _ traceID: Incarnation, _ argumentsDigest: Digest
    ) {
        put(kind.rawValue)
        put(DecisionRecord.version)
        put(reason.rawValue)
        put(UInt32(debits))
        put(wall)
        put(grant)
        put(position)
        put(viewAge)
        put(decision)
        put(traceID.high)
        put(traceID.low)
        put(argumentsDigest.words)
    }

    @inline(__always)
    mutating func put(
        _ action: String, _ resourceType: String, _ resourceID: String, _ callID: String, _ priceVersion: String,
        _ basis: String
    ) {
        put(text: action, limit: DecisionRecord.textBytes)
        put(text: resourceType, limit: DecisionRecord.textBytes)
        put(text: resourceID, limit: DecisionRecord.textBytes)
        put(text: callID, limit: DecisionRecord.textBytes)
        put(text: priceVersion, limit: Limits.priceVersionBytes)
        put(text: basis, limit: Limits.basisBytes)
    }

    /// - Parameter calls: what the call takes of the unit `calls`, whatever it says; 0 where that is not metered.
    @inline(__always)
    mutating func put(_ amounts: borrowing CallAmounts, calls: Int64) {
        for index in 0..<amounts.count {
            put(calls > 0 && amounts[index].unit == "calls" ? calls : amounts[index].value)
            put(text: amounts[index].unit, limit: 64)
        }
        guard amounts.count(calls: calls) > amounts.count else { return }
        put(calls)
        put(text: "calls", limit: 64)
    }

    @inline(__always)
    mutating func put(_ debits: [Debit]) {
        for debit in debits {
            put(debit.slice)
            put(debit.amount)
        }
    }
}
