internal import PenstockCore

private struct Author: EventAuthor {
    func author(_ kind: EventKind, at time: WallTime) -> VerifiedEvent {
        VerifiedEvent(
            Event(id: Make.id("own \(kind)"), mesh: "mesh", origin: "n1", createdAt: time, kind: kind), entry: [])
    }
}

extension Make {
    /// Of node n1, before its first turn.
    static func follower(mesh: String = "mesh", _ predecessors: Predecessors = Predecessors()) -> Follower {
        Follower(mesh: mesh, incarnation: incarnation(1), seen: SeenLog(), predecessors: predecessors)
    }
}

extension TestJournal: NodeJournal {
    var lastRecorded: UInt64 { UInt64(records.count) }
    var hasOwnRecords: Bool { !records.isEmpty }
    var hasRoom: Bool { !takesNothing }
    func canRelease(through sequence: UInt64) -> Bool { sequence > 0 }
}

/// Node n1, its journal, and what its turns do in words.
final class NodeTurnShell {
    var follower: Follower
    var enforcement = Enforcement(node: "n1", incarnation: Make.incarnation(1), audiences: [])
    let journal = TestJournal()
    var now: Instant = Make.milliseconds(50_000)
    private var random: UInt64 = 0
    /// Ids of what was sent last, by what it was.
    private(set) var ids: [String: UInt64] = [:]

    /// - Parameter predecessor: of which the journal proves all that it spent: 3 of each slice named.
    init(predecessor slices: [Position] = []) {
        var predecessors = Predecessors()
        if !slices.isEmpty { predecessors.add(Make.incarnation(2), proven: true) }
        predecessors.add(.decided, slices.map { SliceReport.Use(slice: $0, used: 3) })
        follower = Follower(
            mesh: "mesh", incarnation: Make.incarnation(1), seen: SeenLog(), predecessors: predecessors,
            releaseEvery: 2)
    }

    /// With a view and a lease, and nothing to do.
    convenience init(serving grants: [Grant], predecessor slices: [Position] = []) throws {
        self.init(predecessor: slices)
        let view = try View(grants: grants)
        _ = pass()
        take(.snapshot(view, root: Make.id("root \(view.position)"), head: view.position))
        _ = pass()
        let echo = EchoReply(nonce: random, epoch: 1, head: view.position, ledgerTime: Make.wall)
        take(.reply(.echo(echo), id: ids["echo"]!))
        _ = perform()
        _ = pass(10)
    }

    var position: Position { follower.applied }

    func take(_ input: NodeInput) { follower.take(input, &enforcement, journal, at: now) }

    /// The log goes on.
    func log(_ kinds: EventKind..., by origin: String = "op") {
        for kind in kinds {
            let position = position + 1
            take(
                .logged(
                    Make.event(Make.id("event \(position)"), kind, by: origin), at: position,
                    root: Make.id("root \(position)")))
        }
    }

    /// Whether `perform` tells of what is due every now and then, whatever happens.
    var tellsUpkeep = false

    func perform() -> [String] {
        follower.next(Author(), wall: Make.wall, at: now).map { describe($0) }
            .filter { tellsUpkeep || !["subscribe", "measure journal"].contains($0) }
    }

    func pass(_ milliseconds: Int64 = 0, echoWanted: Bool = false) -> [String] {
        now += Make.milliseconds(milliseconds)
        follower.passTime(&enforcement, journal, echoWanted: echoWanted, at: now) {
            random += 1
            return random
        }
        return perform()
    }

    func carry() -> [String] {
        while follower.carry(enforcement, journal) {}
        return perform()
    }

    func decide(_ amount: Int64, _ grant: String = "g") -> Verdict {
        enforcement.decide(
            Make.call(grant) { $0.amounts = CallAmounts([Amount("usd", amount)])! }, arrivedAt: now, journal: journal)
    }

    private func describe(_ effect: NodeEffect) -> String {
        switch effect {
        case .send(let request, let id):
            let words = Self.describe(request)
            ids[words] = id
            return words
        case .wake(let news): return "wake " + news.map { "\($0)" }.sorted().joined(separator: ", ")
        case .wakeAll: return "wake all"
        case .restrict(let calls): return "restrict \(calls.map(\.decision))"
        case .openCheckpoint(let note): return "open checkpoint \(note)"
        case .openSnapshot(let load): return "open snapshot \(load.bytes)"
        case .readDecisions(let first, let last): return "read \(first)...\(last == .max ? "" : "\(last)")"
        case .noteSeen(let seen): return "note seen \(seen.position), shipped \(seen.shipped)"
        case .carry: return "carry"
        case .releaseJournal(let last): return "release \(last)"
        case .subscribe: return "subscribe"
        case .measureJournal: return "measure journal"
        case .report(.journalIsLow): return "report journal low"
        case .report(.journalHasRoom): return "report journal has room"
        case .report(.halted): return "report halt"
        case .report(.refusedReport): return "report refused report"
        case .report(.refusedDebt): return "report refused debt"
        case .report(.skippedDecisions): return "report skipped decisions"
        case .report(.viewLoaded): return "report view"
        }
    }

    private static func describe(_ request: NodeRequest) -> String {
        switch request {
        case .acknowledge(let progress, let root):
            let isOf = root == Make.id("root \(progress.applied)") ? "" : " under another root"
            let urgent = progress.urgent.isEmpty ? "" : " and \(progress.urgent)"
            return "acknowledge \(progress.applied)\(isOf)\(urgent)\(progress.ended ? ", ended" : "")"
        case .echo: return "echo"
        case .fetch(let from): return "fetch \(from)"
        case .snapshot(let position, let offset): return "snapshot \(position) at \(offset)"
        case .openSlices(let after): return "open slices after \(after)"
        case .reserve(let request): return "reserve \(request.grantID)"
        case .submit(let event):
            if case .sliceClosed(let report) = event.event.kind {
                return "close \(report.uses.map { "\($0.slice): \($0.used)" })"
            }
            return "submit \(event.event.kind.name.rawValue)"
        case .decisions(let batch, _, _): return "ship \(batch.firstSequence)...\(batch.lastSequence)"
        case .cosign(let size, _): return "cosign \(size)"
        case .checkpoint(let position): return "checkpoint of \(position)"
        }
    }
}
