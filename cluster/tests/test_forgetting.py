"""What has ended long ago is forgotten by an event: in the ledger's memory and in every node's, and not in the log."""

import re

import pytest

from harness import Mesh, eventually, reason
from test_budgets import call

KEPT = 5


@pytest.fixture(scope="module")
def mesh():
    with Mesh(enforcers=2, start=False) as mesh:
        config = mesh.ledger.config
        settings = re.sub("snapshot_events: .*", "snapshot_events: 100", config.read_text())
        config.write_text(re.sub("grants_keep_seconds: .*", f"grants_keep_seconds: {KEPT}", settings))
        mesh.ledger.start()
        for number in (1, 2):
            mesh.join(f"enforcer-{number}").start()
        yield mesh


def forgotten(mesh):
    return [row for row in mesh.log() if row["kind"] == "forgotten"]


def kept(mesh):
    """Grants in each node's view."""
    return [node.metrics()["penstock_grants"] for node in mesh.enforcers]


def test_grants_that_ended_are_forgotten_everywhere_and_the_log_has_them(mesh):
    live = mesh.grant("--budget", "usd=100")
    short = [mesh.grant("--ttl", "4s", "--budget", "usd=10", "--delegate", agent=f"agent-{number}") for number in range(6)]
    child = mesh.grant("--parent", short[0]["grant_id"], agent="helper")
    mesh.wait_applied()
    assert kept(mesh) == [8, 8]
    assert call(mesh[1], short[0], 3, "usd") == "allow"
    assert call(mesh[1], live, 3, "usd") == "allow"
    before = mesh.run("grant show", short[1]["grant_id"]).json

    # The child first, and a slice that is out only once it came back.
    eventually("all that ended are forgotten", lambda: kept(mesh) == [1, 1], timeout=60, every=0.5)
    assert [row["grant_id"] for row in mesh.run("grant list").json] == [live["grant_id"]]
    budgets = mesh.run("budget list").out
    assert live["grant_id"] in budgets and not any(grant["grant_id"] in budgets for grant in short)
    assert all(row["origin"] == "ledger" for row in forgotten(mesh))

    for restarted in (False, True):
        if restarted:
            said = len(forgotten(mesh))
            for node in mesh.enforcers:
                node.stop()
            mesh.ledger.stop()
            mesh.ledger.start()
            for node in mesh.enforcers:
                node.start()
            assert kept(mesh) == [1, 1]
            assert len(forgotten(mesh)) == said, "nothing is forgotten twice"
        for node in mesh.enforcers:
            assert reason(node.evaluate(short[0]["credential"], patience_ms=5000)) == "unknown_credential"
            assert reason(node.evaluate(child["credential"], patience_ms=5000)) == "unknown_credential"
            assert call(node, live, 1, "usd") == "allow"

        # As it was issued: the log has it.
        shown = mesh.run("grant show", short[1]["grant_id"]).json
        assert shown == {**before, "state": "forgotten", "children": 0}
        assert mesh.run("grant show", "no-such-grant", expect=None).code != 0
        for flags in (["--grant", short[0]["grant_id"]], ["--agent", "agent-0"]):
            rows = eventually("its decision is found", lambda: mesh.run("audit", *flags).json, timeout=10)
            allowed = [row for row in rows if row["decision"] == "allow"]
            assert [(row["grant_id"], row["agent_id"]) for row in allowed] == [(short[0]["grant_id"], "agent-0")]

    report = mesh.run("log verify").json
    assert report["ok"], report["problems"]


def test_snapshot_of_a_ledger_that_forgot_agrees_with_the_log(mesh):
    ended = mesh.grant("--ttl", "1s", "--budget", "usd=10")
    eventually("it is forgotten", lambda: kept(mesh) == [1, 1], timeout=60, every=0.5)
    for number in range(100):
        mesh.revoke("--run", f"run-{number}")
    eventually("a snapshot", lambda: list(mesh.ledger.data.glob("state-*.snapshot")))
    mesh.ledger.kill()
    mesh.ledger.start()
    assert mesh.ledger.log().count("passed over") == 0
    assert mesh.run("grant show", ended["grant_id"]).json["state"] == "forgotten"
    report = mesh.run("log verify").json
    assert report["ok"], report["problems"]


def test_unspent_slice_of_a_node_that_is_away_keeps_its_grant(mesh):
    grant = mesh.grant("--ttl", "2s", "--budget", "usd=50")
    mesh.wait_applied()
    assert call(mesh[2], grant, 1, "usd") == "allow"
    mesh[2].kill()
    with pytest.raises(AssertionError):
        eventually("it is forgotten", lambda: mesh[1].metrics()["penstock_grants"] == 1, timeout=KEPT + 6, every=0.5)
    mesh[2].start()
    eventually("it is forgotten", lambda: kept(mesh) == [1, 1], timeout=60, every=0.5)
