"""What a run held, survived and violated."""

import collections

from faults import KINDS

LONG_ENOUGH = 1.0  # minutes; a shorter run may have no time for every kind of fault
FRESH_TARGET = 2.0


class Report:
    def __init__(self, chosen, seed, lasted, history, chaos, violations):
        self.violations, self.long = violations, chosen.minutes >= LONG_ENOUGH
        counts, met = collections.Counter(), collections.Counter()
        for fault in chaos.happened:
            counts[fault.kind] += 1
            met[fault.kind] += fault.met
        calls = history.calls
        outcomes = collections.Counter(call.outcome for call in calls)
        by_node = collections.Counter(call.node for call in calls if call.outcome != "unknown")
        states = collections.Counter(revoke.answer["state"] for revoke in history.revokes)
        last = {}
        for revoke in history.revokes:
            if revoke.is_closed:
                last[revoke.run] = revoke
        # Asked before CLOSED was printed and heard after: in flight at that moment, so neither allowed nor forbidden by G1.
        in_flight = sum(
            1 for call in calls if call.outcome == "allow" and call.run in last and call.asked < last[call.run].printed < call.heard)
        self.json = {
            "seed": seed, "max_staleness_ms": 2000, "enforcers": chosen.enforcers, "seconds": round(lasted, 1),
            "calls": len(calls), "calls_per_second": round(len(calls) / lasted, 1),
            "calls_per_second_by_node": {node: round(count / lasted, 1) for node, count in sorted(by_node.items())},
            "allowed_per_second": round(outcomes["allow"] / lasted, 1),
            "outcomes": dict(outcomes.most_common()),
            "allows_in_flight_at_closed": in_flight,
            "grants": len(history.grants), "log_looks": len(history.logs),
            "revokes": dict(states),
            "revokes_with_fenced_nodes": sum(any(row["state"] == "fenced" for row in revoke.answer["nodes"]) for revoke in history.revokes),
            "revokes_while_a_node_was_cut_off": sum(
                any(begin < revoke.asked and revoke.printed < end for _, begin, end in chaos.cuts) for revoke in history.revokes),
            "slowest_closed_ms": round(max((revoke.answer["elapsed_ms"] for revoke in history.revokes if revoke.is_closed), default=0), 1),
            "bound_ms": max((revoke.answer["bound_ms"] for revoke in history.revokes), default=0),
            "faults": {kind: {"count": counts[kind], "met": met[kind]} for kind in KINDS},
            "fresh_after_faults_s": [round(value, 3) for value in chaos.fresh],
            "restart_and_fetch_s": [round(value, 3) for value in chaos.restarts],
            "violations": {guarantee: len(problems) for guarantee, problems in violations.items()},
        }

    @property
    def missing(self):
        """Kinds of fault that did not come, or that nothing was touched by."""
        return [kind for kind, row in self.json["faults"].items() if not row["met"]] if self.long else []

    @property
    def is_good(self):
        return not self.missing and not any(self.violations.values())

    @property
    def text(self):
        found = self.json
        fresh, restart = max(found["fresh_after_faults_s"], default=0), max(found["restart_and_fetch_s"], default=0)
        lines = [
            f"seed {found['seed']}, {found['enforcers']} enforcers, {found['seconds']} s under load",
            f"load held   {found['calls']} calls, {found['calls_per_second']}/s, of which {found['allowed_per_second']}/s allowed: "
            + ", ".join(f"{node} {rate}/s" for node, rate in found["calls_per_second_by_node"].items()),
            "outcomes    " + ", ".join(f"{outcome} {count}" for outcome, count in found["outcomes"].items()),
            "revokes     " + ", ".join(f"{state} {count}" for state, count in found["revokes"].items())
            + f"; {found['revokes_with_fenced_nodes']} with fenced nodes, {found['revokes_while_a_node_was_cut_off']} asked and answered"
            f" while a node was cut off; slowest CLOSED {found['slowest_closed_ms']} ms, bound {found['bound_ms']} ms;"
            f" {found['allows_in_flight_at_closed']} allows were in flight at CLOSED",
            f"faults      {sum(row['count'] for row in found['faults'].values())} survived",
        ]
        lines += [f"            {kind:28}{row['count']:4}  met {row['met']}" for kind, row in found["faults"].items()]
        lines += [
            f"fresh again {fresh:.2f} s after faults stopped, the slowest of {len(found['fresh_after_faults_s'])} rounds"
            f" (target {FRESH_TARGET:.0f} s: {'met' if fresh <= FRESH_TARGET else 'MISSED'});"
            f" before that, {restart:.2f} s for killed processes to be up and fetch a view",
            "violations  " + ", ".join(f"{guarantee} {count}" for guarantee, count in found["violations"].items()),
        ]
        for guarantee, problems in self.violations.items():
            lines += [f"  {guarantee}: {problem}" for problem in problems[:10]]
            lines += [f"  {guarantee}: … {len(problems) - 10} more"] if len(problems) > 10 else []
        if self.missing:
            lines.append(f"  did not come, or met nothing: {', '.join(self.missing)}")
        return "\n".join(lines)
