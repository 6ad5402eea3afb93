internal import PenstockCore
internal import PenstockCrypto
internal import PenstockNode
internal import PenstockWire

/// The log's entries.
enum Events {
    /// An entry is a body in an envelope, and random bytes rarely become both: each input is tried as either.
    static func entryOrBody(_ bytes: [UInt8]) throws(Broken) -> Bool {
        let isEntry = try entry(bytes)
        return try body(bytes) || isEntry
    }

    static func entry(_ bytes: [UInt8]) throws(Broken) -> Bool {
        guard let signed = try? SignedBytes(entry: bytes) else { return false }
        try law(bytes.count <= Limits.eventBytes, "an event that is too large was taken")
        try law((try? SignedBytes(entry: signed.entry)) == signed, "the signed bytes change in an entry")
        let event = try? SignedEvent(entry: bytes)
        try law(event == nil || event?.event.id == SHA256.hash(signed.body), "an event's id is not its body's hash")
        try law(event == nil || event?.entry == bytes && event?.bytes == signed, "an entry was not kept as it came")
        if let event {
            var verifier = EventVerifier()
            let signs = verifier.verify(event, by: Sample.operatorKeys)
            try law(!signs || signed == Sample.revoke.bytes, "a signature holds that was never made")
        }
        return try body(signed.body)
    }

    static func body(_ bytes: [UInt8]) throws(Broken) -> Bool {
        guard let event = try? EventCodec.decode(body: bytes, id: .zero) else { return false }
        let first = encode(event)
        let again = try? EventCodec.decode(body: first, id: .zero)
        // Equal strings may have different bytes, so both are compared.
        try law(again == event && again.map(encode) == first, "an event changes when it is encoded again")
        if case .grantIssued(let grant) = event.kind { _ = grant.problem }
        return true
    }

    private static func encode(_ event: Event) -> [UInt8] {
        EventCodec.encode(
            mesh: event.mesh, origin: event.origin, createdAt: event.createdAt, nonce: [UInt8](repeating: 7, count: 16),
            kind: event.kind)
    }
}

/// A view as bytes.
enum Snapshots {
    /// The input is one page without its length, or a whole snapshot: a random length is rarely right.
    static func page(_ bytes: [UInt8]) throws(Broken) -> Bool {
        let length = withUnsafeBytes(of: UInt32(bytes.count).littleEndian) { [UInt8]($0) }
        let asPage = try snapshot(length + bytes)
        return try snapshot(bytes) || asPage
    }

    /// Whatever is taken, the ledger can go on from.
    static func state(_ bytes: [UInt8]) throws(Broken) -> Bool {
        guard let state = try? LedgerStateCodec.decode(bytes) else { return false }
        let first = LedgerStateCodec.encode(state)
        guard let again = try? LedgerStateCodec.decode(first) else {
            throw Broken(description: "a state that was taken is refused when it is encoded again")
        }
        try law(again.image == state.image && LedgerStateCodec.encode(again) == first, "a state changes in a snapshot")
        _ = again.warningsDue()
        return true
    }

    private static func snapshot(_ bytes: [UInt8]) throws(Broken) -> Bool {
        guard let view = try? SnapshotCodec.decode(bytes) else { return false }
        let first = SnapshotCodec.encode(view)
        guard let again = try? SnapshotCodec.decode(first) else {
            throw Broken(description: "a snapshot that was taken is refused when it is encoded again")
        }
        try law(again.image == view.image && SnapshotCodec.encode(again) == first, "a view changes in a snapshot")
        return true
    }
}

/// Decisions, as they lie in the journal and travel to the ledger.
enum Records {
    static func record(_ bytes: [UInt8]) throws(Broken) -> Bool {
        guard let record = bytes.withUnsafeBytes({ DecisionRecord($0) }) else { return false }
        let first = record.bytes
        guard let again = first.withUnsafeBytes({ DecisionRecord($0) }) else {
            throw Broken(description: "a record that was taken is refused when it is encoded again")
        }
        let texts = [record.action, record.resourceType, record.resourceID, record.callID, record.basis]
        // Longer ones are cut.
        guard texts.allSatisfy({ $0.utf8.count <= 512 }), record.priceVersion.utf8.count <= 64,
            record.amounts.allSatisfy({ $0.unit.utf8.count <= 64 })
        else { return true }
        try law(again == record && again.bytes == first, "a record changes when it is encoded again")
        return true
    }
}
