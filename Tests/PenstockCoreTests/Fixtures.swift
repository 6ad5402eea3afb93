internal import PenstockCore

/// One way to write each value that the tests need, so that a case states only what it is about.
enum Make {
    static let wall: WallTime = 1_000_000

    static func id(_ text: String) -> Digest {
        var generator = SplitMix(seed: text.utf8.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 })
        return Digest(words: (generator.next(), generator.next(), generator.next(), generator.next()))
    }

    static func incarnation(_ number: UInt64) -> Incarnation { Incarnation(high: 7, low: number) }

    static func grant(_ id: String, _ change: (inout Grant) -> Void = { _ in }) -> Grant {
        var grant = Grant()
        grant.grantID = id
        grant.runID = "run-\(id)"
        grant.agentID = "agent-\(id)"
        grant.allowedActions = ["pay.*"]
        grant.resources = ["invoice:*"]
        grant.notBefore = 0
        grant.expiresAt = wall + 3_600_000
        grant.credentialDigest = Make.id("credential of \(id)")
        change(&grant)
        return grant
    }

    static func call(_ grant: String = "g", _ change: (inout Call) -> Void = { _ in }) -> Call {
        var call = Call(
            Presented(id("credential of \(grant)")), action: "pay.send", resourceType: "invoice", resourceID: "42")
        change(&call)
        return call
    }

    static func node(_ name: String, _ role: Role) -> NodeKeys {
        NodeKeys(name: name, role: role, signing: id("signing \(name)").bytes, channel: id("channel \(name)").bytes)
    }

    static let members = [
        node("ledger", .ledger), node("op", .operator), node("issuer", .issuer), node("n1", .enforcer),
        node("n2", .enforcer),
        node("auditor", .auditor),
    ]

    static func event(_ id: Digest, _ kind: EventKind, by origin: String = "op", mesh: String = "mesh") -> Event {
        Event(id: id, mesh: mesh, origin: origin, createdAt: wall, kind: kind)
    }

    static func revoke(_ selector: Selector, _ level: Restriction.Level = .revoke, expiresAt: WallTime = 0) -> EventKind
    {
        .restricted(Restriction(level: level, selector: selector, reason: "test", expiresAt: expiresAt))
    }

    static func lift(_ ids: Digest..., expired: Bool = false) -> EventKind {
        .lifted(Lifting(eventIDs: ids, reason: "test", expired: expired))
    }

    static func budget(_ name: String, _ ceiling: Int64, unit: String = "usd", parent: String = "") -> EventKind {
        .budgetCreated(Budget(name: name, unit: unit, ceiling: ceiling, parent: parent))
    }

    static func milliseconds(_ count: Int64) -> Nanoseconds { count * .nanosecondsPerMillisecond }
}

extension View {
    /// A view that has folded the genesis of mesh "mesh" and grants.
    init(grants: [Grant], settings: Settings = .standard) throws {
        self.init()
        try add(.genesis(Make.members, settings), by: "ledger")
        for grant in grants { try add(.grantIssued(grant), by: "issuer") }
    }

    /// Folds at the next position; the event's id is the one given, or made from the position.
    @discardableResult
    mutating func add(_ kind: EventKind, by origin: String = "op", id: Digest? = nil) throws -> Digest {
        let id = id ?? Make.id("event \(position + 1)")
        try apply(Make.event(id, kind, by: origin), at: position + 1)
        return id
    }

    func marks(on grant: String) -> Marks? { index(ofGrant: grant).map { marks(onGrant: $0) } }
}

/// A generator whose seed makes a random test the same every time.
struct SplitMix: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}
