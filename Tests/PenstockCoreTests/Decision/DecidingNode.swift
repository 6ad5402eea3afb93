internal import PenstockCore

/// Node n1 standing before "tools", with a view, a lease confirmed at `now`, and slices on demand.
final class DecidingNode {
    var enforcement: Enforcement
    var now: Instant = Make.milliseconds(50_000)
    private var nonce: UInt64 = 0
    private var nextSlice: Position = 1000

    init(_ grants: [Grant], settings: Settings = .standard, isFresh: Bool = true) throws {
        enforcement = Enforcement(node: "n1", incarnation: Make.incarnation(1), audiences: ["other tools", "tools"])
        enforcement.load(try View(grants: grants, settings: settings))
        if isFresh { renew() }
    }

    var position: Position { enforcement.view.position }

    /// An echo sent and answered now.
    func renew(wall: WallTime = Make.wall) {
        nonce += 1
        enforcement.echoSent(nonce: nonce, at: now)
        _ = enforcement.echoAnswered(EchoReply(nonce: nonce, epoch: 1, head: position, ledgerTime: wall), at: now)
    }

    @discardableResult
    func add(_ kind: EventKind, by origin: String = "op") throws -> Digest {
        let id = Make.id("event \(position + 1)")
        try enforcement.apply(Make.event(id, kind, by: origin), at: position + 1)
        return id
    }

    func decide(_ call: Call, arrivedAt: Instant? = nil) -> Verdict {
        enforcement.prepare(call, arrivedAt: arrivedAt ?? now, now: now)
    }

    func reason(_ call: Call, arrivedAt: Instant? = nil) -> Reason {
        decide(call, arrivedAt: arrivedAt).reason
    }

    /// A slice for the grant's unit, asked for and granted. Returns its id.
    @discardableResult
    func fund(_ unit: String, _ amount: Int64, grant: Int = 0) -> Position {
        nextSlice += 1
        enforcement.fund(grant: grant, unit: unit, amount: amount, slice: nextSlice)
        return nextSlice
    }

    func available(_ unit: String, grant: Int = 0) -> Int64 {
        enforcement.purse.available(enforcement.purse.find(grant: grant, unit: unit))
    }

    /// What each slice of the unit has used and holds.
    func slices(_ unit: String, grant: Int = 0) -> [[Int64]] {
        enforcement.purse.account(enforcement.purse.find(grant: grant, unit: unit)).slices.map { [$0.used, $0.held] }
    }

    /// Allows a call that holds, as decision `number`.
    func hold(_ amounts: [Amount], as number: UInt64, callID: String = "") -> Verdict {
        let call = Make.call { ($0.amounts, $0.holds, $0.callID) = (CallAmounts(amounts)!, true, callID) }
        let verdict = decide(call)
        if verdict.isAllow {
            let name = callID.isEmpty ? nil : CallTable.CallName(grant: verdict.grant, callID: callID)
            enforcement.beginHold(verdict, call, decision: number, name: name, content: Make.id("content"))
        }
        return verdict
    }
}
