"""Child grants: what they inherit, what is refused, and that they die with their parents."""

import json

import pytest

from harness import Mesh, reason


@pytest.fixture(scope="module")
def mesh():
    with Mesh(enforcers=2, settings="audiences: here,there\n") as mesh:
        yield mesh


def answers(mesh, grant):
    mesh.wait_applied()
    return {reason(node.evaluate(grant["credential"])) for node in mesh.enforcers}


def shown(mesh, grant):
    return mesh.run("grant show", grant["grant_id"]).json


def refused(mesh, *flags, expect=2):
    out = mesh.run("grant issue", "--agent", "helper", *flags, expect=expect)
    assert out.out == ""
    return out.error


def issued(mesh):
    return len([event for event in mesh.log() if event["kind"] == "grant_issued"])


SELECTORS = ["grant", "run", "agent", "agent-class", "principal", "purpose", "audience", "subtree"]


@pytest.mark.parametrize("selector", SELECTORS)
def test_what_revokes_a_parent_revokes_its_children(mesh, selector):
    named = {name: f"{name}-{selector}" for name in ("run", "agent-class", "principal", "purpose")} | {"audience": "there"}
    flags = [part for name, value in named.items() for part in (f"--{name}", value)]
    parent = mesh.grant("--delegate", "2", *flags, agent=f"boss-{selector}")
    children = [mesh.grant("--parent", parent["grant_id"], "--delegate", "1", agent="helper"), mesh.grant("--parent", parent["grant_id"], "--run", "own", agent="helper")]
    grandchild = mesh.grant("--parent", children[0]["grant_id"], agent="helper")
    line = [parent, *children, grandchild]
    assert [answers(mesh, grant) for grant in line] == [{"allow"}] * 4
    value = {"grant": parent["grant_id"], "subtree": parent["grant_id"], "agent": f"boss-{selector}", **named}[selector]
    matched = 4 if selector != "audience" else len([row for row in mesh.run("grant list").json if row["audience"] == "there"])
    revoked = mesh.revoke(f"--{selector}", value)
    assert (revoked["state"], revoked["matched_grants"]) == ("CLOSED", matched)
    assert [answers(mesh, grant) for grant in line] == [{"revoked"}] * 4
    assert mesh.run("grant issue", "--agent", "helper", "--allow", "*", "--parent", parent["grant_id"], expect=2).error["code"] == "revoked"
    mesh.run("reinstate", "--event", revoked["event_id"], "--yes")
    assert [answers(mesh, grant) for grant in line] == [{"allow"}] * 4
    # Of one child, the others know nothing.
    revoked = mesh.revoke("--subtree", children[0]["grant_id"])
    assert [answers(mesh, grant) for grant in line] == [{"allow"}, {"revoked"}, {"allow"}, {"revoked"}]
    mesh.run("revoke", "--subtree", parent["grant_id"])


def test_child_inherits_what_it_leaves_out(mesh):
    parent = mesh.grant(
        "--delegate", "--principal", "alice", "--audience", "here", "--run", "inherited", "--ttl", "10m", "--max-amount", "usd=5", "--when", "resource.env == test",
        "--max-staleness", "500ms", "--linearizable")
    child = mesh.grant("--parent", parent["grant_id"], "--when", "resource.size < 9", agent="helper")
    assert (child["run_id"], child["principal_id"]) == ("inherited", "alice") and child["expires_at"] == parent["expires_at"]
    row, above = shown(mesh, child), shown(mesh, parent)
    for name in ("run_id", "principal_id", "audience", "expires_at", "max_amounts", "max_staleness_ms", "linearizable"):
        assert row[name] == above[name], name
    assert row["conditions"] == ["resource.env == test", "resource.size < 9"]
    assert (row["parent"], row["depth"], row["delegate"], row["children"]) == (parent["grant_id"], 1, 0, 0)
    assert (above["parent"], above["depth"], above["delegate"], above["children"]) == (None, 0, 1, 1)
    assert child["grant_id"] in [row["grant_id"] for row in mesh.run("grant list", "--run", "inherited").json]


def test_child_beyond_its_parent_is_refused_in_words(mesh):
    parent = mesh.grant("--delegate", "--principal", "alice", "--budget", "usd=10", "--max-amount", "usd=5", "--ttl", "10m", "--max-staleness", "500ms")
    base = ["--parent", parent["grant_id"], "--allow", "*", "--resource", "tool:*"]
    wanted = {
        ("--delegate",): "delegate must be below", ("--principal", "bob"): "principal_id differs", ("--resource", "file:*"): "resource 'file:*'",
        ("--ttl", "1h"): "expires_at lies after", ("--budget", "usd=11"): "above the parent's 10", ("--budget", "gold=1"): "no budget in gold",
        ("--max-amount", "usd=6"): "above the parent's 5", ("--max-staleness", "600ms"): "above the parent's 500 ms",
    }
    before = issued(mesh)
    for flags, words in wanted.items():
        error = refused(mesh, *base, *flags)
        assert error["code"] == "invalid" and words in error["message"], (flags, error)
    assert refused(mesh, "--parent", "grt_none", "--allow", "*", expect=4)["code"] == "not_found"
    assert "allows no delegation" in refused(mesh, "--parent", mesh.grant()["grant_id"], "--allow", "*")["message"]
    assert issued(mesh) == before + 1, "only the grant that may not be delegated from was issued"
    mesh.run("grant issue", "--agent", "helper", *base, "--budget", "usd=10", "--max-amount", "usd=5")


def test_child_renewal_ends_with_its_parent(mesh):
    parent = mesh.grant("--delegate", "--ttl", "5m", "--renewable", "1h")
    child = mesh.grant("--parent", parent["grant_id"], "--ttl", "1m", "--renewable", "30m", agent="helper")
    assert "renew it first" in mesh.run("grant renew", child["grant_id"], "--ttl", "20m", expect=2).error["message"]
    mesh.run("grant renew", parent["grant_id"], "--ttl", "40m")
    mesh.run("grant renew", child["grant_id"], "--ttl", "20m")


def test_depth_and_usage(mesh):
    assert "8 levels" in mesh.run("grant issue", "--agent", "a", "--allow", "*", "--delegate", "9", expect=64).error["message"]
    file = mesh.dir / "child.json"
    parent = mesh.grant("--delegate=2")
    file.write_text(json.dumps({"agent_id": "helper", "allowed_actions": ["*"], "resources": ["tool:*"], "parent": parent["grant_id"], "delegate": 1}))
    child = mesh.run("grant issue", "--file", file).json
    assert (shown(mesh, child)["depth"], shown(mesh, child)["delegate"]) == (1, 1)
    assert answers(mesh, child) == {"allow"}


def test_siblings_share_their_parents_budget(mesh):
    parent = mesh.grant("--delegate", "--budget", "calls=10")
    children = [mesh.grant("--parent", parent["grant_id"], "--budget", "calls=10", agent="helper") for _ in range(2)]
    mesh.wait_applied()
    answers = [
        reason(node.evaluate(child["credential"], amounts={"calls": 1}))
        for _ in range(12) for child in children for node in mesh.enforcers
    ]
    assert set(answers) <= {"allow", "budget_exhausted", "budget_held_elsewhere"}
    assert 5 <= answers.count("allow") <= 10, "what siblings spend comes out of one budget"
