"""What a revoke, suspend or throttle covers, how long, and what lifts it."""

import time

import pytest

from harness import Mesh, eventually, reason


@pytest.fixture(scope="module")
def mesh():
    with Mesh(enforcers=2, settings="audiences: here,there\n") as mesh:
        yield mesh


def two_grants(mesh, selector):
    """One grant that the selector covers and one that differs in nothing else."""
    name = f"t-{selector}-{time.monotonic_ns()}"
    flags = {"agent_class": "class", "principal": "principal", "purpose": "purpose"}
    if selector == "audience":
        return mesh.grant("--audience", "here"), mesh.grant("--audience", "there"), "here"
    if selector in flags:
        return mesh.grant(f"--{selector.replace('_', '-')}", name), mesh.grant(f"--{selector.replace('_', '-')}", "other"), name
    if selector == "agent":
        return mesh.grant(agent=name), mesh.grant(), name
    if selector == "run":
        return mesh.grant("--run", name), mesh.grant(), name
    if selector in ("grant", "subtree"):
        covered = mesh.grant()
        return covered, mesh.grant(), covered["grant_id"]
    assert selector == "issuer"
    mesh.add_member("issuer", name)
    return mesh.grant("--as", name), mesh.grant("--as", "issuer"), name


def answers(mesh, grant):
    mesh.wait_applied()
    return {reason(node.evaluate(grant["credential"])) for node in mesh.enforcers}


def lift(mesh, event):
    mesh.run("reinstate", "--event", event, "--yes")


KINDS = ["grant", "run", "agent", "agent_class", "principal", "purpose", "audience", "issuer", "subtree"]


@pytest.mark.parametrize("selector", KINDS)
def test_selector_covers_its_own_and_nothing_else(mesh, selector):
    covered, other, value = two_grants(mesh, selector)
    before = answers(mesh, covered)
    assert before == {"allow"}, before
    assert answers(mesh, other) == {"allow"}
    revoked = mesh.revoke(f"--{selector.replace('_', '-')}", value)
    assert (revoked["state"], revoked["matched_grants"]) == ("CLOSED", 1)
    assert answers(mesh, covered) == {"revoked"}
    assert answers(mesh, other) == {"allow"}
    lift(mesh, revoked["event_id"])
    assert answers(mesh, covered) == {"allow"}


def test_everything_and_a_node(mesh):
    grant = mesh.grant()
    everything = mesh.revoke("--all")
    assert answers(mesh, grant) == {"revoked"}
    lift(mesh, everything["event_id"])
    assert answers(mesh, grant) == {"allow"}
    one = mesh.revoke("--node", "enforcer-1")
    assert [reason(node.evaluate(grant["credential"])) for node in mesh.enforcers] == ["revoked", "allow"]
    lift(mesh, one["event_id"])
    assert answers(mesh, grant) == {"allow"}


@pytest.mark.parametrize("flags", [["--agent", "again"], ["--purpose", "again"], ["--issuer", "issuer"], ["--all"]], ids=lambda flags: flags[0])
def test_standing_revoke_refuses_new_grants_and_renewals(mesh, flags):
    old = mesh.grant("--as", "issuer", "--renewable", "1h", "--purpose", "again", agent="again")
    revoked = mesh.revoke(*flags)
    refused = mesh.run("grant issue", "--as", "issuer", "--agent", "again", "--purpose", "again", "--allow", "*", "--resource", "tool:*", expect=2)
    assert refused.error["code"] == "revoked" and refused.out == ""
    assert mesh.run("grant renew", old["grant_id"], "--as", "issuer", "--ttl", "30m", expect=2).error["code"] == "revoked"
    lift(mesh, revoked["event_id"])
    mesh.run("grant renew", old["grant_id"], "--as", "issuer", "--ttl", "30m")
    mesh.grant("--as", "issuer", "--purpose", "again", agent="again")


def test_reinstate_lifts_only_what_it_names(mesh):
    grant = mesh.grant("--purpose", "two", agent="two")
    by_agent, by_purpose = mesh.revoke("--agent", "two"), mesh.revoke("--purpose", "two")
    assert len(mesh.run("reinstate", "--agent", "two", "--dry-run").json["lifted"]) == 1
    assert mesh.run("reinstate", "--agent", "two", expect=64).error["code"] == "usage", "nobody is there to be asked"
    assert len([row for row in mesh.run("revocation list").json if row["value"] == "two"]) == 2
    lifted = mesh.run("reinstate", "--agent", "two", "--yes").json["lifted"]
    assert lifted == [by_agent["event_id"]]
    assert answers(mesh, grant) == {"revoked"}
    assert [row["event_id"] for row in mesh.run("revocation list").json if row["value"] == "two"] == [by_purpose["event_id"]]
    assert mesh.run("reinstate", "--event", by_agent["event_id"], "--yes", expect=4).error["code"] == "not_found"
    lift(mesh, by_purpose["event_id"])
    assert answers(mesh, grant) == {"allow"}


def test_a_revoke_for_a_time_ends_by_itself(mesh):
    grant = mesh.grant(agent="brief")
    begun = time.monotonic()
    mesh.revoke("--agent", "brief", "--for", "1500ms")
    assert answers(mesh, grant) == {"revoked"}
    eventually("lifted", lambda: answers(mesh, grant) == {"allow"}, timeout=10)
    assert time.monotonic() - begun >= 1.4
    last = [event for event in mesh.log() if event["kind"] == "lifted"][-1]
    assert last["origin"] == "ledger" and "expired" in last["what"]


def test_suspend(mesh):
    grant = mesh.grant(agent="paused")
    suspended = mesh.run("suspend", "--agent", "paused").json
    assert suspended["state"] == "CLOSED"
    assert answers(mesh, grant) == {"suspended"}
    assert mesh.check(grant, expect=3)["transient"] is True
    mesh.grant(agent="paused")
    lift(mesh, suspended["event_id"])
    assert answers(mesh, grant) == {"allow"}


def test_throttle_admits_so_many_over_all_nodes(mesh):
    grant = mesh.grant(agent="eager")
    throttled = mesh.run("throttle", "--agent", "eager", "--rate", "6/1h").json
    assert throttled["state"] == "CLOSED"
    end = time.monotonic() + 6
    heard = []
    while time.monotonic() < end:
        heard += [reason(node.evaluate(grant["credential"])) for node in mesh.enforcers]
    assert 4 <= heard.count("allow") <= 6 and set(heard) == {"allow", "rate_limited"}, "each node alone would have had six"
    assert mesh[1].evaluate(grant["credential"])["context"]["limit"]["kind"] == "rate"
    lift(mesh, throttled["event_id"])
    assert answers(mesh, grant) == {"allow"}


def test_a_part_of_no_rate_is_refused(mesh):
    mesh.grant(agent="unrated")
    refused = mesh.run("throttle", "--agent", "unrated", "--to", 10, expect=1)
    assert "none of the 1 grants that match has a rate" in refused.error["message"] and "--rate 10/1s" in refused.error["message"]
    mesh.grant("--rate", "calls=9/1m", agent="unrated")
    mixed = mesh.run("throttle", "--agent", "unrated", "--to", 10)
    assert mixed.json["state"] == "CLOSED" and "1 of the 2 grants that match have no rate" in mixed.err
    lift(mesh, mixed.json["event_id"])


def test_reinstate_asks_for_a_name(mesh):
    assert mesh.run("reinstate", "--yes", expect=64).out == ""
    assert mesh.run("revoke", expect=64).out == ""
    assert mesh.run("revoke", "--agent", "a", "--run", "b", expect=64).out == ""
