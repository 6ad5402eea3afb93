internal import PenstockCore
internal import PenstockCrypto
internal import PenstockLedger
internal import PenstockNode
internal import PenstockStore
internal import PenstockSystem

/// Appends signed events to the log of a ledger that does not run, as that ledger would, but in large commits.
///
/// Every event is signed by a member whose role may cause it, so that `log verify` passes. Nothing else is checked.
final class LogFiller {
    enum Origin {
        case ledger, issuer, spender
    }

    private let store: any LedgerStore
    private let ledger: EventSigner
    private let issuer: EventSigner
    private let spender: EventSigner
    private let wall = Clocks.wall()
    private let epoch: UInt64
    private(set) var position: Position
    private var page: [NewEvent] = []

    private static let pageEvents = 5_000
    /// Each filling has its own: a name is one key's for ever.
    private let spenderName = "bench-\(Hex.encode(SecureRandom.bytes(4)))"

    init(_ folder: String) throws {
        let ledger = try Identity.load(folder + "/ledger")
        let issuer = try Identity.load(folder + "/issuer")
        let mesh = ledger.member.mesh
        store = try StoreFolder.open(folder + "/ledger/data")
        self.ledger = EventSigner(mesh: mesh, name: ledger.name, key: ledger.signing)
        self.issuer = EventSigner(mesh: mesh, name: issuer.name, key: issuer.signing)
        let key = SigningKey.generate()
        spender = EventSigner(mesh: mesh, name: spenderName, key: key)
        position = try store.head().position
        epoch = try store.head().epoch + 1
        _ = try store.openEpoch(epoch, ifHead: store.head())
        try add(.epochOpened(epoch, reason: "bench"), by: .ledger)
        try add(
            .nodeAdmitted(
                NodeKeys(
                    name: spenderName, role: .enforcer, signing: key.publicKey.bytes,
                    channel: SecureRandom.bytes(32)), tokenHash: SHA256.hash(SecureRandom.bytes(32))), by: .ledger)
    }

    /// Returns the event's position.
    @discardableResult
    func add(_ kind: EventKind, by origin: Origin) throws -> Position {
        let signer =
            switch origin {
            case .ledger: ledger
            case .issuer: issuer
            case .spender: spender
            }
        let event = signer.sign(kind, at: wall)
        page.append(NewEvent(id: event.event.id, bytes: event.entry))
        let position = position + Position(page.count)
        if page.count == Self.pageEvents { try flush() }
        return position
    }

    func finish() throws {
        try flush()
        try store.close()
    }

    private func flush() throws {
        guard case .appended = try store.append(page, ifHead: position, epoch: epoch) else {
            throw BenchError(.failed, "the log did not take the events")
        }
        position += Position(page.count)
        page = []
    }

    /// A history of so many events: of twenty, one issues a grant, eighteen are six slices of it with their reports and
    /// their ends, and one is a batch of decisions. One grant in ten is live; the time of the others is over.
    func addHistory(events: Int) throws {
        let (incarnation, requests) = (Incarnation(high: SecureRandom.uint64(), low: 1), SecureRandom.uint64() >> 1)
        let end = position + Position(page.count) + Position(events)
        var (number, sequence) = (0, UInt64(1))
        while position + Position(page.count) + 20 <= end {
            let expiresAt = number.isMultiple(of: 10) ? wall + 3_600_000 : wall - 60_000
            let grant = BenchGrant.make(number, credential: Credential.generate().digest, expiresAt: expiresAt)
            try add(.grantIssued(grant), by: .issuer)
            for part in 0..<6 {
                let slice = Slice(
                    grantID: grant.grantID, unit: "calls", amount: 100, node: spenderName,
                    incarnation: incarnation,
                    requestID: Incarnation(high: requests + UInt64(number), low: UInt64(part) + 1))
                let position = try add(.sliceReserved(slice), by: .ledger)
                try add(
                    .spendReported(
                        SliceReport(incarnation: incarnation, uses: [.init(slice: position, used: 40)])), by: .spender)
                try add(
                    .sliceClosed(SliceReport(incarnation: incarnation, uses: [.init(slice: position, used: 60)])),
                    by: .spender)
            }
            let batch = DecisionBatch(
                incarnation: incarnation, firstSequence: sequence, count: 600, digest: SHA256.hash([]))
            try add(.decisionBatch(batch), by: .spender)
            (number, sequence) = (number + 1, sequence + 600)
        }
        while position + Position(page.count) < end { try add(.timeNoted, by: .ledger) }
    }
}
