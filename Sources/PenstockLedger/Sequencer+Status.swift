internal import Foundation
internal import PenstockCore
internal import PenstockCrypto
internal import PenstockProto
internal import PenstockStore
internal import PenstockSystem
internal import PenstockTransport
internal import PenstockWire
internal import SwiftProtobuf

/// The mesh as the ledger sees it: members, then barriers that wait. A page has so many rows, and says where the next begins.
extension Sequencer {
    /// - Parameter from: 0, or what the page before has named as the next.
    func status(from: UInt64, for asker: NodeKeys) -> Penstock_V1_StatusReply {
        let now = Clocks.now()
        let starts = ledger.state.view.members(after: "", rows: .max, where: { _ in true }).rows.flatMap { member in
            self.starts(of: member).map { (member: member, presence: $0) }
        }
        let waiting = ledger.barriers.values.filter { $0.state == .waiting }.sorted { $0.position < $1.position }
        return .with { reply in
            reply.mesh = ledger.state.view.mesh
            reply.position = tree.size
            reply.epoch = ledger.state.epoch
            reply.halted =
                ledger.halted
                ?? (ledger.awaited.isEmpty
                    ? ""
                    : "the log was restored; waiting for the word of \(ledger.awaited.sorted().joined(separator: ", "))")
            if from == 0 {
                reply.counters = counters.merging(handshakes) { $1 }
                reply.time = ledgerTime()
                reply.warnings += timeWarnings()
                let disk = store.disk
                reply.disk = diskStatus(disk)
                reply.warnings += diskWarnings(disk)
                reply.warnings += overShare.keys.sorted().map {
                    "'\($0)' has sent more than its share within the last minute, and was told 'busy': see the counters busy_*, and whether somebody else has its keys"
                }
            }
            var next = Int(min(from, UInt64(starts.count + waiting.count)))
            var left = Limits.rowsPerPage
            while left > 0, next < starts.count {
                reply.nodes.append(row(starts[next].member, starts[next].presence, for: asker, at: now))
                (next, left) = (next + 1, left - 1)
            }
            while left > 0, next < starts.count + waiting.count {
                let barrier = page(
                    describe(waiting[next - starts.count], counts: false, at: now).shown(to: asker), from: 0,
                    rows: left)
                reply.barriers.append(barrier)
                (next, left) = (next + 1, left - max(1, barrier.nodes.count))
            }
            if next < starts.count + waiting.count { reply.next = UInt64(next) }
        }
    }

    /// Who was not let in, by door. The first of each door were this process itself, which tries it.
    private var handshakes: [String: UInt64] {
        var counts: [String: UInt64] = [:]
        for (door, count) in [("members", Authenticator.shared.counts(domain: domain)), ("join", joins.handshakes)] {
            guard let count else { continue }
            counts["handshakes_refused_\(door)"] = UInt64(
                max(0, count.refused - (door == "members" ? endpoints.count : 0)))
            counts["handshakes_deferred_\(door)"] = UInt64(count.deferred)
        }
        return counts
    }

    func noteNetwork() {
        let counts = requests.counts
        counters["malformed_frames"] = counts.malformed + log.counts.malformed + urgent.counts.malformed
        counters["requests_overflowed"] = counts.overflowed
        counters["connections_cut"] = counts.cut + log.counts.cut + urgent.counts.cut + joins.cut
        counters["replies_unsent"] = counts.unsent
    }

    /// A member with each of its starts that is heard.
    func memberRow(_ member: View.Member, for asker: NodeKeys, at now: Instant) -> Penstock_V1_MemberRow {
        .with {
            $0.member = member.proto
            $0.starts = starts(of: member).map { row(member, $0, for: asker, at: now) }
        }
    }

    /// Nil alone where none is heard.
    private func starts(of member: View.Member) -> [Presence?] {
        let starts = ledger.presence.starts(of: member.keys.name)
        return starts.isEmpty ? [nil] : starts
    }

    private func row(_ member: View.Member, _ presence: Presence?, for asker: NodeKeys, at now: Instant)
        -> Penstock_V1_MemberStatus
    {
        .with {
            $0.node = member.keys.name
            $0.role = member.keys.role.proto
            $0.expelled = !member.belongs
            guard let presence else {
                // People's identities only come and go: there is nothing to be gone.
                $0.state = member.keys.role == .ledger ? "fresh" : member.keys.role == .enforcer ? "gone" : "member"
                $0.appliedPosition = member.keys.role == .ledger ? tree.size : 0
                return
            }
            let silent = now - presence.lastEcho
            $0.state =
                silent < ledger.state.view.settings.maxStaleness
                ? "fresh" : silent < ledger.presence.bound * 10 ? "stale" : "gone"
            $0.appliedPosition = presence.applied
            $0.viewAgeMs = silent / .nanosecondsPerMillisecond
            $0.version = presence.version
            if asker.sees(incarnationsOf: presence.node) { $0.incarnation = Data(presence.incarnation.bytes) }
        }
    }

    /// A barrier's nodes from one on, as many as one answer takes.
    func page(_ barrier: Penstock_V1_BarrierReply, from: UInt64, rows: Int = Limits.rowsPerPage)
        -> Penstock_V1_BarrierReply
    {
        let start = Int(min(from, UInt64(barrier.nodes.count)))
        let end = min(start + rows, barrier.nodes.count)
        guard start > 0 || end < barrier.nodes.count else { return barrier }
        var page = barrier
        page.nodes = Array(barrier.nodes[start..<end])
        page.nextNode = end < barrier.nodes.count ? UInt64(end) : 0
        return page
    }

    func barrier(_ query: Penstock_V1_BarrierQuery, for asker: NodeKeys) throws(Refusal) -> Penstock_V1_BarrierReply {
        guard let barrier = ledger.barriers[query.position] else {
            throw Refusal(
                .notFound, "no barrier is kept for position \(query.position); 'penstock receipt show' has its receipt")
        }
        return page(describe(barrier, at: Clocks.now()).shown(to: asker), from: query.fromNode)
    }
}
