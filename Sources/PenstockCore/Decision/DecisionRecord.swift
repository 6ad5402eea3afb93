/// How a decision lies in the journal and travels to the ledger: little-endian, version 4.
///
/// ```
/// u8 kind  u8 version  u16 reason  u32 count of debits  i64 wall ms  u64 grant position  u64 view position
/// i64 view age ns  u64 decision (the sequence that kinds other than 1 speak of)
/// 16 trace id  32 arguments digest
/// then texts, each u16 length + UTF-8: action, resource type, resource id, call id, and since version 2 price version, basis
/// since version 3 u8 door, and for kind 8 u64 count, i64 ns that it was counted for
/// since version 4, for kind 1 a text: which limit denied it
/// then u8 count of amounts, each i64 value, u16 length + unit
/// then the debits, each u64 slice, i64 amount
/// ```
/// What ends the hold of an earlier run names that run in the place of the arguments' digest, of which ends have none.
/// Since version 4, what ends a hold names the grant and the call of the decision that it ends, and kind 9 is there.
/// Texts longer than `textBytes` are cut, and say so: see `kept`.
package struct DecisionRecord: Hashable, Sendable {
    package var kind: Kind
    package var reason: Reason = .none
    package var wall: WallTime = 0
    package var grant: Position = 0
    package var position: Position = 0
    package var viewAge: Nanoseconds = 0
    package var decision: UInt64 = 0
    package var traceID = Incarnation.unknown
    package var argumentsDigest = Digest.zero
    package var action = ""
    package var resourceType = ""
    package var resourceID = ""
    package var callID = ""
    /// Where the amounts come from: see `Priced`.
    package var priceVersion = ""
    package var basis = ""
    package var amounts: [Amount] = []
    package var debits: [SliceReport.Use] = []
    package var door = Door.unknown
    /// Of kind `counted`: how many denials, and for how long they were counted.
    package var count: UInt64 = 0
    package var lasted: Nanoseconds = 0
    /// Of kind `decided`: which limit denied it, as `Shortage.text`.
    package var limit = ""

    package enum Kind: UInt8, Sendable, CaseIterable {
        /// Allowed and spent, or denied.
        case decided = 1
        /// Allowed; the debits are held until a later record.
        case held
        /// Ends a hold; the amounts are what the call cost, the debits what went back.
        case settled
        /// Ends a hold whose call never left; all went back.
        case released
        /// The allow of an earlier sequence was not given out: its debits went back, and the amounts if it had spent them.
        case voided
        /// How much of each open slice is used, holds included: stands for all records before it.
        case carried
        /// Real cost above an ended hold: the amounts are owed, until the ledger has been told.
        case owed
        /// Stands for denials of one door, reason and, if there is one, grant that are not recorded themselves.
        case counted
        /// Says again what an `owed` record before it has said, as that one may go.
        case owedAgain
    }

    package init(kind: Kind) { self.kind = kind }

    /// How a hold ended that was open when its run did: nobody says any more what it cost, so it is charged in full.
    package init(ending held: DecisionRecord, _ decision: UInt64, of run: Incarnation) {
        self.init(kind: .settled)
        (self.decision, reason, grant) = (decision, .expired, held.grant)
        argumentsDigest = Digest(run.bytes + [UInt8](repeating: 0, count: Digest.byteCount - Incarnation.byteCount))!
        (action, resourceType, resourceID) = (held.action, held.resourceType, held.resourceID)
        (callID, traceID, door) = (held.callID, held.traceID, held.door)
        (priceVersion, basis, amounts) = (held.priceVersion, held.basis, held.amounts)
    }

    /// The run whose decision it ends, where that was an earlier one.
    package var endedRun: Incarnation? { kind.endsDecision && argumentsDigest != .zero ? Incarnation(argumentsDigest.bytes.prefix(Incarnation.byteCount)) : nil }

    /// A text as long as its bound at most. What is cut ends in "…" and a hash of the whole, so that two that only differ further
    /// on do not look alike (FNV-1a; it tells texts apart, and proves nothing).
    package static func kept(_ text: String, _ limit: Int = textBytes) -> String {
        guard text.utf8.count > limit else { return text }
        let hash = text.utf8.reduce(UInt64(0xcbf2_9ce4_8422_2325)) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
        let digits = String(hash, radix: 16)
        let mark = "…" + String(repeating: "0", count: 16 - digits.utf8.count) + digits
        let bytes = text.utf8
        var end = bytes.index(bytes.startIndex, offsetBy: limit - mark.utf8.count)
        var gap = 0
        while bytes[end] & 0xc0 == 0x80 { (end, gap) = (bytes.index(before: end), gap + 1) }
        return String(text[..<end]) + String(repeating: ".", count: gap) + mark
    }

    static let version: UInt8 = 4
    static let textBytes = 512
    /// The name of a budget or a grant's unit, a unit, and which of them it is.
    static let limitBytes = 512
    static let fixedBytes = 4 + 4 + 8 + 8 + 8 + 8 + 8 + 16 + 32
}

/// Writes values one after another into memory that the journal lent.
package struct RecordWriter {
    private let memory: UnsafeMutableRawBufferPointer
    private var offset = 0

    package init(_ memory: UnsafeMutableRawBufferPointer) { self.memory = memory }

    @inline(__always)
    package mutating func put<T: BitwiseCopyable>(_ value: T) {
        memory.storeBytes(of: value, toByteOffset: offset, as: T.self)
        offset += MemoryLayout<T>.size
    }

    @inline(__always)
    package mutating func put(text: String, limit: Int) {
        var text = text.utf8.count <= limit ? text : DecisionRecord.kept(text, limit)
        text.withUTF8 { bytes in
            let count = bytes.count
            put(UInt16(count))
            if count > 0 { (memory.baseAddress! + offset).copyMemory(from: bytes.baseAddress!, byteCount: count) }
            offset += count
        }
    }
}

extension RecordWriter {
    @inline(__always)
    fileprivate mutating func put(
        _ kind: DecisionRecord.Kind, _ reason: Reason, _ debits: Int, _ wall: WallTime, _ grant: Position, _ position: Position, _ viewAge: Nanoseconds,
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
    fileprivate mutating func put(_ action: String, _ resourceType: String, _ resourceID: String, _ callID: String, _ priceVersion: String, _ basis: String) {
        put(text: action, limit: DecisionRecord.textBytes)
        put(text: resourceType, limit: DecisionRecord.textBytes)
        put(text: resourceID, limit: DecisionRecord.textBytes)
        put(text: callID, limit: DecisionRecord.textBytes)
        put(text: priceVersion, limit: Limits.priceVersionBytes)
        put(text: basis, limit: Limits.basisBytes)
    }

    /// - Parameter calls: what the call takes of the unit `calls`, whatever it says; 0 where that is not metered.
    @inline(__always)
    fileprivate mutating func put(_ amounts: borrowing CallAmounts, calls: Int64) {
        for index in 0..<amounts.count {
            put(calls > 0 && amounts[index].unit == "calls" ? calls : amounts[index].value)
            put(text: amounts[index].unit, limit: 64)
        }
        guard amounts.count(calls: calls) > amounts.count else { return }
        put(calls)
        put(text: "calls", limit: 64)
    }

    @inline(__always)
    fileprivate mutating func put(_ debits: [Debit]) {
        for debit in debits {
            put(debit.slice)
            put(debit.amount)
        }
    }
}

extension DecisionRecord {
    /// Bytes that `write` will need for a call's record.
    @inline(__always)
    package static func byteCount(_ call: borrowing Call, _ verdict: borrowing Verdict, debits: Int) -> Int {
        var count = fixedBytes + 8 + min(call.action.utf8.count, textBytes) + min(call.resourceType.utf8.count, textBytes)
        count += min(call.resourceID.utf8.count, textBytes) + min(call.callID.utf8.count, textBytes) + 1 + debits * 16
        count += 5 + min(call.priceVersion.utf8.count, Limits.priceVersionBytes) + min(call.basis.utf8.count, Limits.basisBytes)
        for index in 0..<call.amounts.count { count += 10 + call.amounts[index].unit.utf8.count }
        if call.amounts.count(calls: verdict.calls) > call.amounts.count { count += 15 }
        if !call.holds || !verdict.isAllow { count += 2 }
        if case .some(let shortage) = verdict.shortage { count += min(shortage.text.utf8.count, limitBytes) }
        return count
    }

    /// Writes a call's record in place: the path of every decision, without a heap allocation.
    @inline(__always)
    package static func write(
        _ call: borrowing Call, _ verdict: Verdict, _ debits: [Debit], grant: Position, wall: WallTime, into memory: UnsafeMutableRawBufferPointer
    ) {
        var writer = RecordWriter(memory)
        let kind: Kind = call.holds && verdict.isAllow ? .held : .decided
        writer.put(kind, verdict.reason, debits.count, wall, grant, verdict.position, verdict.viewAge, decision: 0, call.traceID, call.argumentsDigest)
        writer.put(call.action, call.resourceType, call.resourceID, call.callID, call.priceVersion, call.basis)
        writer.put(call.door.rawValue)
        if kind == .decided {
            if case .some(let shortage) = verdict.shortage { writer.put(text: shortage.text, limit: limitBytes) } else { writer.put(UInt16(0)) }
        }
        writer.put(UInt8(call.amounts.count(calls: verdict.calls)))
        writer.put(call.amounts, calls: verdict.calls)
        writer.put(debits)
    }

    /// Bytes that `writeEnd` will need.
    package static func endByteCount(_ end: borrowing HoldEnd) -> Int {
        var count = fixedBytes + 14 + end.returned.count * 16
        count += min(end.priced.version.utf8.count, Limits.priceVersionBytes) + min(end.priced.basis.utf8.count, Limits.basisBytes)
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
        writer.put(end.kind, end.reason, end.returned.count, wall, end.grant, 0, 0, decision: end.decision, end.call.traceID, .zero)
        writer.put(end.call.action, end.call.resourceType, end.call.resourceID, end.call.callID, end.priced.version, end.priced.basis)
        writer.put(end.call.door.rawValue)
        writer.put(UInt8(end.cost.count(calls: end.calls) + end.rest.count))
        writer.put(end.cost, calls: end.calls)
        writer.put(end.rest, calls: 0)
        writer.put(end.returned)
    }

    /// Bytes that `write(into:)` will need.
    package var byteCount: Int {
        var count = Self.fixedBytes + (kind == .counted ? 30 : 14) + debits.count * 16
        if kind == .decided { count += 2 + min(limit.utf8.count, Self.limitBytes) }
        count += min(action.utf8.count, Self.textBytes) + min(resourceType.utf8.count, Self.textBytes)
        count += min(resourceID.utf8.count, Self.textBytes) + min(callID.utf8.count, Self.textBytes)
        count += min(priceVersion.utf8.count, Limits.priceVersionBytes) + min(basis.utf8.count, Limits.basisBytes)
        for amount in amounts { count += 10 + min(amount.unit.utf8.count, 64) }
        return count
    }

    /// Writes everything but a call's first record.
    package func write(into memory: UnsafeMutableRawBufferPointer) {
        var writer = RecordWriter(memory)
        writer.put(kind, reason, debits.count, wall, grant, position, viewAge, decision: decision, traceID, argumentsDigest)
        writer.put(action, resourceType, resourceID, callID, priceVersion, basis)
        writer.put(door.rawValue)
        if kind == .counted {
            writer.put(count)
            writer.put(lasted)
        }
        if kind == .decided { writer.put(text: limit, limit: Self.limitBytes) }
        writer.put(UInt8(amounts.count))
        for amount in amounts {
            writer.put(amount.value)
            writer.put(text: amount.unit, limit: 64)
        }
        for debit in debits {
            writer.put(debit.slice)
            writer.put(debit.used)
        }
    }

    package var bytes: [UInt8] {
        let count = byteCount
        return [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            write(into: UnsafeMutableRawBufferPointer(buffer))
            initialized = count
        }
    }

    /// Nil for bytes that `bytes` or `write` did not make, in this version or one before.
    package init?(_ bytes: UnsafeRawBufferPointer) {
        var reader = RecordReader(bytes)
        guard let kind = reader.take(UInt8.self).flatMap(Kind.init), let version = reader.take(UInt8.self), (1...Self.version).contains(version),
            let reason = reader.take(UInt16.self).flatMap(Reason.init), let debitCount = reader.take(UInt32.self),
            let wall = reader.take(Int64.self), let grant = reader.take(UInt64.self), let position = reader.take(UInt64.self),
            let viewAge = reader.take(Int64.self), let decision = reader.take(UInt64.self),
            let high = reader.take(UInt64.self), let low = reader.take(UInt64.self),
            let arguments = reader.take(32).flatMap({ Digest($0) }),
            let action = reader.takeText(), let type = reader.takeText(), let id = reader.takeText(), let callID = reader.takeText(),
            let priceVersion = version == 1 ? "" : reader.takeText(), let basis = version == 1 ? "" : reader.takeText(),
            let door = version < 3 ? .unknown : reader.take(UInt8.self).flatMap(Door.init),
            let counted = kind == .counted ? reader.take(UInt64.self) : 0, let lasted = kind == .counted ? reader.take(Int64.self) : 0,
            kind != .counted || version >= 3, let limit = kind == .decided && version >= 4 ? reader.takeText() : "", kind != .owedAgain || version >= 4,
            let amountCount = reader.take(UInt8.self), amountCount <= 16, debitCount <= 4096
        else { return nil }
        self.init(kind: kind)
        (self.door, count, self.lasted, self.limit) = (door, counted, lasted, limit)
        (self.reason, self.wall, self.grant, self.position) = (reason, wall, grant, position)
        (self.viewAge, self.decision, traceID) = (viewAge, decision, Incarnation(high: high, low: low))
        (argumentsDigest, self.action, resourceType, resourceID, self.callID) = (arguments, action, type, id, callID)
        (self.priceVersion, self.basis) = (priceVersion, basis)
        for _ in 0..<amountCount {
            guard let value = reader.take(Int64.self), let unit = reader.takeText() else { return nil }
            amounts.append(Amount(unit, value))
        }
        for _ in 0..<debitCount {
            guard let slice = reader.take(UInt64.self), let amount = reader.take(Int64.self) else { return nil }
            debits.append(.init(slice: slice, used: amount))
        }
        // The journal pads a body to its word.
        guard reader.left < 8 else { return nil }
    }
}

/// Reads what `RecordWriter` wrote; nil past the end.
package struct RecordReader {
    private let memory: UnsafeRawBufferPointer
    private var offset = 0

    package init(_ memory: UnsafeRawBufferPointer) { self.memory = memory }

    package var left: Int { memory.count - offset }

    package mutating func take<T: BitwiseCopyable>(_: T.Type) -> T? {
        guard left >= MemoryLayout<T>.size else { return nil }
        defer { offset += MemoryLayout<T>.size }
        return memory.loadUnaligned(fromByteOffset: offset, as: T.self)
    }

    package mutating func take(_ count: Int) -> [UInt8]? {
        guard left >= count else { return nil }
        defer { offset += count }
        return [UInt8](memory[offset..<offset + count])
    }

    package mutating func takeText() -> String? {
        guard let count = take(UInt16.self), let bytes = take(Int(count)) else { return nil }
        return String(decoding: bytes, as: UTF8.self)
    }
}
