"""Invariants over a recorded history. Each returns what contradicts it, as a list of lines; none is an empty list."""

import collections
import contextlib
import time


KNOWN = {
    "allow", "revoked", "stale_view", "no_view", "budget_exhausted", "budget_held_elsewhere", "budget_pending", "unknown_credential",
    "unrecordable", "unknown",
}


def check_revocation(history):
    """G1: nothing admitted of what was asked after CLOSED was printed, or after the bound.

    The time of asking, taken before the call is sent, makes it sound: a node decides later than that. So an answer
    that comes late from a process that could not run proves nothing, and a call that it was asked while it could not
    run counts."""
    limits = {}
    for revoke in history.revokes:
        limits[revoke.run] = min(revoke.limit, limits.get(revoke.run, float("inf")))
    return [
        f"{call.run} was admitted at {call.node}, asked {1000 * (call.asked - limits[call.run]):.0f} ms after it had to be over"
        for call in history.calls if call.outcome == "allow" and call.asked > limits.get(call.run, float("inf"))]


def check_standing(mesh, history):
    """G1, with every node back: what was revoked is denied at each of them, as revoked."""
    problems = []
    for node in mesh.enforcers:
        with contextlib.closing(node.door()) as door:
            for run in {revoke.run for revoke in history.revokes}:
                outcome = history.call(door, node.name, run, (1, 1))
                if outcome != "revoked":
                    problems.append(f"{run} is answered {outcome} at {node.name}")
    return problems


def check_fencing(history, cuts):
    """G1: a node that could not hear or could not answer was not counted as enforcing.

    `cuts` are (node, begin, end): while it lasts, no acknowledgement can come from that node."""
    return [
        f"{revoke.run} was closed with {node} enforced, which was cut off"
        for revoke in history.revokes for node, begin, end in cuts if begin < revoke.asked and revoke.printed < end
        for row in revoke.answer["nodes"] if row["node"] == node and row["state"] == "enforced"]


def check_timely(history, troubles, slack):
    """G1: whatever happens to the nodes, the barrier closes within the bound, unless the ledger itself is in trouble.

    `troubles` are the (begin, end) of the ledger's own faults; its barrier starts anew with its process."""
    return [
        f"{revoke.run} was {revoke.answer['state']} after {revoke.answer['elapsed_ms']:.0f} ms, the bound is {revoke.answer['bound_ms']} ms"
        for revoke in history.revokes if not any(begin < revoke.printed and revoke.asked < end for begin, end in troubles)
        if not revoke.is_closed or revoke.answer["elapsed_ms"] > revoke.answer["bound_ms"] + 1000 * slack]


def check_log(mesh, history):
    """G3: what was acknowledged is where it was said to be; every look at the log saw a prefix of the next."""
    rows = mesh.run("log show", timeout=120).json
    problems = []
    if [row["position"] for row in rows] != list(range(1, len(rows) + 1)):
        problems.append("the positions have gaps")
    for position, kind, text in history.acknowledged:
        row = rows[position - 1] if position <= len(rows) else None
        if row is None or row["kind"] != kind or text not in row["what"]:
            problems.append(f"{kind} {text} was acknowledged at {position}, which holds {row}")
    # Looks by several operators may end in another order than they began in.
    looks = sorted([*history.logs, [(row["position"], row["id"]) for row in rows]], key=len)
    problems += ["a look at the log was no prefix of a later one" for earlier, later in zip(looks, looks[1:]) if later[: len(earlier)] != earlier]
    report = mesh.run("log verify", expect=None, timeout=120).json
    return problems + ([] if report["ok"] else [f"log verify: {report['problems']}"])


def check_no_phantom_denials(mesh, history):
    """G7: with every node back, a run with budget left is allowed at each of them."""
    revoked = {revoke.run for revoke in history.revokes}
    for run in reversed(history.live):
        grant = history.grants[run]
        rows = mesh.run("budget show", grant["grant_id"]).json
        if run not in revoked and not grant["team"] and all(row["unallocated"] >= 100 for row in rows):
            break
    else:
        return []
    problems = []
    for node in mesh.enforcers:
        with contextlib.closing(node.door()) as door:
            outcome = history.call(door, node.name, run, (1, 1), patience=5000)
        if outcome != "allow":
            problems.append(f"{run} has budget left and is answered {outcome} at {node.name}")
    return problems


def check_outcomes(history):
    counts = collections.Counter(call.outcome for call in history.calls)
    return [f"{count} calls were answered {outcome}" for outcome, count in counts.items() if outcome not in KNOWN]


def check_evidence(mesh, history, patience=30):
    """G4: every allow that a client heard is in the audit, with the grant's run."""
    heard = {call.decision: call.run for call in history.calls if call.outcome == "allow"}
    deadline = time.monotonic() + patience
    while True:
        rows = mesh.run("audit", "--decision", "allow", "--limit", "100000000", timeout=300).json
        recorded = {f"{row['incarnation']}-{row['sequence']}": row["run_id"] for row in rows}
        lost = [decision for decision, run in heard.items() if recorded.get(decision) != run]
        if not lost:
            return []
        if time.monotonic() > deadline:
            return [f"{len(lost)} of {len(heard)} allows are not in the audit, such as {lost[:3]}"]
        time.sleep(2)
