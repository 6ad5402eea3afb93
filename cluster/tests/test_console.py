"""What the command line promises to people and scripts: its environment, its errors, and what it refuses to take."""

import datetime
import json
import signal
import subprocess
import time

import pytest

import harness
from harness import Mesh, eventually, penstock


@pytest.fixture(scope="module")
def mesh():
    with Mesh(max_staleness="2s") as mesh:
        yield mesh


def usage(*arguments, env=None):
    """The message of a usage error, as JSON has it; as text it comes with the command's own usage."""
    noun = " ".join(part for part in arguments[:2] if not part.startswith("-"))
    text = penstock(*arguments, expect=64, env=env)
    assert f"Usage: penstock {noun}" in text.err and f"'penstock {noun} --help'" in text.err, text.err
    return penstock(*arguments, "-o", "json", expect=64, env=env).error["message"]


# Usage

@pytest.mark.parametrize("flags", [["-o", "json"], ["--output=jsonl"], ["-ojson"], ["--output", "json"]], ids=" ".join)
def test_usage_errors_are_json_where_it_is_asked_for(flags):
    for arguments in (["revoke"], ["grant", "issue", "--ttl", "soon"], ["nonsense"], ["check"]):
        result = penstock(*arguments, *flags, expect=64)
        assert result.error["code"] == "usage" and result.err.count("\n") == 1 and result.out == ""
    assert penstock("revoke", expect=64, env={"PENSTOCK_OUTPUT": "json"}).error["code"] == "usage"
    assert "Usage:" in penstock("revoke", "-o", "table", expect=64, env={"PENSTOCK_OUTPUT": "json"}).err


@pytest.mark.parametrize("arguments, message", [
    (["audit", "--limit=-1"], "--limit"), (["audit", "--limit=0"], "--limit"), (["audit", "--decision", "bogus"], "settle"), (["audit", "--reason", "bogus"], "no_view"),
    (["log", "show", "--limit", "0"], "--limit"), (["grant", "issue", "--agent", "a", "--max-staleness", "0s"], "--max-staleness"),
    (["grant", "issue", "--agent", "a", "--ttl", "0s"], "--ttl"), (["grant", "issue", "--agent", "a", "--file", "x"], "--file"),
    (["grant", "issue", "--file", "x", "--ttl", "15m"], "--file"), (["budget", "create", "g/calls", "--unit", "calls", "--ceiling", "1"], "'/'"),
    (["budget", "create", "a\x1b[2J", "--unit", "calls", "--ceiling", "1"], r"a\u{1b}[2J"), (["revoke", "--agent", "a\nb"], r"a\u{a}b"),
    (["revoke", "--agent", "\u202eb"], r"\u{202e}"), (["revoke", "--agent", "a", "--for", "4000000d"], "9999"), (["reinstate", "--agent", "a", "--run", "b", "--yes"], "selector"),
    (["node", "expel", "a"], "--yes"), (["reinstate", "--agent", "a"], "--yes"),
], ids=str)
def test_what_cannot_be_meant_is_refused(arguments, message):
    assert message in usage(*arguments)


def test_help_states_defaults_as_they_are_written():
    assert "(default: 1s)" in penstock("init", "--help").out and "(default: 15m)" in penstock("grant", "renew", "--help").out
    assert "allowed_actions: a list of texts" in penstock("grant", "issue", "--help").out


# Environment

def test_the_environment_stands_in_for_flags(mesh):
    grant = mesh.grant()
    mesh.wait_applied()
    env = {"PENSTOCK_DIR": str(mesh.dir), "PENSTOCK_OUTPUT": "json", "PENSTOCK_CREDENTIAL_FILE": str(mesh.credential_file(grant)), "PENSTOCK_ENFORCER": f"unix:{mesh[1].socket}"}
    question = ["check", "--action", "x", "--resource", "tool:x"]
    assert penstock(*question, env=env).json["decision"] == "allow"
    assert penstock(*question, "--enforcer", "unix:/nowhere", env=env, expect=2).error["code"] == "unreachable"
    assert penstock(*question, "-o", "table", env=env).out.startswith("allow\n")
    assert penstock("status", env={**env, "PENSTOCK_AS": "issuer"}).json["mesh"] == "penstock"
    assert penstock("revoke", "--agent", "x", env={**env, "PENSTOCK_AS": "issuer"}, expect=2).error["code"] == "not_permitted"
    assert penstock("revoke", "--agent", "x", "--as", "operator", env={**env, "PENSTOCK_AS": "issuer"}).json["state"] == "CLOSED"
    assert "PENSTOCK_OUTPUT" in penstock("status", env={**env, "PENSTOCK_OUTPUT": "yaml"}, expect=64).err


def test_an_enforcer_that_is_not_there(mesh):
    path = mesh.credential_file(mesh.grant())
    for place in (f"unix:{mesh.dir}/none.sock", "http://127.0.0.1:9"):
        error = mesh.run("check", "--credential-file", path, "--action", "x", "--enforcer", place, expect=2).error
        assert error["code"] == "unreachable" and place in error["message"]


@pytest.mark.parametrize("command, text", [("ledger", "port: 0"), ("enforcer", "Port: 0"), ("enforcer", "max_staleness: 5s"), ("enforcer", "'port ': 0"), ("mcp", "socket: x")])
def test_unknown_settings_are_refused(tmp_path, command, text):
    path = tmp_path / "config.yaml"
    path.write_text(f"# comment\nidentity: x\n\n{text}\n")
    result = penstock(command, "--config", path, *(["--", "true"] if command == "mcp" else []), expect=1)
    assert f"{path} line 4" in result.err and f"no setting '{text.split(':')[0].strip(chr(39))}'" in result.err, result.err


SETTINGS = {
    "ledger": ["identity", "data", "decisions_megabytes", "decisions_keep_days", "decisions_keep_megabytes", "log_keep_days", "log_keep_megabytes", "archive", "snapshot_events", "grants_keep_seconds"],
    "enforcer": ["identity", "data", "audiences", "journal_megabytes", "shards", "socket", "port", "bind", "host_names",
                 "tls_certificate", "tls_key", "tls_clients", "tls_client_roots", "spiffe_bundles", "caller_keys", "subjects"],
    "mcp": ["identity", "data", "audiences", "journal_megabytes", "shards", "enforcer", "credential_file", "server", "prices"],
}


@pytest.mark.parametrize("command, key", [(command, key) for command, keys in SETTINGS.items() for key in keys])
def test_a_setting_of_another_kind_is_refused(tmp_path, command, key):
    path = tmp_path / "config.yaml"
    wrong = ["", "null", "~", "{a: b}", "\n  a: b", "[[x]]", "[null]"] + ([] if key in ("audiences", "host_names", "spiffe_bundles") else ["[x]", "[]", "\n- x"])
    for text in wrong:
        path.write_text(f"# comment\n{key}: {text}\n")
        result = penstock(command, "--config", path, *(["--", "true"] if command == "mcp" else []), expect=1)
        assert f"{path} line " in result.err and f"'{key}'" in result.err and result.err.count("\n") == 1, (text, result.err)


# Grants

WHOLE = {
    "agent_id": "whole", "run_id": "run-whole", "agent_class": "c", "principal_id": "p", "purpose": "u", "audience": "s", "workload": "spiffe://x/y",
    "allowed_actions": ["tools/*"], "resources": ["tool:*"], "conditions": ["arguments.n <= 5"], "not_before": "2026-01-01T00:00:00.000Z",
    "expires_at": "2999-01-01T00:00:00.000Z", "renewable_until": "9999-12-31T23:59:59.999Z", "budgets": {"calls": 5}, "max_amounts": {"calls": 2}, "draws": ["team"],
    "max_staleness_ms": 500, "linearizable": True, "grace_ms": 0, "approval_actions": ["tools/x"], "policy_version": "v7", "prompt_hash": "abcd", "tool_version": "t3",
}


def test_a_grant_shows_every_member_that_its_file_had(mesh, tmp_path):
    mesh.run("budget create", "team", "--unit", "calls", "--ceiling", 100)
    path = tmp_path / "grant.json"
    path.write_text(json.dumps(WHOLE))
    issued = mesh.run("grant issue", "--file", path).json
    shown = mesh.run("grant show", issued["grant_id"]).json
    assert {name: shown[name] for name in WHOLE} == WHOLE and shown["parent"] is None
    table = penstock("grant", "show", "--dir", mesh.dir, issued["grant_id"]).out
    assert all(str(text) in table for text in ("spiffe://x/y", "v7", "abcd", "t3", "calls=2", "500 ms", "team", "tools/x", "9999-12-31"))
    bare = mesh.run("grant show", mesh.grant()["grant_id"]).json
    assert [bare[name] for name in ("not_before", "renewable_until", "max_staleness_ms", "parent")] == [None] * 4
    assert {row["grant_id"] for row in mesh.run("grant list", "--run", "run-whole").json} == {issued["grant_id"]}


@pytest.mark.parametrize("change, message", [
    ({"ttl_ms": "1"}, "'ttl_ms' must be a whole number"), ({"ttl_ms": 2**63 - 1}, "'ttl_ms'"), ({"ttl_ms": 2**63}, "'ttl_ms' must be"), ({"ttl_ms": 0}, "'ttl_ms'"),
    ({"agent_id": None}, "'agent_id' must be a text"), ({"agent_id": ...}, "'agent_id' is missing"), ({"allowed_actions": "x"}, "'allowed_actions' must be a list"),
    ({"resources": ["tool:*", 5]}, "'resources' must be"), ({"budgets": {"calls": 1.5}}, "'budgets' must be"), ({"max_staleness_ms": -1}, "'max_staleness_ms' must be"),
    ({"max_staleness_ms": 0}, "'max_staleness_ms'"), ({"linearizable": "yes"}, "'linearizable' must be true or false"), ({"expires_at": "soon"}, "'expires_at' must be"),
    ({"expires_at": "+10000-01-01T00:00:00Z"}, "'expires_at' must be"), ({"ttl_ms": 5, "expires_at": "2999-01-01T00:00:00Z"}, "both"), ({"frob": 1}, "'frob'"),
    *[({name: "1970-01-01T00:00:00Z"}, f"'{name}'") for name in ("expires_at", "not_before", "renewable_until")],
    ({"conditions": ["x"]}, "'conditions'"), ({"prompt_hash": "xyz"}, "'prompt_hash' must be"),
], ids=str)
def test_a_grant_file_that_is_wrong_names_the_member(mesh, tmp_path, change, message):
    grant = {"agent_id": "a", "allowed_actions": ["x"], **change}
    path = tmp_path / "grant.json"
    path.write_text(json.dumps({name: value for name, value in grant.items() if value is not ...}))
    text = mesh.run("grant issue", "--file", path, expect=1).error["message"]
    assert message in text and str(path) in text and "Swift" not in text and "CodingKey" not in text, text


def test_what_stands_for_not_set_cannot_be_said(mesh, tmp_path):
    parent = mesh.grant("--delegate", "1", agent="parent")
    path = tmp_path / "child.json"
    child = {"agent_id": "child", "parent": parent["grant_id"], "allowed_actions": ["tools/call"], "resources": ["tool:*"]}
    path.write_text(json.dumps({**child, "expires_at": "1970-01-01T00:00:00Z"}))
    assert "'expires_at'" in mesh.run("grant issue", "--file", path, expect=1).error["message"]
    path.write_text(json.dumps({**child, "expires_at": None}))
    assert mesh.run("grant issue", "--file", path).json["expires_at"] == parent["expires_at"]
    for name in ("agent_id", "run_id", "agent_class", "principal_id", "purpose", "audience", "workload", "parent", "policy_version", "prompt_hash"):
        path.write_text(json.dumps({**child, name: ""}))
        assert f"'{name}' is empty" in mesh.run("grant issue", "--file", path, expect=1).error["message"]
    for flag in ("--audience", "--workload", "--run", "--parent", "--principal", "--purpose", "--agent-class", "--policy-version", "--prompt-hash"):
        assert flag in mesh.run("grant issue", "--agent", "a", "--allow", "x", flag, "", expect=64).error["message"]
    mesh.run("grant issue", "--agent", "a", "--allow", "x", "--not-before", "1970-01-01T00:00:00Z", expect=64)
    mesh.run("throttle", "--agent", "a", "--rate", "10/0s", expect=64)
    mesh.wait_applied()
    mesh.check(parent, expect=0)
    assert mesh.run("audit", "--wait", "3s").json and not mesh.run("audit", "--until", "1970-01-01T00:00:00Z").json


def test_bounds_beyond_the_meshs(mesh, tmp_path):
    for flag, value in (("--max-staleness", "3s"), ("--grace", "1s")):
        assert "the mesh" in mesh.run("grant issue", "--agent", "a", "--allow", "x", flag, value, expect=1).error["message"]
    assert mesh.grant("--max-staleness", "2s")["position"]
    mesh.run("grant issue", "--agent", "a", "--allow", "x", "--ttl", "4000000d", expect=64)
    mesh.run("grant issue", "--agent", "a\x07", "--allow", "x", expect=64)


def test_a_table_never_moves_the_cursor(mesh):
    mesh.revoke("--agent", "nobody-1", "--reason", "a\x1b[2Jb\nc")
    table = penstock("log", "show", "--dir", mesh.dir).out
    assert r"a\u{1b}[2Jb\u{a}c" in table and "\x1b" not in table
    assert [row["what"] for row in mesh.log() if "nobody-1" in row["what"]] == ["revoke agent nobody-1 a\x1b[2Jb\nc"]


# Restrictions

def test_a_revoke_that_matches_nothing_says_so(mesh):
    assert "no grant matches agent nobody-2" in mesh.run("revoke", "--agent", "nobody-2").err
    assert "no enforcer is called 'nobody'" in mesh.run("suspend", "--node", "nobody").err
    grant = mesh.grant(agent="somebody")
    assert mesh.run("revoke", "--run", grant["run_id"]).err == ""
    assert mesh.run("throttle", "--agent", "somebody", "--rate", "2/10s").err == ""
    assert mesh.log()[-1]["what"].startswith("throttle 2/10s agent somebody")
    standing = {row["value"]: row for row in mesh.run("revocation list").json}
    assert standing["nobody-2"]["until"] is None and datetime.datetime.fromisoformat(standing["nobody-2"]["since"])


def test_watch_shows_what_concerns_its_selector(mesh):
    first = mesh.grant(agent="watched")
    # From the next event on, however long it takes to start.
    command = [harness.BINARY, "watch", "--dir", str(mesh.dir), "-o", "jsonl", "--agent", "watched", "--from", str(first["position"] + 1)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as watch:
        try:
            mesh.grant(agent="other")
            second = mesh.grant(agent="watched")
            mesh.revoke("--agent", "other")
            mesh.revoke("--run", first["run_id"])
            mesh.run("reinstate", "--run", first["run_id"], "--yes")
            seen = [json.loads(watch.stdout.readline()) for _ in range(3)]
        finally:
            watch.send_signal(signal.SIGINT)
    assert [row["kind"] for row in seen] == ["grant_issued", "restricted", "lifted"]
    assert seen[0]["position"] == second["position"]


def test_a_timeout_is_kept_when_the_ledger_does_not_answer():
    with Mesh() as mesh:
        mesh.ledger.pause()
        try:
            begun = time.monotonic()
            result = mesh.run("revoke", "--agent", "a", "--timeout", "1s", "--receipt", mesh.dir / "receipt", expect=2)
            assert "unknown" in result.error["message"] and result.error["code"] == "unreachable" and time.monotonic() - begun < 4
            assert not (mesh.dir / "receipt").exists()
        finally:
            mesh.ledger.resume()


def test_a_partial_receipt_says_so():
    with Mesh(max_staleness="5s", enforcers=2) as mesh:
        mesh[2].pause()
        try:
            begun = time.monotonic()
            path = mesh.dir / "receipt"
            result = mesh.run("revoke", "--agent", "a", "--timeout", "500ms", "--receipt", path, expect=5)
            assert time.monotonic() - begun < 4 and result.json["state"] == "PARTIAL"
            assert json.loads(path.read_text())["barrier"]["state"] == "PARTIAL" and "not complete" in result.err
            verified = penstock("receipt", "verify", path, "--policy", mesh.dir / "policy", expect=5)
            assert "PARTIAL" in verified.out and "not every node" in verified.out
            assert penstock("receipt", "verify", path, "--policy", mesh.dir / "policy", "-o", "json", expect=5).json["ok"]
            # Lifted before it could close: that is neither done nor still under way.
            mesh.run("reinstate", "--agent", "a", "--yes")
            eventually("lifted", lambda: mesh.run("receipt show", result.json["position"], "--receipt", path).json["barrier"]["state"] == "LIFTED")
            assert "it was lifted" in penstock("receipt", "verify", path, "--policy", mesh.dir / "policy", expect=6).out
        finally:
            mesh[2].resume()
        mesh[2].wait_ready()


# JSON where it was asked for

def test_commands_that_say_something_say_it_as_json(tmp_path):
    folder = tmp_path / "m"
    made = penstock("init", "--dir", folder, "--port", harness.free_ports(), "-o", "json").json
    assert made["identities"] == ["issuer", "ledger", "operator"] and made["dir"] == str(folder)
    with Mesh(enforcers=0) as mesh:
        token = mesh.run("node token", "--role", "enforcer").json["token"]
        assert mesh.run("node join", "--name", "late", stdin=token).json["role"] == "enforcer"
        policy = mesh.run("receipt policy").json
        assert [witness["name"] for witness in policy["witnesses"]] == ["late"] and policy["log"].startswith("penstock+")
        assert f"witness late {policy['witnesses'][0]['key']}\nquorum none\n" in (mesh.dir / "policy").read_text()


def test_the_spend_benchmark_ends_every_hold():
    """Hold and settle by rulings, as callers in the same process do."""
    cells = penstock("bench", "spend", "--n", 2000, "--grants", 50, "--shards", 4, "-o", "json").json
    assert [(cell["settings"]["threads"], cell["settings"]["shards"]) for cell in cells] == [("1", "4"), ("2", "4")]
    for cell in cells:
        assert cell["n"] == 2000 and cell["extra"]["not_settled"] == 0 and 0 < cell["p50_ns"] <= cell["p99_ns"] <= cell["max_ns"]
        assert cell["floor"]["p50_ns"] > 0 and cell["settings"]["units"] == "3"
    for flags in (["--n", 999], ["--threads", "1,0"], ["--shards", 65]):
        penstock("bench", "spend", *flags, expect=64)


@pytest.mark.parametrize("arguments, form", [
    (["grant", "issue", "--agent", "a", "--ttl", "soon"], "15m"), (["grant", "issue", "--agent", "a", "--ttl", "1.5h"], "15m"), (["revoke", "--all", "--for", "1w"], "7d"),
    (["revoke", "--all", "--timeout", "10"], "30s"), (["init", "--max-staleness", "1 s"], "250ms"), (["check", "--action", "x", "--amount", "calls"], "UNIT=N"),
    (["grant", "issue", "--agent", "a", "--budget", "calls=-1"], "UNIT=N"), (["grant", "issue", "--agent", "a", "--rate", "10/1s"], "UNIT=N/DURATION"),
    (["rate", "create", "r", "--unit", "calls", "--rate", "calls=10/1s", "--for", "all"], "N/DURATION"),
    (["rate", "create", "r", "--unit", "calls", "--rate", "10/1s", "--for", "alice"], "KIND=VALUE"), (["init", "--port", "http"], "whole number"),
    (["receipt", "show", "first"], "whole number"), (["log", "show", "--from", "0x1"], "whole number"), (["check", "--action", "x", "--at-least=-1"], "whole number"),
], ids=str)
def test_usage_messages_name_the_valid_forms(arguments, form):
    assert form in usage(*arguments)
    assert form in penstock(*arguments, expect=64).err.splitlines()[0]
