"""The checks find what they are for: each is shown a history that is in order, then one that is not."""

import dataclasses
import types

import pytest

import budget_checks
import checks
from history import History
from records import NOTHING, Call, Revoke


class Told:
    """A mesh whose commands answer what the test says."""

    def __init__(self, **answers):
        self.answers, self.enforcers = answers, []

    def run(self, command, *_, **__):
        return types.SimpleNamespace(json=self.answers[command.replace(" ", "_")], code=0)

    def status(self):
        return {"nodes": []}


def history(calls=(), revokes=(), mesh=None):
    made = History(mesh, seed=1, teams={"team": 100})
    made.grants = {run: {"grant_id": f"grt_{run}", "ceilings": {"calls": 10, "usd_micros": 50}, "team": "team"} for run in ("r", "s")}
    made.calls.extend(calls)
    made.revokes += revokes
    return made


def call(asked, outcome="allow", run="r", least=(1, 5), most=None, heard=None):
    return Call(asked, heard or asked + 0.01, "enforcer-1", run, outcome, "d", least, most or least)


def revoke(state="CLOSED", asked=10.0, printed=11.0, elapsed=500.0, bound=2000, nodes=()):
    return Revoke("r", asked, printed, {"state": state, "elapsed_ms": elapsed, "bound_ms": bound, "nodes": list(nodes)})


@pytest.mark.parametrize("late, revoked, violations", [
    (call(10.9), revoke(), 0),
    (call(11.1), revoke(), 1),
    (call(11.1, outcome="revoked"), revoke(), 0),
    (call(11.1, run="s"), revoke(), 0),
    # The answer came late from a process that could not run; it was asked in time.
    (call(10.9, heard=20.0), revoke(), 0),
    # Asked of one that could not run, and allowed when it woke.
    (call(11.1, heard=20.0), revoke(), 1),
    # Not closed: durable at 10.5, so over at 12.5.
    (call(12.4), revoke("PARTIAL"), 0),
    (call(12.6), revoke("PARTIAL"), 1),
    # CLOSED after the bound does not prolong it.
    (call(12.6), revoke(printed=15.0, elapsed=4500.0), 1),
])
def test_an_admission_after_the_end(late, revoked, violations):
    assert len(checks.check_revocation(history([late], [revoked]))) == violations


def test_the_earliest_of_two_revokes_counts():
    twice = [revoke(), dataclasses.replace(revoke(), asked=20.0, printed=21.0)]
    assert len(checks.check_revocation(history([call(15)], twice))) == 1


def test_a_node_that_was_cut_off_counted_as_enforcing():
    row = {"node": "enforcer-1", "state": "enforced"}
    cuts = [("enforcer-1", 9.0, 12.0)]
    assert checks.check_fencing(history(revokes=[revoke(nodes=[{**row, "state": "fenced"}])]), cuts) == []
    assert len(checks.check_fencing(history(revokes=[revoke(nodes=[row])]), cuts)) == 1
    assert checks.check_fencing(history(revokes=[revoke(nodes=[row])]), [("enforcer-1", 9.0, 10.9), ("enforcer-2", 9.0, 12.0)]) == []


@pytest.mark.parametrize("revoked, violations", [
    (revoke(elapsed=2900), 0), (revoke(elapsed=3100), 1), (revoke("PARTIAL", elapsed=500), 1),
])
def test_a_barrier_that_is_late(revoked, violations):
    assert len(checks.check_timely(history(revokes=[revoked]), [], slack=1)) == violations
    assert checks.check_timely(history(revokes=[revoked]), [(0.0, 10.5)], slack=1) == []


def log(*ids):
    return [{"position": number, "id": text, "kind": "restricted", "what": f"revoke run {text}"} for number, text in enumerate(ids, start=1)]


@pytest.mark.parametrize("rows, looks, acknowledged, ok, violations", [
    (log("a", "b", "c"), [[(1, "a")], [(1, "a"), (2, "b")]], [(2, "restricted", "b")], True, 0),
    (log("a", "b", "c"), [[(1, "a")], [(1, "a"), (2, "x")]], [], True, 1),
    (log("a", "b", "c"), [], [(2, "restricted", "c")], True, 1),
    (log("a", "b", "c"), [], [(4, "restricted", "d")], True, 1),
    ([*log("a"), {**log("b")[0], "position": 3}], [], [], True, 1),
    (log("a"), [], [], False, 1),
])
def test_a_log_that_is_not_what_was_said(rows, looks, acknowledged, ok, violations):
    mesh = Told(log_show=rows, log_verify={"ok": ok, "problems": ["p"]})
    seen = history(mesh=mesh)
    seen.logs, seen.acknowledged = looks, acknowledged
    assert len(checks.check_log(mesh, seen)) == violations


def budget(name, settled, out=0, ceiling=None, unit="calls", unallocated=None):
    ceiling = ceiling or {"calls": 10, "usd_micros": 50}[unit]
    left = ceiling - settled - out if unallocated is None else unallocated
    return {"name": name, "unit": unit, "ceiling": ceiling, "settled": settled, "out": out, "unallocated": left, "slices": []}


@pytest.mark.parametrize("calls, usd, team, violations", [
    (budget("grt_r/calls", 2), budget("grt_r/usd_micros", 10, unit="usd_micros"), budget("team", 2, ceiling=100), 0),
    # Less than clients were allowed, more than they can have spent, at the grant and at the team.
    (budget("grt_r/calls", 1), budget("grt_r/usd_micros", 10, unit="usd_micros"), budget("team", 2, ceiling=100), 1),
    (budget("grt_r/calls", 4), budget("grt_r/usd_micros", 10, unit="usd_micros"), budget("team", 2, ceiling=100), 1),
    (budget("grt_r/calls", 2), budget("grt_r/usd_micros", 10, unit="usd_micros"), budget("team", 1, ceiling=100), 1),
    # Out of balance, at both looks; and not returned by a clean stop.
    (budget("grt_r/calls", 2, unallocated=9), budget("grt_r/usd_micros", 10, unit="usd_micros"), budget("team", 2, ceiling=100), 2),
    (budget("grt_r/calls", 2, out=3), budget("grt_r/usd_micros", 10, unit="usd_micros"), budget("team", 2, ceiling=100), 1),
])
def test_budgets_that_do_not_add_up(calls, usd, team, violations):
    mesh = Told(budget_list=[calls, usd, team], budget_show=[])
    # Two were allowed, a third perhaps.
    seen = history([call(1), call(2), call(3, outcome="unknown", least=NOTHING, most=(1, 5))], mesh=mesh)
    del seen.grants["s"]
    assert len(budget_checks.check_budgets(mesh, seen)) == violations


def test_more_than_the_ceiling():
    mesh = Told(budget_list=[budget("grt_r/calls", 10), budget("grt_r/usd_micros", 50, unit="usd_micros"), budget("team", 11, ceiling=100)], budget_show=[])
    seen = history([call(n, least=(1, 4)) for n in range(11)], mesh=mesh)
    del seen.grants["s"]
    assert "clients spent 11 of 10" in "\n".join(budget_checks.check_budgets(mesh, seen))


def test_an_allow_without_evidence():
    row = {"incarnation": "d", "sequence": 1, "run_id": "r"}
    seen = history([call(1)._replace(decision="d-1")])
    assert checks.check_evidence(Told(audit=[row]), seen, patience=0) == []
    for rows in ([], [{**row, "sequence": 2}], [{**row, "run_id": "s"}]):
        assert len(checks.check_evidence(Told(audit=rows), seen, patience=0)) == 1


def test_an_answer_that_no_node_should_give():
    assert checks.check_outcomes(history([call(1), call(2, outcome="stale_view")])) == []
    assert len(checks.check_outcomes(history([call(1, outcome="status 500")]))) == 1
