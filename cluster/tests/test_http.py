"""What an enforcer serves over HTTP besides decisions, and that it says so when it is not fit to decide."""

import contextlib
import http.client
import json
import re
import stat
import threading
import time

import pytest

from harness import Mesh, eventually, free_ports, question

SAMPLE = re.compile(r'[a-zA-Z_:][a-zA-Z0-9_:]*(\{[a-zA-Z_]\w*="(?:[^"\\\n]|\\[\\"n])*"(,[a-zA-Z_]\w*="(?:[^"\\\n]|\\[\\"n])*")*\})? (-?\d+(\.\d+)?([eE][-+]?\d+)?|NaN|[-+]Inf)')


@pytest.fixture(scope="module")
def mesh():
    port = free_ports(1)
    with Mesh(max_staleness="2s", settings=f"port: {port}\n") as mesh:
        mesh.tcp = port
        yield mesh


def test_health_while_all_is_well(mesh):
    assert mesh[1].get("/livez")[0] == 200
    status, text = mesh[1].get("/readyz?verbose")
    assert status == 200
    assert text.splitlines() == ["[+] view applied", "[+] lease held", "[+] journal writable", "[+] not halted", "ready"]


def test_metrics_are_prometheus_text(mesh):
    grant = mesh.grant()
    mesh.wait_applied()
    before = mesh[1].metrics()
    for _ in range(3):
        mesh[1].evaluate(grant["credential"])
    mesh[1].evaluate(grant["credential"], resource=("file", "x"))
    with contextlib.closing(mesh[1].door()) as door:
        status, text, reply = door.ask("GET", "/metrics")
    assert status == 200 and reply.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    typed, current = {}, None
    for line in text.splitlines():
        if line.startswith("# TYPE "):
            _, _, current, kind = line.split(" ")
            assert current not in typed and kind in ("counter", "gauge")
            typed[current] = kind
        elif not line.startswith("# HELP "):
            assert SAMPLE.fullmatch(line), line
            assert re.match(r"[\w:]+", line).group() == current
    assert text.endswith("\n") and all(name.endswith("_total") for name, kind in typed.items() if kind == "counter")
    after = mesh[1].metrics()

    def grown(decision, why):
        name = f'penstock_decisions_total{{decision="{decision}",reason="{why}"}}'
        return after[name] - before[name]
    assert grown("allow", "none") == 3 and grown("deny", "resource_out_of_bounds") == 1
    assert after["penstock_ready"] == 1 and 0 <= after["penstock_view_age_seconds"] < 2


def test_stale_is_alive_and_not_ready(mesh):
    mesh.ledger.pause()
    try:
        eventually("not ready", lambda: mesh[1].get("/readyz")[0] == 503)
        assert "[-] lease held" in mesh[1].get("/readyz")[1]
        assert mesh[1].get("/livez")[0] == 200
        assert mesh[1].metrics()["penstock_ready"] == 0
    finally:
        mesh.ledger.resume()
    mesh[1].wait_ready()


def test_not_ready_before_the_first_view():
    with Mesh(start=False) as mesh:
        mesh.ledger.start()
        node = mesh.join("enforcer-1")
        mesh.ledger.stop()
        node.start(wait=False)
        eventually("socket", node.socket.exists)
        assert node.get("/livez")[0] == 200
        status, text = node.get("/readyz")
        assert status == 503 and "[-] view applied" in text
        assert node.evaluate("pst_anything")["context"]["reason"] == "no_view"
        mesh.ledger.start()
        node.wait_ready()


def test_the_same_over_loopback(mesh):
    grant = mesh.grant()
    mesh.wait_applied()
    connection = http.client.HTTPConnection("127.0.0.1", mesh.tcp, timeout=10)
    connection.request("POST", "/access/v1/evaluation", json.dumps(question(grant["credential"])), {"Content-Type": "application/json"})
    assert json.loads(connection.getresponse().read())["decision"] is True
    connection.close()
    assert mesh.run("check", "--credential-file", mesh.credential_file(grant), "--action", "x", "--resource", "tool:x", "--enforcer", f"http://127.0.0.1:{mesh.tcp}").json["decision"] == "allow"


def test_the_socket_is_its_owners(mesh):
    assert stat.S_IMODE(mesh[1].socket.stat().st_mode) == 0o600


def test_holds(mesh):
    grant = mesh.grant("--budget", "usd_micros=1000")
    mesh.wait_applied()

    def ask(path, body):
        with contextlib.closing(mesh[1].door()) as door:
            status, text, _ = door.ask("POST", path, body)
        return status, json.loads(text) if text else None

    def hold(amount, **context):
        status, answer = ask("/v1/holds", question(grant["credential"], amounts={"usd_micros": amount}, **context))
        assert status == 200
        return answer
    first = hold(600)["context"]
    held = first["permit"]["id"]
    assert hold(600, patience_ms=300)["decision"] is False
    # Ids that others can see, or guess, end nothing; nor does a unit without a budget.
    for other in (first["decision_id"], first["decision_id"] + "-" + "0" * 32, held[:-1], "x"):
        assert ask(f"/v1/holds/{other}/settle", {"amounts": {"usd_micros": 100}})[0] == 404
        assert ask(f"/v1/holds/{other}/release", {})[0] == 404
    status, problem = ask(f"/v1/holds/{held}/settle", {"amounts": {"usd_micros": 1, "tokens": 1}})
    assert status == 409 and "tokens" in problem["detail"], problem
    assert ask(f"/v1/holds/{held}/settle", {"amounts": {"usd_micros": 100}})[0] == 204
    assert ask(f"/v1/holds/{held}/settle", {"amounts": {"usd_micros": 100}})[0] == 410
    released = hold(900)["context"]["permit"]["id"]
    assert ask(f"/v1/holds/{released}/release", {})[0] == 204
    last = hold(900)
    assert last["decision"] is True
    assert ask(f"/v1/holds/{last['context']['permit']['id']}/settle", {"amounts": {"usd_micros": 900}})[0] == 204
    assert hold(1)["context"]["reason"] == "budget_exhausted"
    eventually("reported", lambda: mesh.run("budget show", grant["grant_id"]).json[0]["settled"] == 1000)
    settled = eventually("shipped", lambda: len(rows := mesh.run("audit", "--decision", "settle").json) >= 2 and rows)
    assert [row["amounts"] for row in settled] == [{"usd_micros": 100}, {"usd_micros": 900}], "what was refused is in no record"


def test_a_batch_spends_in_its_order(mesh):
    grant = mesh.grant("--budget", "calls=3")
    mesh.wait_applied()
    one = question(grant["credential"], amounts={"calls": 2}, patience_ms=2000)
    with contextlib.closing(mesh[1].door()) as door:
        status, text, _ = door.ask("POST", "/access/v1/evaluations", {**one, "evaluations": [{}, {"resource": {"type": "file", "id": "x"}}, {}]})
    reasons = [item["context"]["reason"] for item in json.loads(text)["evaluations"]]
    assert status == 200 and reasons[:2] == ["none", "resource_out_of_bounds"] and reasons[2].startswith("budget_"), reasons


def test_waiting_for_a_position_records_one_denial(mesh):
    grant = mesh.grant()
    mesh.wait_applied()
    name = 'penstock_decisions_total{decision="deny",reason="stale_view"}'
    before = mesh[1].metrics()[name]
    for credential, least, most in ((grant["credential"], 1.0, 5), ("pst_unknown", 0, 0.5)):
        asked = time.monotonic()
        answer = mesh[1].evaluate(credential, at_least=2**62, patience_ms=1000)
        assert answer["context"]["reason"] == "stale_view"
        assert least <= time.monotonic() - asked < most
    assert mesh[1].metrics()[name] - before == 2
    # What comes meanwhile is waited for.
    asked = time.monotonic()
    late = threading.Timer(0.3, mesh.grant)
    late.start()
    assert mesh[1].evaluate(grant["credential"], at_least=mesh.head() + 1, patience_ms=10_000)["decision"] is True
    late.join()
    assert time.monotonic() - asked < 8


def test_a_linearizable_grant_waits_for_one_echo(mesh):
    grant = mesh.grant("--linearizable")
    mesh.wait_applied()
    name = 'penstock_decisions_total{decision="deny",reason="stale_view"}'
    before = mesh[1].metrics()[name]
    assert all(mesh[1].evaluate(grant["credential"])["decision"] for _ in range(20))
    assert mesh[1].metrics()[name] == before
