internal import PenstockCore

/// A ledger's state that has folded the genesis of mesh "mesh".
struct Ledger {
    private(set) var state = LedgerState()
    var wall = Make.wall

    init(settings: Settings = .standard, extra: [NodeKeys] = []) throws {
        try add(.genesis(Make.members + extra, settings), by: "ledger")
    }

    var position: Position { state.view.position }

    /// Folds without asking whether it may enter the log.
    @discardableResult
    mutating func add(_ kind: EventKind, by origin: String = "op") throws -> Digest {
        let id = Make.id("event \(position + 1)")
        try state.apply(Make.event(id, kind, by: origin), at: position + 1)
        return id
    }

    /// The code with which the event is refused; nil when it may enter the log.
    func refusal(_ kind: EventKind, by origin: String = "op", mesh: String = "mesh", fenced: Bool = true) -> Refusal
        .Code?
    {
        do throws(Refusal) {
            try state.check(Make.event(Make.id("candidate"), kind, by: origin, mesh: mesh), time: .init(wall)) { _, _ in
                fenced
            }
            return nil
        } catch {
            return error.code
        }
    }

    /// With an incarnation of n1 that has just echoed.
    func serving(_ incarnation: UInt64 = 1) throws(Refusal) -> PenstockCore.Ledger {
        var ledger = PenstockCore.Ledger(state)
        ledger.start(epoch: 7, restored: false, at: 0)
        let progress = NodeProgress(incarnation: Make.incarnation(incarnation), applied: position, heard: position)
        try ledger.register(progress, from: Make.node("n1", .enforcer), agrees: true, at: 0)
        return ledger
    }

    /// Reserves for the first incarnation of n1 and folds the slice. Its id is the position then.
    @discardableResult
    mutating func reserve(
        _ need: Int64, _ want: Int64? = nil, grant: String = "g", unit: String = "usd", incarnation: UInt64 = 1
    ) throws(Refusal) -> Position {
        let request = SliceRequest(
            incarnation: Make.incarnation(incarnation), requestID: Make.incarnation(1000 + position), grantID: grant,
            parts: [.init(unit: unit, need: need, want: want ?? need)])
        // No node lives here that could give anything back, so that nothing waits.
        var ledger = try serving(incarnation)
        guard let answer = try ledger.reserve(request, from: Make.node("n1", .enforcer), at: 0) else {
            throw Refusal(.busy, "it waits")
        }
        if let refused = answer.refused.first { throw Refusal(refused.code, refused.unit) }
        do { try add(.sliceReserved(answer.slices[0]), by: "ledger") } catch { preconditionFailure("\(error)") }
        return position
    }

    func report(_ uses: [(Position, Int64)], incarnation: UInt64 = 1, bySuccessor: Bool = false) -> SliceReport {
        SliceReport(
            incarnation: Make.incarnation(incarnation), uses: uses.map { .init(slice: $0.0, used: $0.1) },
            reason: "test",
            bySuccessor: bySuccessor)
    }
}
