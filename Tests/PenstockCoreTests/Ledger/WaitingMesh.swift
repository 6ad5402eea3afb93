internal import PenstockCore

/// Of grant g, with 100 usd and 100 tokens; incarnations 1 and 3 are of n1, 2 of n2, and all have just echoed.
struct WaitingMesh {
    var ledger: PenstockCore.Ledger
    private let nodes = [Make.node("n1", .enforcer), Make.node("n2", .enforcer)]

    init() throws {
        var state = LedgerState()
        try state.apply(Make.event(Make.id("event 1"), .genesis(Make.members, .standard), by: "ledger"), at: 1)
        let grant = Make.grant("g") { $0.budgets = [Amount("usd", 100), Amount("tokens", 100)] }
        try state.apply(Make.event(Make.id("event 2"), .grantIssued(grant), by: "issuer"), at: 2)
        ledger = PenstockCore.Ledger(state)
        ledger.start(epoch: 7, restored: false, at: 0)
        for incarnation in UInt64(1)...3 { try echo(incarnation, at: 0) }
    }

    mutating func echo(_ incarnation: UInt64, at now: Instant) throws {
        let progress = NodeProgress(incarnation: Make.incarnation(incarnation), applied: 2, heard: 2)
        try ledger.register(progress, from: node(incarnation), agrees: true, at: now)
    }

    private func node(_ incarnation: UInt64) -> NodeKeys { nodes[incarnation == 2 ? 1 : 0] }

    /// The request's id is that of its incarnation, unless another is given.
    mutating func ask(_ incarnation: UInt64, _ parts: [(String, Int64)], id: UInt64? = nil, at now: Instant) throws
        -> SliceAnswer?
    {
        let request = SliceRequest(
            incarnation: Make.incarnation(incarnation), requestID: Make.incarnation(100 + (id ?? incarnation)),
            grantID: "g",
            parts: parts.map { .init(unit: $0.0, need: $0.1, want: $0.1) })
        guard let answer = try ledger.reserve(request, from: node(incarnation), at: now) else { return nil }
        if answer.positions.isEmpty { try stage(answer) }
        return answer
    }

    mutating func stage(_ answer: SliceAnswer) throws {
        for slice in answer.slices { try add(.sliceReserved(slice), by: "ledger") }
    }

    mutating func add(_ kind: EventKind, by origin: String) throws {
        _ = try ledger.stage(own: Make.event(Make.id("event \(ledger.next.view.position + 1)"), kind, by: origin))
    }

    mutating func giveBack(_ returned: Int64, of slice: Position) throws {
        let use = SliceReport.Use(slice: slice, used: 0, returned: returned)
        try add(.spendReported(SliceReport(incarnation: Make.incarnation(1), uses: [use])), by: "n1")
    }

    /// Whose request is answered, and with what; all that can be.
    mutating func served(at now: Instant) throws -> [String] {
        var served: [String] = []
        while let next = ledger.nextServed(at: now) {
            let answer = try next.answer.get()
            try stage(answer)
            served.append(
                """
                \(next.request.incarnation.low) \(answer.slices.map(\.amount)) \
                \(answer.refused.map(\.code.rawValue))
                """
            )
        }
        return served
    }
}
