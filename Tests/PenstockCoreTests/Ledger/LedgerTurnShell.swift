internal import PenstockCore

private struct Author: EventAuthor {
    func author(_ kind: EventKind, at time: WallTime) -> VerifiedEvent {
        VerifiedEvent(
            Event(id: Make.id("own \(kind)"), mesh: "mesh", origin: "ledger", createdAt: time, kind: kind),
            entry: [])
    }
}

/// A turn, what it does in words, and a disk.
struct LedgerTurnShell {
    var turn: LedgerTurn<String>
    /// What the disk does to each commit, in order; the last one stays.
    var disk: [LedgerCommit.Outcome] = [.durable(room: .everything)]
    var headEpoch: UInt64 = 7
    var isHeadReadable = true

    init(restored: Bool = false) throws {
        var state = LedgerState()
        try state.apply(Make.event(Make.id("event 1"), .genesis(Make.members, .standard), by: "ledger"), at: 1)
        turn = LedgerTurn(PenstockCore.Ledger(state)) { _, _, _ in nil }
        turn.start(epoch: 7, restored: restored, time: LedgerTime(wall: Make.wall, at: 0), at: 0)
        guard !restored else { return }
        _ = run(at: 0)
    }

    mutating func run(_ inputs: [LedgerInput<String>] = [], at now: Instant) -> [String] {
        var lines: [String] = []
        for input in inputs { turn.take(input) }
        while let (effects, commit) = turn.next(Author(), at: now) {
            lines += effects.map(words)
            let outcome = disk.count > 1 ? disk.removeFirst() : disk[0]
            let isDurable = if case .durable = outcome { true } else { false }
            if !commit.events.isEmpty {
                let names = commit.events.map { "\($0.event.kind.name)" }.joined(separator: " ")
                lines.append("\(isDurable ? "commit" : "fail") \(commit.first): \(names)")
            }
            let end = commit.first - 1 + (isDurable ? Position(commit.events.count) : 0)
            let head: LedgerCommit.Head =
                !commit.readsHead
                ? .notRead : isHeadReadable ? .read(end, epoch: headEpoch) : .unreadable("no")
            lines += turn.finish(outcome, head: head, at: now).map(words)
        }
        return lines
    }

    mutating func step(at now: Instant) -> [String] { turn.step(at: now).map(words) }

    func words(_ effect: LedgerEffect<String>) -> String {
        switch effect {
        case .publishUrgent(_, let position): "urgent \(position)"
        case .publishLog(let events, let first, let restrictions):
            "log \(first) to \(first + Position(events.count) - 1)"
                + (restrictions.isEmpty ? "" : " with a checkpoint for \(restrictions)")
        case .answer(let asker, .submitted(let position, _, let isDuplicate, let child)):
            "\(asker.route): taken at \(position)" + (isDuplicate ? " before" : "")
                + (child.map { ", child \($0)" } ?? "")
        case .answer(let asker, .reserved(let slices, let refused, let hasWaited)):
            "\(asker.route): slices \(slices.map(\.slice.amount)) \(refused.map(\.code.rawValue))"
                + (hasWaited ? ", late" : "")
        case .answer(let asker, .echo(let reply)): "\(asker.route): echo of \(reply.head)"
        case .answer(let asker, .barrier(let barrier)): "\(asker.route): \(barrier.state)"
        case .answer(let asker, .refused(let refusal)): "\(asker.route): \(refusal.code.rawValue)"
        case .answerJoin(let route, .success(let position)): "\(route): joined at \(position)"
        case .answerJoin(let route, .failure(let refusal)): "\(route): \(refusal.code.rawValue)"
        case .recall(let route, let recalls): "recall from \(route): \(recalls.map(\.unit))"
        case .admitMembers: "members"
        case .cutConnections: "cut"
        case .endRestore: "restored"
        case .reportHalt: "halt"
        }
    }
}

extension LedgerInput<String> {
    /// An event whose id and way back is its name.
    static func submit(
        _ kind: EventKind, _ name: String, by sender: NodeKeys, known: Position? = nil, barrierMS: UInt32? = nil
    ) -> Self {
        .submit(
            VerifiedEvent(Make.event(Make.id(name), kind, by: sender.name), entry: []), known: known,
            barrierMS: barrierMS, Caller(route: name, sender: sender, id: 1))
    }

    /// Of the agent of that name.
    static func revoke(_ name: String, barrierMS: UInt32? = nil) -> Self {
        .submit(Make.revoke(.agent(name)), name, by: Make.node("op", .operator), barrierMS: barrierMS)
    }

    /// By the first incarnation of n1.
    static func echo(_ applied: Position) -> Self {
        .echo(progress(applied), nonce: 1, rates: nil, agrees: true, caller(2))
    }

    static func acknowledge(_ applied: Position) -> Self {
        .acknowledge(progress(applied), agrees: true, caller(3))
    }

    private static func progress(_ applied: Position) -> NodeProgress {
        NodeProgress(incarnation: Make.incarnation(1), applied: applied, heard: applied)
    }

    private static func caller(_ id: UInt64) -> Caller<String> {
        Caller(route: "n1", sender: Make.node("n1", .enforcer), id: id)
    }
}
