"""Who may do what, and how a member is thrown out."""

import shutil
import time

import pytest

from harness import Mesh, Prober, eventually, penstock, reason


@pytest.fixture(scope="module")
def mesh():
    with Mesh(max_staleness="2s", enforcers=2) as mesh:
        mesh.add_member("auditor", "auditor")
        mesh.run("budget create", "team", "--unit", "calls", "--ceiling", "1000")
        yield mesh


GRANT = ["grant issue", "--agent", "a", "--allow", "*", "--resource", "tool:*"]
WRITES = {
    "grant issue": (GRANT, {"issuer"}),
    "revoke": (["revoke", "--agent", "nobody"], {"operator"}),
    "suspend": (["suspend", "--agent", "nobody"], {"operator"}),
    "throttle": (["throttle", "--agent", "nobody", "--rate", "1/1s"], {"operator"}),
    "budget create": (["budget create", "mine", "--unit", "calls", "--ceiling", "1"], {"operator"}),
    "budget change": (["budget change", "nothing", "--max-out", "1"], {"operator"}),
    "budget accept-debt": (["budget accept-debt", "1"], {"operator"}),
    "budget set-tolerance": (["budget set-tolerance", "0%"], {"operator"}),
    "rate close": (["rate close", "nothing"], {"operator"}),
    "node token": (["node token", "--role", "enforcer"], {"operator"}),
    "node expel": (["node expel", "nobody-here", "--yes"], {"operator"}),
}


@pytest.mark.parametrize("member", ["operator", "issuer", "auditor", "enforcer-1"])
@pytest.mark.parametrize("command", WRITES)
def test_a_key_causes_only_its_roles_events(mesh, command, member):
    arguments, allowed = WRITES[command]
    before = mesh.head() if member not in allowed else None
    result = mesh.run(*arguments, "--as", member, expect=None)
    if member in allowed:
        assert result.code in (0, 4), result.err
    else:
        assert result.code == 2 and result.error["code"] == "not_permitted", result.err
        kinds = {row["kind"] for row in mesh.log()[before:]}
        assert kinds <= {"slice_reserved", "spend_reported", "slice_closed", "decision_batch"}, kinds


@pytest.mark.parametrize("command", ["log show", "log verify", "grant list", "audit", "budget show team", "budget list", "revocation list", "status", "node list"])
def test_an_auditor_reads(mesh, command):
    assert mesh.run(command, "--as", "auditor").json is not None


def test_an_auditor_reads_receipts_and_policy(mesh):
    revoked = mesh.revoke("--agent", "nobody")
    receipt = mesh.run("receipt show", revoked["position"], "--as", "auditor").json
    assert receipt["barrier"]["state"] == "CLOSED"
    assert penstock("receipt", "policy", "--dir", mesh.dir, "--as", "auditor").out.startswith("log penstock+")


def test_decisions_are_for_operators_and_auditors(mesh):
    for member in ("issuer", "enforcer-1"):
        assert mesh.run("audit", "--as", member, expect=2).error["code"] == "not_permitted"


def test_audit_names_who_did_what(mesh):
    grant = mesh.grant("--principal", "alice", "--purpose", "tests", "--policy-version", "7", "--prompt-hash", "ab" * 32)
    mesh.wait_applied()
    mesh[1].evaluate(grant["credential"], resource=("tool", "kept"), arguments={"password": "plain-text-argument"}, traceparent="00-" + "1" * 32 + "-" + "2" * 16 + "-01")
    mesh[2].evaluate(grant["credential"], resource=("file", "kept"))

    def rows():
        found = mesh.run("audit", "--grant", grant["grant_id"], "--as", "auditor").json
        return len(found) == 2 and found
    allow, deny = sorted(eventually("shipped", rows), key=lambda row: row["decision"])
    assert (allow["decision"], allow["node"], allow["resource"]) == ("allow", "enforcer-1", "tool:kept")
    assert (allow["principal_id"], allow["purpose"], allow["policy_version"], allow["prompt_hash"]) == ("alice", "tests", "7", "ab" * 32)
    assert allow["trace_id"] == "1" * 32 and len(allow["arguments_digest"]) == 64 and allow["position"] >= grant["position"]
    assert (deny["decision"], deny["reason"], deny["node"]) == ("deny", "resource_out_of_bounds", "enforcer-2")


def test_watch_tells_events_as_they_come(mesh):
    import subprocess
    import harness
    watch = subprocess.Popen(
        [harness.BINARY, "watch", "--dir", str(mesh.dir), "--as", "auditor", "-o", "jsonl", "--from", str(mesh.head())],
        stdout=subprocess.PIPE, text=True, env=mesh.env)
    try:
        watch.stdout.readline()
        grant = mesh.grant(agent="watched")
        seen = next(line for line in watch.stdout if grant["grant_id"] in line)
        assert f'"position":{grant["position"]}' in seen
    finally:
        watch.terminate()
        watch.communicate(timeout=10)


def test_an_expelled_enforcer_denies_and_never_gets_fresh_again():
    with Mesh(max_staleness="2s", enforcers=2) as mesh:
        grant = mesh.grant()
        mesh.wait_applied()
        with Prober(mesh[1], grant["credential"]) as expelled, Prober(mesh[2], grant["credential"]) as other:
            eventually("allows", lambda: "allow" in expelled.heard() and "allow" in other.heard())
            mesh.run("node expel", "enforcer-1", "--yes", "--reason", "test")
            begun = time.monotonic()
            eventually("denied", lambda: expelled.heard(since=begun) and "allow" not in expelled.heard(since=time.monotonic() - 0.2), timeout=5)
            time.sleep(3)
            # At once where the expulsion is heard before the connection is cut, or when the lease has run out.
            assert expelled.allows_asked_after(begun + 2.06) == []
            assert other.heard(since=begun) == {"allow"}, "another node had to suffer"
        assert not mesh[1].is_ready() and mesh[2].is_ready()
        assert [row["state"] for row in mesh.status()["nodes"] if row["node"] == "enforcer-1"][0] == "expelled"
        mesh[1].stop()
        mesh[1].start(wait=False)
        time.sleep(3)
        assert not mesh[1].is_ready()
        assert mesh[1].evaluate(grant["credential"])["decision"] is False
        assert mesh.run("status", "--as", "enforcer-1", expect=2).error["code"] == "unreachable"
        # Its name stays taken: what it signed stays readable.
        token = mesh.run("node token", "--role", "enforcer").json["token"]
        (mesh.dir / "elsewhere").mkdir()
        refused = penstock("node", "join", "--dir", mesh.dir / "elsewhere", "--name", "enforcer-1", "-o", "json", stdin=token, expect=2)
        assert refused.error["code"] == "exists"
        revoked = mesh.revoke("--agent", "agent")
        assert revoked["state"] == "CLOSED"


def test_an_expelled_issuer_issues_nothing_while_its_grants_stand():
    with Mesh(enforcers=1) as mesh:
        mesh.add_member("issuer", "second")
        grant = mesh.grant("--as", "second")
        mesh.run("node expel", "second", "--yes")
        position = mesh.head()
        assert mesh.run(*GRANT, "--as", "second", expect=2, timeout=30).error["code"] == "unreachable"
        assert "grant_issued" not in {row["kind"] for row in mesh.log()[position:]}
        assert mesh.check(grant, "--at-least", position, expect=0)["decision"] == "allow"
        mesh.revoke("--issuer", "second")
        assert mesh.check(grant, expect=3)["reason"] == "revoked"
        mesh.grant("--as", "issuer")


def test_an_operator_can_expel_neither_itself_nor_the_ledger():
    with Mesh(enforcers=0) as mesh:
        for name, code in (("operator", "invalid"), ("ledger", "invalid"), ("nobody", "not_found")):
            result = mesh.run("node expel", name, "--yes", expect=None)
            assert result.code == (4 if code == "not_found" else 2) and result.error["code"] == code
        assert mesh.run("node expel", "issuer", "--dry-run").json == {"node": "issuer", "dry_run": True}
        assert mesh.run("node expel", "nosuch", "--dry-run", expect=4).error["code"] == "not_found"
        assert mesh.run("node expel", "issuer", expect=64).error["code"] == "usage", "nobody is there to be asked"
        mesh.grant()
