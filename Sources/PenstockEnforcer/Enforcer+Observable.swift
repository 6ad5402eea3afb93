internal import PenstockCore
public import PenstockGatekeeper
internal import PenstockJournal
internal import PenstockNode
internal import PenstockSystem

extension Enforcer: Observable {
    /// As `Enforcement.isUnwritable`, one shard after the other.
    var isUnwritable: Bool {
        shards.indices.contains { shard in state.withShard(shard) { $0.shards[shard].counts.isUnwritable } }
    }

    public func health() -> Health {
        let isWritable = !isUnwritable
        return state.withShard(0) { enforcement in
            Health(
                viewApplied: enforcement.node.hasView, leaseHeld: enforcement.node.isFresh(at: Clocks.now()),
                journalWritable: isWritable, halted: enforcement.node.halted)
        }
    }

    public func metrics() -> [Metric] {
        let room = journal.room
        let journalMetrics = [
            Metric(
                "penstock_journal_bytes", "Journal segments in use, in bytes.", .gauge, value: Double(room.usedBytes)),
            Metric(
                "penstock_journal_limit_bytes",
                "What the journal may use; when it is full, calls are denied as unrecordable.", .gauge,
                value: Double(room.limitBytes)),
            Metric(
                "penstock_journal_disk_free_bytes", "What the journal's file system has left.", .gauge,
                value: Double(room.freeDiskBytes)),
        ]
        return journalMetrics
            + state.withAll { enforcement in
                let now = Clocks.now()
                var metrics = Reason.allCases.map { reason in
                    Metric(
                        "penstock_decisions_total", "Decisions by outcome and reason.", .counter,
                        labels: ["decision": reason == .none ? "allow" : "deny", "reason": reason.name],
                        value: Double(enforcement.answered(reason)))
                }
                metrics.append(
                    Metric(
                        "penstock_unrecorded_denials_total", "Denials that the journal could not take.", .counter,
                        value: Double(enforcement.unrecorded)))
                metrics.append(
                    Metric(
                        "penstock_counted_denials_total",
                        "Denials that are in a count and have no record of their own.", .counter,
                        value: Double(enforcement.countedDenials.total)))
                metrics.append(
                    Metric(
                        "penstock_view_position", "Log position that the view has applied.", .gauge,
                        value: Double(enforcement.view.position)))
                let age = enforcement.lease.age(at: now).map { Double($0) / 1e9 }
                metrics.append(
                    Metric(
                        "penstock_view_age_seconds", "Upper bound of the view's age; -1 before the first lease.",
                        .gauge, value: age ?? -1))
                metrics.append(
                    Metric(
                        "penstock_ready", "1 while the node may allow.", .gauge,
                        value: enforcement.isFresh(at: now) ? 1 : 0))
                metrics.append(
                    Metric(
                        "penstock_grants", "Grants in the view.", .gauge,
                        value: Double(enforcement.view.handles.count)))
                metrics.append(
                    Metric(
                        "penstock_calls_held", "Calls under way.", .gauge,
                        value: Double(enforcement.holdCount)))
                metrics.append(
                    Metric(
                        "penstock_debts_refused_total", "Debts that the ledger refused for good: nobody charges them.",
                        .counter, value: Double(enforcement.debtsRefused)))
                metrics += enforcement.warnings.sorted {
                    ($0.key.budget, $0.key.percent) < ($1.key.budget, $1.key.percent)
                }.map { warning, count in
                    Metric(
                        "penstock_budget_warnings_total",
                        """
                        Times that a budget reached a percentage of its ceiling, since this node has followed the log.
                        """,
                        .counter,
                        labels: ["budget": warning.budget, "percent": "\(warning.percent)"], value: Double(count))
                }
                return metrics
            }
    }
}
