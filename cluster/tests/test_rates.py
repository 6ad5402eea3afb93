"""Rates on real processes: held over all nodes together, with shares that follow demand, and throttled while in use."""

import time

import pytest

from harness import Mesh, eventually, reason


@pytest.fixture(scope="module")
def mesh():
    with Mesh(enforcers=2) as mesh:
        yield mesh


def calls(node, grant, seconds, door=None, pause=0.0, **context):
    """Asks without a pause, and returns when each call was allowed, and every reason that was heard."""
    door = door or node.door()
    allowed, heard, end = [], set(), time.monotonic() + seconds
    while time.monotonic() < end:
        answer = reason(door.evaluate(grant["credential"], patience_ms=0, **context))
        heard.add(answer)
        if answer == "allow":
            allowed.append(time.monotonic())
        time.sleep(pause)
    return allowed, heard


def share(node, grant, **context):
    """Waits until the node has a part of the grant's rate."""
    eventually("a share", lambda: reason(node.evaluate(grant["credential"], **context)) == "allow", every=0.01)


def test_first_call_waits_for_its_share_and_is_allowed(mesh):
    grant = mesh.grant("--rate", "calls=10/1s")
    mesh.wait_applied()
    assert [reason(node.evaluate(grant["credential"], patience_ms=2000)) for node in mesh.enforcers] == ["allow"] * 2


def test_a_call_after_a_quiet_time_is_allowed(mesh):
    """The parts of an idle node go back; whoever asks next gets them, and waits for it no longer than a moment."""
    grant = mesh.grant("--rate", "calls=10/1s")
    mesh.wait_applied()
    for number in (1, 1, 2, 1):
        assert reason(mesh[number].evaluate(grant["credential"], patience_ms=2000)) == "allow"
        time.sleep(2.2)


def test_no_more_than_the_rate_over_both_nodes(mesh):
    grant = mesh.grant("--rate", "calls=20/1s,burst=5")
    mesh.wait_applied()
    doors = [node.door() for node in mesh.enforcers]
    allowed, heard, began = 0, set(), time.monotonic()
    while time.monotonic() - began < 4:
        for door in doors:
            answer = reason(door.evaluate(grant["credential"], patience_ms=0))
            heard.add(answer)
            allowed += answer == "allow"
    most = 5 + 20 * (time.monotonic() - began)
    assert heard == {"allow", "rate_limited"}, heard
    assert 0.6 * most < allowed <= most, (allowed, most)


def test_demand_that_moves_takes_its_rate_along(mesh):
    grant = mesh.grant("--rate", "calls=100/1s,burst=10")
    mesh.wait_applied()
    share(mesh[1], grant)
    before, _ = calls(mesh[1], grant, 2)
    moved = time.monotonic()
    after, _ = calls(mesh[2], grant, 3)
    # From a second after the move on, the other node has nearly all of it.
    late = [at for at in after if at > moved + 1]
    assert len(late) > 0.8 * 2 * 100, f"{len(before)} on the first, then {len(after)}, {len(late)} of them later than a second"


def test_a_named_rate_covers_all_of_a_principal(mesh):
    row = mesh.run("rate create", "ann", "--unit", "tokens", "--rate", "1000/1m", "--for", "principal=ann").json
    assert (row["rate"], row["burst"], row["for"]) == ("1000/1m", 1000, "principal ann")
    grants = [mesh.grant("--principal", "ann", "--agent-class", name, "--budget", "tokens=100000") for name in ("a", "b")]
    mesh.wait_applied()
    answers = [
        reason(mesh[1].evaluate(grant["credential"], amounts={"tokens": 300}, patience_ms=2000)) for _ in range(2) for grant in grants]
    assert answers.count("allow") == 3 and answers[-1] == "rate_limited", answers
    assert reason(mesh[1].evaluate(grants[0]["credential"], amounts={"tokens": 1001})) == "amount_over_limit"
    assert [row["name"] for row in mesh.run("rate list").json] == ["ann"]
    assert mesh.run("rate show", "ann").json["limit"] == 1000
    assert mesh.run("rate show", "none", expect=4).error["code"] == "not_found"


def test_a_throttle_scales_it_at_once_and_a_reinstate_ends_that(mesh):
    grant = mesh.grant("--rate", "calls=100/1s,burst=10", "--run", "throttled")
    mesh.wait_applied()
    share(mesh[1], grant)
    throttled = mesh.run("throttle", "--run", "throttled", "--to", 10).json
    assert throttled["state"] == "CLOSED"
    began = time.monotonic()
    allowed, _ = calls(mesh[1], grant, 3)
    # What was there before is worth a tenth now, and one call may go beyond it.
    assert len(allowed) <= 2 + 10 * (time.monotonic() - began), len(allowed)
    assert len(allowed) > 10
    assert [row["level"] for row in mesh.run("revocation list").json] == ["throttle to 10 %"]
    mesh.run("reinstate", "--run", "throttled", "--yes")
    mesh.wait_applied()
    assert len(calls(mesh[1], grant, 2)[0]) > 100, "all of it is back"


def test_a_child_is_held_to_its_parents_rate(mesh):
    parent = mesh.grant("--delegate", "--rate", "calls=6/1m")
    error = mesh.run("grant issue", "--agent", "h", "--allow", "*", "--parent", parent["grant_id"], "--rate", "calls=7/1m", expect=2).error
    assert "rate in calls is above the parent's" in error["message"]
    children = [mesh.grant("--parent", parent["grant_id"], *flags, agent="h") for flags in ([], ["--rate", "calls=2/1m"])]
    mesh.wait_applied()
    answers = [[reason(mesh[1].evaluate(child["credential"], patience_ms=1000)) for _ in range(4)] for child in reversed(children)]
    assert answers[0] == ["allow"] * 2 + ["rate_limited"] * 2
    told = mesh[1].evaluate(children[1]["credential"], patience_ms=0)["context"]
    assert told["transient"] and 0 < told["retry_after_ms"] <= 31_000, told
    assert answers[1] == ["allow"] * 4
    assert reason(mesh[1].evaluate(parent["credential"])) == "rate_limited"


def test_a_named_rate_is_changed_and_closed(mesh):
    grant = mesh.grant("--principal", "rita")
    mesh.run("rate create", "rita-calls", "--unit", "calls", "--rate", "2/1h", "--for", "principal=rita")
    mesh.wait_applied()
    eventually("held to it", lambda: reason(mesh[1].evaluate(grant["credential"])) == "rate_limited")
    denied = mesh[1].evaluate(grant["credential"])["context"]
    assert denied["limit"] == {"kind": "rate", "name": "rita-calls", "unit": "calls"}
    assert mesh.run("rate change", "none", "--rate", "1/1s", expect=4).error["code"] == "not_found"
    changed = mesh.run("rate change", "rita-calls", "--rate", "100/1s,burst=50", "--reason", "more work").json
    assert (changed["limit"], changed["burst"], changed["for"]) == (100, 50, "principal rita")
    assert mesh.run("rate show", "rita-calls").json["rate"] == "100/1s,burst=50"
    mesh.wait_applied()
    eventually("it flows", lambda: reason(mesh[1].evaluate(grant["credential"])) == "allow", timeout=5)
    mesh.run("rate change", "rita-calls", "--rate", "1/1h")
    eventually("held to it again", lambda: reason(mesh[1].evaluate(grant["credential"])) == "rate_limited")
    mesh.run("rate close", "rita-calls", "--reason", "done")
    assert "rita-calls" not in {row["name"] for row in mesh.run("rate list").json}
    mesh.wait_applied()
    assert {reason(mesh[1].evaluate(grant["credential"])) for _ in range(5)} == {"allow"}
    assert [row["kind"] for row in mesh.log() if row["kind"].startswith("rate_") and "rita" in row["what"]] == ["rate_created", "rate_changed", "rate_changed", "rate_closed"]


def test_bad_rates_are_refused(mesh):
    def made():
        return [event["kind"] for event in mesh.log() if event["kind"] in ("grant_issued", "rate_created", "restricted")]
    before = made()
    for rate in ("calls", "calls=0/1s", "calls=1", "calls=1/soon", "calls=1/1s,burst=0", "=1/1s", "calls=1/1s,more=2"):
        mesh.run("grant issue", "--agent", "a", "--allow", "*", "--rate", rate, expect=64)
    assert "100 ms to 1 day" in mesh.run("grant issue", "--agent", "a", "--allow", "*", "--rate", "calls=1/99ms", expect=1).error["message"]
    assert "two rates" in mesh.run("grant issue", "--agent", "a", "--allow", "*", "--rate", "calls=1/1s", "--rate", "calls=2/1s", expect=1).error["message"]
    mesh.run("rate create", "x", "--unit", "calls", "--rate", "1/1s", "--for", "planet=mars", expect=64)
    mesh.run("throttle", "--all", "--to", 100, expect=64)
    mesh.run("throttle", "--all", expect=64)
    mesh.run("throttle", "--all", "--to", 10, "--rate", "1/1s", expect=64)
    assert made() == before


def test_a_restarted_ledger_gives_no_more(mesh):
    grant = mesh.grant("--rate", "calls=10/10s")
    mesh.wait_applied()
    share(mesh[1], grant)
    began = time.monotonic()
    allowed = 1 + len(calls(mesh[1], grant, 0.5)[0])
    mesh.ledger.kill()
    mesh.ledger.start()
    for node in mesh.enforcers:
        node.wait_ready()
    while time.monotonic() - began < 8:
        for node in mesh.enforcers:
            allowed += reason(node.evaluate(grant["credential"], patience_ms=0)) == "allow"
        time.sleep(0.02)
    assert allowed <= 10 + (time.monotonic() - began), allowed
