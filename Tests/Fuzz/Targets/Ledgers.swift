internal import PenstockCore

/// What members of every role may say, with the worst values: a ledger folds it, and a node follows.
enum Ledgers {
    static func session(_ bytes: [UInt8]) throws(Broken) -> Bool {
        var scene = LedgerScene(bytes)
        while try scene.play() {}
        try scene.end()
        return scene.staged > 0
    }
}

/// Laws: the ledger never halts by what a member says, whatever it is, so that no fold fails; a node follows every
/// event that the ledger took, to the same view.
struct LedgerScene: ~Copyable {
    private var input: HostileInput
    private var ledger = Ledger(LedgerState())
    private var node = Enforcement(node: "n1", incarnation: HostileInput.incarnation(1), audiences: [])
    private var now: Instant = 1_000_000_000_000
    private var events: UInt64 = 0
    private var nonce: UInt64 = 0
    private var decisions: UInt64 = 0
    private(set) var staged = 0

    private static let members = [
        keys("ledger", .ledger, 1), keys("op", .operator, 2), keys("issuer", .issuer, 3), keys("n1", .enforcer, 4),
        keys("n2", .enforcer, 5), keys("auditor", .auditor, 6),
    ]

    private static func keys(_ name: String, _ role: Role, _ number: UInt8) -> NodeKeys {
        NodeKeys(
            name: name, role: role, signing: [UInt8](repeating: number, count: 32),
            channel: [UInt8](repeating: number + 100, count: 32))
    }

    init(_ bytes: [UInt8]) {
        input = HostileInput(bytes)
        let genesis = EventKind.genesis(
            Self.members, Settings(maxStalenessMS: 1000, maxGraceMS: 1000, clockRatePPM: 1000, marginMS: 50))
        _ = add(event(genesis, by: "ledger"))
        ledger.start(epoch: 1, restored: false, time: LedgerTime(wall: wall, at: now), at: now)
        if let opened = ledger.epochToOpen { _ = add(event(opened, by: "ledger")) }
        node.load(ledger.state.view)
    }

    /// One message of one member, and what it brings about. Returns false once the input is used up.
    mutating func play() throws(Broken) -> Bool {
        guard let what = input.next() else { return false }
        now += Int64(what) * 10_000_000
        // As a rule who may send it, so that rules and folds meet the values.
        let isAnybody = input.byte() % 8 == 0
        let sender = Self.members[isAnybody ? 1 + Int(input.byte() % 5) : 3 + Int(input.byte() % 2)]
        switch what % 12 {
        case 0...6:
            let kind = input.kind(ledger.state.view.position)
            let suited =
                isAnybody
                ? nil
                : Self.members.first {
                    Authority.maySubmit($0.role, kind.name) && ($0.role != .enforcer || $0.name == sender.name)
                }
            try submit(kind, by: suited ?? sender)
        case 7: try reserve(by: sender)
        case 8: try echo(by: sender)
        case 9: acknowledge(by: sender)
        case 10: decide()
        default: passTime()
        }
        try law(ledger.halted == nil, "the ledger has halted: \(ledger.halted ?? "")")
        try law(node.halted == nil, "the node has halted: \(node.halted ?? "")")
        return true
    }

    func end() throws(Broken) {
        guard node.node.hasView else { return }
        let view = node.view
        try law(view.image == ledger.state.view.image, "a node that has followed has another view")
        guard let again = try? View(image: view.image) else {
            throw Broken(description: "a view's image cannot be loaded")
        }
        try law(again.image == view.image, "a view changes in its image")
    }

    private mutating func event(_ kind: EventKind, by origin: String) -> Event {
        events += 1
        return Event(id: Digest(words: (events, 1, 1, 1)), mesh: "mesh", origin: origin, createdAt: wall, kind: kind)
    }

    private var wall: WallTime { 1_700_000_000_000 + now / 1_000_000 }

    private mutating func submit(_ kind: EventKind, by sender: NodeKeys) throws(Broken) {
        let event = event(kind, by: sender.name)
        guard (try? ledger.authorize(event, from: sender)) != nil else { return }
        guard (try? ledger.stage(event, at: now)) != nil else { return }
        _ = ledger.committed(at: now)
        staged += 1
        try follow(event)
        try own(ledger.state.warningsDue())
    }

    private mutating func own(_ kinds: [EventKind]) throws(Broken) {
        for kind in kinds {
            let event = event(kind, by: "ledger")
            if add(event) { try follow(event) }
        }
    }

    private mutating func add(_ event: Event) -> Bool {
        defer { _ = ledger.committed(at: now) }
        return (try? ledger.stage(own: event)) != nil
    }

    private mutating func follow(_ event: Event) throws(Broken) {
        do throws(FoldError) {
            try node.apply(event, at: ledger.state.view.position)
        } catch {
            throw Broken(description: "a node cannot follow: \(error)")
        }
    }

    private mutating func reserve(by sender: NodeKeys) throws(Broken) {
        let request = input.request()
        try own(
            ledger.windowsDue(
                for: request, calendar: { _, _, wall in (wall - wall % 5000, wall - wall % 5000 + 5000) }, at: now))
        guard let answer = try? ledger.reserve(request, from: sender, at: now) else { return }
        try answered(request, answer)
    }

    private mutating func answered(_ request: SliceRequest, _ answer: SliceAnswer) throws(Broken) {
        for slice in answer.slices where answer.positions.isEmpty {
            try own([.sliceReserved(slice)])
            if slice.incarnation == node.incarnation, let grant = node.view.index(ofGrant: slice.grantID) {
                node.fund(grant: grant, unit: slice.unit, amount: slice.amount, slice: ledger.state.view.position)
            }
        }
    }

    private mutating func echo(by sender: NodeKeys) throws(Broken) {
        let position = ledger.state.view.position
        let progress = NodeProgress(
            incarnation: input.incarnation(), applied: min(input.position(position), position),
            heard: min(input.position(position), position))
        let stated = input.statement()
        guard (try? ledger.register(progress, from: sender, agrees: true, at: now)) != nil else { return }
        _ = try? ledger.answer(
            progress, nonce: 1, rates: stated, from: sender, readHead: position, readEpoch: 1, at: now)
        nonce += 1
        node.echoSent(nonce: nonce, at: now)
        _ = node.echoAnswered(
            EchoReply(nonce: nonce, epoch: 1, head: position, ledgerTime: wall, rates: input.reply(nonce)), at: now)
    }

    private mutating func acknowledge(by sender: NodeKeys) {
        let position = ledger.state.view.position
        var progress = NodeProgress(
            incarnation: input.incarnation(), applied: min(input.position(position), position), heard: position)
        progress.urgent = [input.number(), input.position(position)]
        progress.ended = input.byte() % 8 == 0
        _ = try? ledger.acknowledge(progress, from: sender, agrees: true, at: now)
    }

    private mutating func decide() {
        decisions += 1
        let journal = TakesAll(now: now, sequence: decisions)
        var call = Call(
            Presented(HostileInput.credential(input.grant())), action: "a", resourceType: "tool", resourceID: "x")
        call.amounts = CallAmounts(declared: input.amounts()) ?? CallAmounts()
        call.holds = input.byte() % 2 == 0
        call.atLeast = input.byte() % 4 == 0 ? input.number() : 0
        _ = node.rateStatement(at: now)
        let verdict = node.decide(call, arrivedAt: nil, journal: journal)
        _ = node.node.preview(call, now: now)
        guard verdict.isAllow, call.holds else { return }
        let actual = CallAmounts(input.amounts()) ?? CallAmounts()
        switch input.byte() % 4 {
        case 0: _ = node.release(verdict.sequence, in: 0, journal: journal)
        case 1, 2:
            if node.shards[0].uncharged(verdict.sequence, actual: actual, under: node.node) == nil {
                _ = node.settle(verdict.sequence, in: 0, actual: actual, journal: journal)
            }
        default: break
        }
    }

    private mutating func passTime() {
        now += max(0, min(input.value(), 1 << 50))
        _ = ledger.observe(wall: input.byte() % 4 == 0 ? input.value() : wall, at: now)
        _ = ledger.housekeep(at: now)
        _ = ledger.stepBarriers(at: now)
        _ = ledger.recalls(at: now)
        while ledger.nextServed(at: now) != nil {}
        _ = node.cancelRestricted()
        _ = node.endOverdue(at: now, journal: TakesAll(now: now, sequence: 0))
        _ = node.closeRevoked(from: 0, scan: 100)
    }
}

private struct TakesAll: DecisionJournal {
    let now: Instant
    let sequence: UInt64
    let room = JournalRoom(used: 0, bound: 1 << 20)

    func record(_ call: borrowing Call, _ verdict: Verdict, _ debits: [Debit], grant: Position) -> UInt64? { sequence }
    func record(_ record: DecisionRecord) -> UInt64? { sequence }
    func recordEnd(_ end: borrowing HoldEnd) -> UInt64? { sequence }
    func content(_ call: borrowing Call) -> Digest { .zero }
}
