/// The call that a hold is for, as records name it. Texts are as long as a record keeps them, so that what waits does
/// not depend on what callers say.
package struct HeldCall: Sendable {
    package private(set) var action = ""
    package private(set) var resourceType = ""
    package private(set) var resourceID = ""
    package private(set) var callID = ""
    package private(set) var traceID = Incarnation.unknown
    package private(set) var door = Door.unknown

    package init() {}

    package init(_ call: borrowing Call) {
        // A copy shares the text's memory, unless it is too long.
        (action, resourceType) = (DecisionRecord.kept(call.action), DecisionRecord.kept(call.resourceType))
        (resourceID, callID) = (DecisionRecord.kept(call.resourceID), DecisionRecord.kept(call.callID))
        (traceID, door) = (call.traceID, call.door)
    }
}

/// How a hold ended, with all that its record says. Whoever reads that record learns whose call it was and what it
/// cost, without the record of the decision that it ends.
package struct HoldEnd: Sendable {
    package var kind: DecisionRecord.Kind
    package var reason: Reason = .none
    /// The sequence of the record that it ends.
    package var decision: UInt64
    /// The position of the grant's event.
    package var grant: Position
    package var call: HeldCall
    /// What the call came to, in units that were told …
    package var cost = CallAmounts()
    /// … and in the others, which were charged as held; but of `calls`, where that is metered, this, whatever the two
    /// say.
    package var rest = CallAmounts()
    package var calls: Int64 = 0
    package var priced = Priced.none
    /// What went back.
    package var returned: [Debit] = []

    package init(_ kind: DecisionRecord.Kind, of decision: UInt64, grant: Position, _ call: HeldCall) {
        (self.kind, self.decision, self.grant, self.call) = (kind, decision, grant, call)
    }

    /// As a record that is not on the way of every call.
    package var record: DecisionRecord {
        var record = DecisionRecord(kind: kind)
        (record.reason, record.decision, record.grant) = (reason, decision, grant)
        (record.action, record.resourceType, record.resourceID) = (call.action, call.resourceType, call.resourceID)
        (record.callID, record.traceID, record.door) = (call.callID, call.traceID, call.door)
        (record.priceVersion, record.basis) = (priced.version, priced.basis)
        record.amounts = (cost.list + rest.list).map { calls > 0 && $0.unit == "calls" ? Amount("calls", calls) : $0 }
        if cost.count(calls: calls) > cost.count { record.amounts.append(Amount("calls", calls)) }
        record.debits = returned.map { .init(slice: $0.slice, used: $0.amount) }
        return record
    }
}
