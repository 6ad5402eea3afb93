"""Lists: whoever reads one must not take a part of it for all, nor one name for another."""

import contextlib
import hashlib
import json
import re

import pytest
import zmq

from harness import Mesh, eventually, penstock, question, reason


@pytest.fixture(scope="module")
def mesh():
    with Mesh(max_staleness="1s") as mesh:
        yield mesh


def table(mesh, *arguments, expect=0):
    return penstock(*arguments, "--dir", mesh.dir, expect=expect)


# Budgets

@pytest.fixture(scope="module")
def budgets(mesh):
    for name, parent in (("org", None), ("team-b", "org"), ("team-a", "org"), ("squad", "team-a"), ("lone", None)):
        mesh.run("budget create", name, "--unit", "calls", "--ceiling", "100", *(["--parent", parent] if parent else []))
    mesh.run("budget create", "money", "--unit", "usd_micros", "--ceiling", "100")
    return [mesh.grant("--budget", "calls=5", "--budget", "usd_micros=7", agent=f"a{number}") for number in range(450)]


def names(mesh, *filters):
    return [row["name"] for row in mesh.run("budget list", *filters).json]


def test_every_budget_is_listed_and_the_named_ones_can_be_asked_for(mesh, budgets):
    assert len(names(mesh)) == 6 + 900
    assert names(mesh, "--named") == ["lone", "money", "org", "squad", "team-a", "team-b"]
    assert names(mesh, "--named", "--unit", "usd_micros") == ["money"]
    assert len(names(mesh, "--unit", "usd_micros")) == 451
    own = budgets[449]["grant_id"]
    assert names(mesh, own, "team-a") == sorted([f"{own}/calls", f"{own}/usd_micros", "team-a"])
    assert names(mesh, f"{own}/calls") == [f"{own}/calls"]
    assert names(mesh, "--frozen") == []
    assert names(mesh, "--under", "team-a") == ["squad", "team-a"]
    assert "'nothing'" in mesh.run("budget list", "nothing", expect=4).error["message"]
    assert "'nothing'" in mesh.run("budget list", "--under", "nothing", expect=4).error["message"]


def test_a_tree_has_each_budget_once_under_its_parent(mesh, budgets):
    assert names(mesh, "--tree", "--named") == ["lone", "money", "org", "team-a", "squad", "team-b"]
    lines = table(mesh, "budget", "list", "--tree", "--named").out.splitlines()[1:]
    assert [len(line) - len(line.lstrip()) for line in lines] == [0, 0, 0, 2, 4, 2]
    assert len(names(mesh, "--tree")) == 906


# Grants and restrictions

def test_grants_are_listed_by_every_selector(mesh):
    parent = mesh.grant(
        "--agent-class", "bots", "--principal", "ann", "--purpose", "mail", "--audience", "here", "--delegate", "1", "--ttl", "1h", agent="boss")
    child = mesh.grant("--parent", parent["grant_id"], agent="hand")

    def ids(*filters):
        return [row["grant_id"] for row in mesh.run("grant list", *filters).json]
    both, own = [parent["grant_id"], child["grant_id"]], [parent["grant_id"]]
    expected = {
        ("--run", parent["run_id"]): both, ("--principal", "ann"): both, ("--audience", "here"): both, ("--subtree", parent["grant_id"]): both,
        ("--subtree", child["grant_id"]): both[1:], ("--grant", child["grant_id"]): both[1:], ("--agent", "boss"): own, ("--agent-class", "bots"): own,
        ("--purpose", "mail"): own, ("--principal", "ann", "--agent", "hand"): both[1:], ("--principal", "an"): [], ("--subtree", "grt_x"): [],
        ("--principal", "ann", "--state", "live"): both, ("--principal", "ann", "--state", "expired"): [], ("--principal", "ann", "--issuer", "issuer"): both,
        ("--issuer", "operator"): [],
    }
    for filters, wanted in expected.items():
        assert ids(*filters) == wanted, filters
    mesh.revoke("--grant", child["grant_id"])
    assert ids("--principal", "ann", "--state", "revoked") == both[1:]
    assert "--state" in mesh.run("grant list", "--state", "dead", expect=64).error["message"]
    assert "--agent" in mesh.run("grant list", "--agent", "a*", expect=64).error["message"]


def test_revocations_say_who_and_why(mesh):
    mesh.revoke("--agent", "leaker", "--reason", "leaked key, case 12")
    [line] = [line for line in table(mesh, "revocation", "list").out.splitlines() if "leaker" in line]
    assert "leaked key, case 12" in line and "operator" in line
    [row] = [row for row in mesh.run("revocation list").json if row["value"] == "leaker"]
    assert (row["reason"], row["operator"]) == ("leaked key, case 12", "operator")


def pages(mesh, command, *filters, limit):
    """All rows of a list, by following the cursors that it names."""
    rows, cursor = [], []
    while True:
        result = mesh.run(command, *filters, "--limit", limit, *cursor)
        assert len(result.json) <= limit
        rows += result.json
        more = re.search(r"there are more: --cursor '?([^' ]+)'? goes on", result.err)
        if not more:
            return rows
        cursor = ["--cursor", more[1]]


def test_a_list_that_is_cut_says_where_it_goes_on(mesh):
    for number in range(7):
        mesh.grant("--principal", "paged", agent=f"paged-{number}")
        mesh.revoke("--agent", f"paged-{number}")
        mesh.run("rate create", f"paged-{number}", "--unit", "paged", "--rate", "5/1s", "--for", "agent=paged")
    mesh.add_member("auditor", "auditor-of-pages")
    lists = {
        "grant list": ["--principal", "paged"], "rate list": ["--unit", "paged"], "revocation list": [], "node list": [], "budget list": ["--unit", "paged"],
    }
    mesh.run("budget create", "paged", "--unit", "paged", "--ceiling", "5")
    for command, filters in lists.items():
        whole = mesh.run(command, *filters)
        assert "--cursor" not in whole.err
        key = {"grant list": "grant_id", "node list": "node"}.get(command, "position" if command == "revocation list" else "name")
        for limit in (1, 3, len(whole.json), len(whole.json) + 1):
            assert [row[key] for row in pages(mesh, command, *filters, limit=limit)] == [row[key] for row in whole.json], (command, limit)
    assert len(mesh.run("grant list", "--principal", "paged").json) == 7
    # What comes meanwhile is behind the cursor.
    first = mesh.run("grant list", "--principal", "paged", "--limit", "6")
    mesh.grant("--principal", "paged", agent="paged-late")
    [cursor] = re.findall(r"--cursor (\d+)", first.err)
    assert [row["agent_id"] for row in mesh.run("grant list", "--principal", "paged", "--cursor", cursor).json] == ["paged-6", "paged-late"]
    assert "--limit" in mesh.run("grant list", "--limit", "0", expect=64).error["message"]


def test_grants_are_found_by_what_stands_on_them(mesh):
    parent = mesh.grant("--delegate", "1", "--agent-class", "stood", "--ttl", "1h", agent="root-of-stood")
    child = mesh.grant("--parent", parent["grant_id"], agent="leaf-of-stood")

    def ids(*filters):
        return [row["grant_id"] for row in mesh.run("grant list", *filters).json]
    both = [parent["grant_id"], child["grant_id"]]
    assert ids("--covered-by", "agent=root-of-stood") == both and ids("--agent", "root-of-stood") == both[:1]
    assert ids("--covered-by", "agent-class=stood", "--agent", "leaf-of-stood") == both[1:]
    assert ids("--covered-by", f"subtree={child['grant_id']}") == both[1:]
    assert ids("--covered-by", "agent=root-of-stood", "--expires-before", "2000-01-01T00:00:00Z") == []
    assert ids("--covered-by", "agent=root-of-stood", "--expires-before", "2999-01-01T00:00:00Z") == both
    assert "--subtree" in mesh.run("grant list", "--covered-by", "all", "--subtree", "x", expect=64).error["message"]


def test_a_credentials_digest_is_shown_of_one_grant_and_listed_of_none(mesh):
    grant = mesh.grant(agent="digested")
    digest = hashlib.sha256(grant["credential"].encode()).hexdigest()
    assert mesh.run("grant show", grant["grant_id"]).json["credential_digest"] == digest
    assert digest not in mesh.run("grant list").out


def test_revocations_are_found_by_selector_level_and_operator(mesh):
    for command in (["revoke"], ["suspend"], ["throttle", "--rate", "3/1s"]):
        mesh.run(*command, "--agent", "thrice", expect=None)
    def levels(*filters):
        return [row["level"] for row in mesh.run("revocation list", "--agent", "thrice", *filters).json]
    assert levels() == ["revoke", "suspend", "throttle 3/1s"]
    assert levels("--level", "throttle") == ["throttle 3/1s"] and levels("--level", "revoke", "--operator", "operator") == ["revoke"]
    assert levels("--operator", "nobody") == []
    assert {row["value"] for row in mesh.run("revocation list", "--agent", "thrice").json} == {"thrice"}
    assert mesh.run("revocation list", "--level", "stop", expect=64).error["code"] == "usage"


def test_members_are_found_by_role_and_state(mesh):
    assert {row["node"] for row in mesh.run("node list", "--role", "operator").json} == {"operator"}
    assert {row["state"] for row in mesh.run("node list", "--state", "member").json} == {"member"}
    assert mesh.run("node list", "--role", "king", expect=64).error["code"] == "usage"


def test_a_log_that_goes_on_says_so(mesh):
    result = mesh.run("log show", "--limit", "2")
    assert len(result.json) == 2 and "--from 3" in result.err
    assert "--from" not in mesh.run("log show").err


# Names

@pytest.mark.parametrize("agents", [["e\u0301clair-a", "e\u0301clair-b"], ["😀" * 30 + "a", "😀" * 30 + "b"], ["a" * 255 + "b", "a" * 255 + "c"], ["ﷺ1", "ﷺ2"]], ids=["combining", "emoji", "long", "wide"])
def test_names_are_never_cut_to_look_alike(mesh, agents):
    for agent in agents:
        mesh.grant(agent=agent)
    lines = table(mesh, "grant", "list").out.splitlines()
    for agent in agents:
        assert sum(f" {agent} " in line for line in lines) == 1, agent


def test_resources_that_differ_past_the_records_bound_look_different(mesh):
    grant = mesh.grant(agent="long-names")
    mesh.wait_applied()
    tools = ["t" * 600 + end for end in ("a", "b", "")]
    with contextlib.closing(mesh[1].door()) as door:
        for tool in tools:
            assert door.evaluate(grant["credential"], resource=("tool", tool))["decision"]
        _, text, _ = door.ask("POST", "/v1/holds", question(grant["credential"], resource=("tool", tools[0])))
        assert door.ask("POST", f"/v1/holds/{json.loads(text)['context']['permit']['id']}/release", {})[0] == 204
    rows = eventually("all are shipped", lambda: len(rows := mesh.run("audit", "--agent", "long-names", "--wait", "10s").json) >= 5 and rows)
    assert len({row["resource"] for row in rows[:3]}) == 3 and all("…" in row["resource"] for row in rows)
    assert rows[0]["resource"] == rows[3]["resource"] == rows[4]["resource"]


# Status

def test_people_are_not_gone_and_a_killed_nodes_starts_are_one_row():
    with Mesh(max_staleness="2s") as mesh:
        states = {row["node"]: row["state"] for row in mesh.status()["nodes"]}
        assert states == {"enforcer-1": "fresh", "issuer": "member", "ledger": "fresh", "operator": "member"}
        for _ in range(3):
            mesh[1].kill()
            mesh[1].start()
        eventually("fresh again", lambda: any(row["state"] == "fresh" for row in mesh.status()["nodes"] if row["node"] == "enforcer-1"))
        rows = [row for row in mesh.status()["nodes"] if row["node"] == "enforcer-1"]
        assert len({row["incarnation"] for row in rows}) == len(rows) and all(len(row["incarnation"]) == 32 for row in rows)
        eventually("one that is heard", lambda: [row["state"] for row in mesh.status()["nodes"] if row["node"] == "enforcer-1"].count("fresh") == 1)
        lines = [line for line in table(mesh, "status").out.splitlines() if line.startswith("enforcer-1")]
        [current] = [row for row in mesh.status()["nodes"] if row["node"] == "enforcer-1" and row["current"]]
        assert len(lines) == 1 and current["incarnation"] in lines[0] and " earlier" in lines[0]
        assert "gone" not in table(mesh, "node", "list").out


def test_strangers_at_the_handshake_are_counted_by_door(mesh):
    before = {row["door"]: row for row in mesh.status()["strangers"]}
    assert list(before) == ["members", "join"] and before["members"]["refused"] == 0
    assert "strangers" not in table(mesh, "status").out
    ledger = json.loads((mesh.dir / "operator" / "member.json").read_text())["ledger"]
    with contextlib.ExitStack() as stack:
        context = stack.enter_context(zmq.Context())
        for _ in range(3):
            stranger = stack.enter_context(context.socket(zmq.DEALER))
            stranger.curve_publickey, stranger.curve_secretkey = zmq.curve_keypair()
            stranger.curve_serverkey, stranger.linger = ledger["channel_key"].encode(), 0
            stranger.connect(ledger["requests"])
        eventually("counted", lambda: mesh.status()["strangers"][0]["refused"] >= 3)
    assert "at the door for members" in table(mesh, "status").out


# What says "enforced" and does nothing, and what can only be denied

def test_a_throttle_of_a_grant_without_a_rate_says_so(mesh):
    mesh.grant(agent="unrated")
    said = mesh.run("throttle", "--agent", "unrated", "--to", "50", expect=1).error["message"]
    assert "none of the 1 grants" in said and "--rate 10/1s" in said
    mesh.grant("--rate", "calls=10/1s", agent="unrated")
    assert "1 of the 2 grants" in mesh.run("throttle", "--agent", "unrated", "--to", "40").err
    mesh.run("rate create", "unrated-calls", "--unit", "calls", "--rate", "5/1s", "--for", "agent=unrated")
    assert "grants" not in mesh.run("throttle", "--agent", "unrated", "--to", "30").err
    assert "grants" not in mesh.run("throttle", "--agent", "unrated", "--rate", "3/1s").err


@pytest.mark.parametrize("flags, warned", [
    (["--allow", "x"], ["--resource"]), (["--allow", "x", "--resource", "tool:*"], []),
], ids=str)
def test_a_grant_that_allows_nothing_says_so(mesh, flags, warned):
    result = mesh.run("grant issue", "--agent", "a", *flags)
    assert result.json["credential"]
    for flag in ("--allow", "--resource"):
        assert (flag in result.err) == (flag in warned)


# The program's own files

def twice(path, member):
    """Says a member again, with another value that a lenient reader would take or leave."""
    text = path.read_text()
    path.write_text(text.replace("{", "{" + member + ':"other",', 1))
    return text


def test_own_files_that_say_a_member_twice_are_refused():
    with Mesh(max_staleness="1s") as mesh:
        for member in ('"mesh"', '"name"', '"role"', r'"\u006eame"', '"unknown":1,"unknown"'):
            path = mesh.dir / "operator" / "member.json"
            whole = twice(path, member)
            assert "twice" in mesh.run("status", "--as", "operator", expect=1).error["message"]
            path.write_text(whole)
        mesh[1].stop()
        seen = mesh[1].data / "seen.json"
        whole = twice(seen, '"root"')
        mesh[1].start(wait=False)
        eventually("socket", mesh[1].socket.exists)
        assert reason(mesh[1].evaluate("pst_x")) == "no_view"
        mesh[1].stop()
        seen.write_text(whole)
        mesh[1].start()
