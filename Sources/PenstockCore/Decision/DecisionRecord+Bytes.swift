/// A record as bytes, and bytes as a record.
extension DecisionRecord {
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
        writer.put(
            kind, reason, debits.count, wall, grant, position, viewAge, decision: decision, traceID, argumentsDigest)
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
        guard let kind = reader.take(UInt8.self).flatMap(Kind.init), let version = reader.take(UInt8.self),
            (1...Self.version).contains(version),
            let reason = reader.take(UInt16.self).flatMap(Reason.init), let debitCount = reader.take(UInt32.self),
            let wall = reader.take(Int64.self), let grant = reader.take(UInt64.self),
            let position = reader.take(UInt64.self),
            let viewAge = reader.take(Int64.self), let decision = reader.take(UInt64.self),
            let high = reader.take(UInt64.self), let low = reader.take(UInt64.self),
            let arguments = reader.take(32).flatMap({ Digest($0) }),
            let action = reader.takeText(), let type = reader.takeText(), let id = reader.takeText(),
            let callID = reader.takeText(),
            let priceVersion = version == 1 ? "" : reader.takeText(), let basis = version == 1 ? "" : reader.takeText(),
            let door = version < 3 ? .unknown : reader.take(UInt8.self).flatMap(Door.init),
            let counted = kind == .counted ? reader.take(UInt64.self) : 0,
            let lasted = kind == .counted ? reader.take(Int64.self) : 0,
            kind != .counted || version >= 3, let limit = kind == .decided && version >= 4 ? reader.takeText() : "",
            kind != .owedAgain || version >= 4,
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
