"""What the audit says of what happened: whose it was, what it cost, and that nothing is left out in silence."""

import contextlib
import datetime
import json
import os
import sqlite3
import subprocess
import threading

import pytest

import harness
from harness import Mesh, eventually, penstock, question, reason


@pytest.fixture(scope="module")
def mesh():
    with Mesh(max_staleness="2s") as mesh:
        yield mesh


def ask(mesh, path, body=None, node=1):
    with contextlib.closing(mesh[node].door()) as door:
        status, text, _ = door.ask("POST", path, {} if body is None else body)
    return status, json.loads(text) if text else None


def hold(mesh, grant, amounts=None, **call):
    status, answer = ask(mesh, "/v1/holds", question(grant["credential"], amounts=amounts, **call))
    assert status == 200 and answer["decision"], answer
    return answer["context"]


def audit(mesh, *filters):
    return mesh.run("audit", "--wait", "10s", *filters).json


def kinds(rows):
    return [row["kind"] for row in rows]


IDENTITY = ("grant_id", "run_id", "agent_id", "agent_class", "principal_id", "purpose", "resource", "action", "call_id", "decision_id")


def spent(rows):
    total = {}
    for row in rows:
        for unit, amount in row["cost"].items():
            total[unit] = total.get(unit, 0) + amount
    return total


@pytest.fixture(scope="module")
def ended(mesh):
    """A grant of which every way to end a hold was taken, beside another grant's calls."""
    grant = mesh.grant(
        "--agent-class", "bots", "--principal", "alice", "--purpose", "bills", "--budget", "usd_micros=1000", "--budget", "calls=50", agent="payer")
    other = mesh.grant(agent="other")
    mesh.wait_applied()
    held = hold(mesh, grant, {"usd_micros": 600, "calls": 1}, resource=("tool", "pay"), call_id="one")
    assert ask(mesh, f"/v1/holds/{held['permit']['id']}/settle", {"amounts": {"usd_micros": 100}})[0] == 204
    released = hold(mesh, grant, {"usd_micros": 300}, resource=("tool", "look"))
    assert ask(mesh, f"/v1/holds/{released['permit']['id']}/release")[0] == 204
    assert ask(mesh, "/access/v1/evaluation", question(grant["credential"], amounts={"usd_micros": 50}))[1]["decision"]
    assert ask(mesh, "/access/v1/evaluation", question(other["credential"]))[1]["decision"]
    overrun = hold(mesh, grant, {"usd_micros": 10}, resource=("tool", "overrun"))
    assert ask(mesh, f"/v1/holds/{overrun['permit']['id']}/settle", {"amounts": {"usd_micros": 30}})[0] == 204
    return grant


SELECTORS = {
    "agent": "payer", "agent-class": "bots", "principal": "alice", "purpose": "bills", "run": "run_id", "grant": "grant_id",
}


@pytest.mark.parametrize("selector", SELECTORS)
def test_every_selector_finds_what_was_held_and_what_was_spent(mesh, ended, selector):
    rows = audit(mesh, f"--{selector}", ended.get(SELECTORS[selector], SELECTORS[selector]))
    assert kinds(rows) == ["hold", "settle", "hold", "release", "call", "hold", "settle", "debt"]
    assert [row["decision"] for row in rows] == ["allow", "settle", "allow", "release", "allow", "allow", "settle", "debt"]
    by_decision = {}
    for row in rows:
        by_decision.setdefault(row["decision_id"], []).append(row)
    assert sorted(map(len, by_decision.values())) == [1, 2, 2, 3]
    for group in by_decision.values():
        assert len({tuple(row[name] for name in IDENTITY) for row in group}) == 1, group
        assert group[0]["principal_id"] == "alice" and group[0]["run_id"] == ended["run_id"]


def test_the_costs_of_rows_add_up_to_what_was_spent(mesh, ended):
    rows = audit(mesh, "--grant", ended["grant_id"])
    # A unit that a settlement did not name cost what was held; a debt's amount is in its settlement.
    assert spent(rows) == {"usd_micros": 100 + 50 + 30, "calls": 3}
    [settled] = [row for row in rows if row["kind"] == "settle" and row["resource"] == "tool:pay"]
    assert settled["cost"] == settled["amounts"] == {"usd_micros": 100, "calls": 1}
    assert [row["amounts"] for row in rows if row["kind"] == "debt"] == [{"usd_micros": 20}]


def test_a_decision_is_found_by_its_id_with_what_ended_it(mesh, ended):
    rows = audit(mesh, "--grant", ended["grant_id"])
    for row in rows:
        story = audit(mesh, "--decision", row["decision_id"])
        assert story == [one for one in rows if one["decision_id"] == row["decision_id"]]
    assert audit(mesh, "--decision", "0" * 32 + "-1") == []
    for bad in ("0" * 32, "0" * 32 + "-0", "0" * 31 + "-1", "x-1", "-1"):
        assert "--decision" in penstock("audit", f"--decision={bad}", "-o", "json", expect=64).error["message"]


@pytest.mark.parametrize("filters, expected", [
    (["--kind", "debt"], ["debt"]), (["--decision", "debt"], ["debt"]), (["--kind", "settle", "--kind", "release"], ["settle", "release", "settle"]),
    (["--kind", "hold"], ["hold", "hold", "hold"]), (["--kind", "call"], ["call"]), (["--decision", "allow"], ["hold", "hold", "call", "hold"]),
    (["--kind", "void"], []), (["--decision", "deny"], []), (["--kind", "count"], []), (["--tool", "pay"], ["hold", "settle"]),
    (["--tool", "p*"], ["hold", "settle"]), (["--resource", "tool:overrun"], ["hold", "settle", "debt"]), (["--resource", "file:*"], []),
    (["--action", "tools/*", "--kind", "debt"], ["debt"]), (["--action", "tools"], []), (["--reason", "revoked"], []), (["--agent", "paye"], []),
    (["--node", "enforcer-1", "--kind", "debt"], ["debt"]), (["--node", "enforcer-9"], []), (["--issuer", "issuer", "--kind", "debt"], ["debt"]),
    (["--agent", "payer", "--principal", "bob"], []), (["--since", "1h", "--kind", "debt"], ["debt"]), (["--until", "1h"], []),
], ids=str)
def test_filters_exclude_exactly(mesh, ended, filters, expected):
    assert kinds(audit(mesh, "--grant", ended["grant_id"], *filters)) == expected


@pytest.mark.parametrize("arguments, message", [
    (["--kind", "settled"], "settle"), (["--since", "yesterday"], "--since"), (["--since", "2026-02-30T00:00:00Z"], "--since"),
    (["--since", "1m", "--until", "2m"], "--until"), (["--tool", "a*b"], "'*'"), (["--resource", "pay"], "TYPE:PATTERN"), (["--cursor", "12"], "--cursor"),
    (["--cursor", "a-1.2"], "--cursor"), (["--all", "--limit", "3"], "--limit"), (["--follow", "--until", "1m"], "--until"),
    (["--cursor", "b1.2", "--oldest"], "--oldest"), (["--agent", ""], "--agent"), (["--agent", "a*"], "--agent"), (["--run", "*"], "--run"), (["--tool", "a", "--resource", "tool:a"], "--resource"),
], ids=str)
def test_what_an_audit_cannot_mean_is_refused(arguments, message):
    assert message in penstock("audit", *arguments, "-o", "json", expect=64).error["message"]


def test_times_are_a_range_that_holds_its_begin_and_not_its_end(mesh, ended):
    rows = audit(mesh, "--grant", ended["grant_id"])
    times = sorted(row["time"] for row in rows)
    found = audit(mesh, "--grant", ended["grant_id"], "--since", times[0])
    assert found == rows
    assert audit(mesh, "--grant", ended["grant_id"], "--until", times[0]) == []
    last = [row for row in rows if row["time"] == times[-1]]
    assert audit(mesh, "--grant", ended["grant_id"], "--since", times[-1]) == last
    west = datetime.datetime.fromisoformat(times[-1]).astimezone(datetime.timezone(datetime.timedelta(hours=-8))).isoformat(timespec="milliseconds")
    assert audit(mesh, "--grant", ended["grant_id"], "--since", west) == last


def test_children_carry_what_they_have_from_their_parent(mesh):
    parent = mesh.grant("--principal", "p1", "--delegate", "2", "--ttl", "1h", agent="parent")
    child = mesh.grant("--parent", parent["grant_id"], "--delegate", "1", agent="kid")
    grandchild = mesh.grant("--parent", child["grant_id"], "--ttl", "5m", agent="grandkid")
    for one in (child, grandchild):
        assert (one["run_id"], one["principal_id"]) == (parent["run_id"], "p1")
    assert child["expires_at"] == parent["expires_at"] > grandchild["expires_at"] > ""
    table = penstock("grant", "issue", "--dir", mesh.dir, "--agent", "kid", "--parent", parent["grant_id"], "--allow", "tools/call")
    assert parent["run_id"] in table.out and "p1" in table.out
    mesh.wait_applied()
    for one in (parent, child, grandchild):
        held = hold(mesh, one, {"calls": 1})
        assert ask(mesh, f"/v1/holds/{held['permit']['id']}/settle", {"amounts": {"calls": 1}})[0] == 204
    for filters in (("--run", parent["run_id"]), ("--principal", "p1")):
        rows = audit(mesh, *filters)
        assert [row["agent_id"] for row in rows] == ["parent", "parent", "kid", "kid", "grandkid", "grandkid"]
        assert {(row["run_id"], row["principal_id"]) for row in rows} == {(parent["run_id"], "p1")}


# Pages

@pytest.fixture(scope="module")
def many(mesh):
    """2,500 decisions of one grant, each of its own tool."""
    grant = mesh.grant(agent="many")
    mesh.wait_applied()
    with contextlib.closing(mesh[1].door()) as door:
        for first in range(0, 2500, 50):
            items = [{"resource": {"type": "tool", "id": f"t{number}"}} for number in range(first, first + 50)]
            status, text, _ = door.ask("POST", "/access/v1/evaluations", {**question(grant["credential"]), "evaluations": items})
            assert status == 200 and all(item["decision"] for item in json.loads(text)["evaluations"])
    assert len(audit(mesh, "--grant", grant["grant_id"], "--all")) == 2500
    return grant


def tools(rows):
    return [int(row["resource"].removeprefix("tool:t")) for row in rows]


def cursor(result):
    """What a list that was cut says goes on."""
    return result.err.split("--cursor ")[1].split()[0] if "--cursor" in result.err else None


@pytest.mark.parametrize("limit", [1, 7, 999, 1000, 1001, 2499])
def test_a_cut_list_says_so_and_goes_back(mesh, many, limit):
    found, at, pages = [], None, 0
    while pages < 4 or limit > 700:
        result = mesh.run("audit", "--grant", many["grant_id"], "--limit", str(limit), *(["--cursor", at] if at else []))
        found = tools(result.json) + found
        at, pages = cursor(result), pages + 1
        if at is None:
            break
    assert found == list(range(2500))[-len(found):]
    assert len(found) == 2500 if at is None else len(found) == 4 * limit


@pytest.mark.parametrize("limit", [800, 2499, 2500])
def test_a_list_goes_on_from_its_oldest(mesh, many, limit):
    found, at = [], None
    while True:
        result = mesh.run("audit", "--grant", many["grant_id"], "--limit", str(limit), *(["--cursor", at] if at else ["--oldest"]))
        found, at = found + tools(result.json), cursor(result)
        if at is None:
            break
    assert found == list(range(2500))


def test_a_row_is_a_place_to_go_on_from(mesh, many):
    rows = mesh.run("audit", "--grant", many["grant_id"], "--all").json
    assert tools(mesh.run("audit", "--grant", many["grant_id"], "--cursor", rows[1233]["cursor"], "--limit", "3").json) == [1234, 1235, 1236]
    assert mesh.run("audit", "--grant", many["grant_id"], "--cursor", rows[-1]["cursor"]).json == []


def test_the_default_list_is_the_newest_thousand_and_says_that_there_are_more(mesh, many):
    for form in ("json", "jsonl", "table"):
        result = penstock("audit", "--dir", mesh.dir, "--grant", many["grant_id"], "-o", form)
        assert cursor(result), result.err
        assert "t2499" in result.out and "t1499 " not in result.out and '"tool:t1499"' not in result.out
    assert tools(mesh.run("audit", "--grant", many["grant_id"]).json) == list(range(1500, 2500))


def test_the_formats_agree_and_json_is_one_array(mesh, many):
    filters = ["audit", "--dir", mesh.dir, "--grant", many["grant_id"], "--all", "-o"]
    assert penstock(*filters, "json").json == penstock(*filters, "jsonl").rows
    assert len(penstock(*filters, "table").out.splitlines()) == 2501
    nothing = ["audit", "--dir", mesh.dir, "--agent", "nobody", "-o"]
    assert penstock(*nothing, "json").json == [] and penstock(*nothing, "jsonl").out == ""
    assert penstock(*nothing, "table").out.startswith("TIME")


def test_follow_prints_what_comes(mesh):
    grant = mesh.grant(agent="followed")
    mesh.wait_applied()
    ask(mesh, "/access/v1/evaluation", question(grant["credential"], resource=("tool", "t0")))
    audit(mesh, "--agent", "followed")
    process = subprocess.Popen(
        [harness.BINARY, "audit", "--dir", mesh.dir, "--agent", "followed", "--follow", "-o", "jsonl"], stdout=subprocess.PIPE, text=True)
    lines = []
    reader = threading.Thread(target=lambda: lines.extend(iter(process.stdout.readline, "")))
    reader.start()
    try:
        for number in range(1, 4):
            eventually("followed", lambda: len(lines) == number)
            ask(mesh, "/access/v1/evaluation", question(grant["credential"], resource=("tool", f"t{number}")))
        eventually("followed", lambda: len(lines) == 4)
    finally:
        process.terminate()
        process.wait()
        reader.join()
    assert tools(json.loads(line) for line in lines) == [0, 1, 2, 3]


# Completeness

def test_holds_that_were_open_when_their_node_ended_end():
    """Once, in full, under the decision's own id: the costs of rows add up over a restart too."""
    with Mesh(max_staleness="2s") as mesh:
        grant = mesh.grant("--budget", "usd_micros=1000", "--budget", "calls=50", agent="payer")
        mesh.wait_applied()
        ended = hold(mesh, grant, {"usd_micros": 10})
        assert ask(mesh, f"/v1/holds/{ended['permit']['id']}/settle", {"amounts": {"usd_micros": 4}})[0] == 204
        open_holds = [hold(mesh, grant, {"usd_micros": 100 + number}, call_id=f"c-{number}") for number in range(3)]
        mesh[1].kill()
        mesh[1].start()
        open_holds.append(hold(mesh, grant, {"usd_micros": 7}))
        mesh[1].stop()
        mesh[1].start()
        rows = audit(mesh, "--grant", grant["grant_id"])
        for held in open_holds:
            found = audit(mesh, "--decision", held["decision_id"])
            assert kinds(found) == ["hold", "settle"] and {row["decision_id"] for row in found} == {held["decision_id"]}
            assert found[1]["reason"] == "expired" and found[1]["cost"] == found[0]["amounts"] and found[1]["arguments_digest"] == ""
            assert all(found[0][name] == found[1][name] for name in IDENTITY)
        assert len([row for row in rows if row["kind"] == "settle"]) == 5
        assert spent(rows) == {"usd_micros": 4 + 100 + 101 + 102 + 7, "calls": 5}

        def settled():
            return {row["unit"]: row["settled"] for row in mesh.run("budget list").json if row["name"].startswith(grant["grant_id"])}
        eventually("the node has closed what its earlier runs left", lambda: settled() == spent(rows))


def test_what_a_node_has_not_shipped_is_said_and_can_be_waited_for(mesh):
    grant = mesh.grant(agent="late")
    mesh.wait_applied()
    for number in range(20):
        ask(mesh, "/access/v1/evaluation", question(grant["credential"], resource=("tool", f"t{number}")))
        assert tools(audit(mesh, "--agent", "late")) == list(range(number + 1)) if number % 5 == 4 else True
    eventually("all here", lambda: all(row["shipped"] >= row["recorded"] for row in mesh.run("audit --coverage").json))
    [row] = mesh.run("audit --coverage").json
    assert row["node"] == "enforcer-1" and row["said_ms_ago"] < 5000 and len(row["incarnation"]) == 32


def test_the_first_decisions_of_a_node_and_of_a_restarted_one_are_waited_for():
    with Mesh(max_staleness="10s") as mesh:
        grant = mesh.grant()
        mesh.wait_applied()
        for count in (3, 6):
            for _ in range(3):
                assert ask(mesh, "/access/v1/evaluation", question(grant["credential"]))[1]["decision"]
            assert len(audit(mesh, "--decision", "allow")) == count
            mesh[1].stop()
            mesh[1].start()
            eventually("decides again", lambda: ask(mesh, "/access/v1/evaluation", question(grant["credential"], resource=("no", "t")))[1]["context"]["reason"] == "resource_out_of_bounds")
            assert audit(mesh)[-1]["reason"] == "resource_out_of_bounds"
        # And by a ledger to which the node has said nothing yet, while its lease goes on.
        mesh.ledger.stop()
        mesh.ledger.start()
        assert ask(mesh, "/access/v1/evaluation", question(grant["credential"]))[1]["decision"]
        assert len(audit(mesh, "--decision", "allow")) == 7


def test_a_stopped_node_is_said_to_lack_nothing_or_how_much():
    with Mesh(max_staleness="1s") as mesh:
        grant = mesh.grant()
        mesh.wait_applied()
        ask(mesh, "/access/v1/evaluation", question(grant["credential"]))
        audit(mesh)
        mesh[1].stop()
        row = mesh.run("audit --coverage").json[0]
        assert row["shipped"] >= row["recorded"]
        result = mesh.run("audit", "--wait", "1s")
        assert len(result.json) == 1 and "not here yet" not in result.err


# The store

def test_decisions_of_an_earlier_format_are_searched(tmp_path):
    """A file of the format before batches were indexed: it gets the index, and what was there before is found as well."""
    with Mesh(max_staleness="1s") as mesh:
        grants = [mesh.grant(agent=f"a{number}") for number in range(3)]
        mesh.wait_applied()
        for grant in grants:
            ask(mesh, "/access/v1/evaluation", question(grant["credential"]))
        assert len(audit(mesh)) == 3
        mesh.ledger.stop()
        with contextlib.closing(sqlite3.connect(mesh.ledger.data / "decisions.sqlite")) as file:
            file.executescript("DROP INDEX batch_of_node; DROP INDEX batch_of_incarnation; DROP TABLE span; DROP TABLE batch_grant; DROP TABLE archived; PRAGMA user_version = 1;")
        mesh.ledger.start()
        for grant in grants:
            eventually("a new one", lambda: reason(ask(mesh, "/access/v1/evaluation", question(grant["credential"]))[1]) == "allow")
        for number in range(3):
            assert {row["agent_id"] for row in audit(mesh, "--agent", f"a{number}")} == {f"a{number}"}
            assert len(audit(mesh, "--agent", f"a{number}", "--since", "1h", "--decision", "allow")) == 2


def test_memory_does_not_grow_with_what_is_printed(mesh, many):
    def peak(*arguments):
        process = subprocess.Popen([harness.BINARY, "audit", "--dir", mesh.dir, *arguments], stdout=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        assert process.returncode == 0
        return usage.ru_maxrss >> 10
    with contextlib.closing(mesh[1].door()) as door:
        for _ in range(400):
            door.ask("POST", "/access/v1/evaluations", {**question(many["credential"]), "evaluations": [{}] * 50})
    assert len(audit(mesh, "--agent", "many", "--all")) == 22_500
    assert peak("--all", "-o", "json") < peak("--limit", "2000", "-o", "json") + 16
