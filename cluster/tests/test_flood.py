"""Callers whom an enforcer has to deny, in numbers: neither its journal nor the ledger's disk fills, and honest calls go on."""

import contextlib
import http.client
import threading
import time

import pytest

from harness import Mesh, Prober, eventually, question, reason

SECONDS = 6
STRANGER = "pst_" + "A" * 49


@pytest.fixture
def mesh():
    with Mesh(max_staleness="5s", enforcers=0) as mesh:
        mesh.join("enforcer-1", "journal_megabytes: 4\n").start()
        yield mesh


def written(folder):
    return sum(path.stat().st_blocks * 512 for path in folder.rglob("*") if path.is_file())


def batch(credential, **call):
    """As much as one body may ask, of the longest texts that are recorded."""
    body = question(credential, resource=("tool", "r" * 512), basis="b" * 512, price_version="v" * 64, **call)
    return {**body, "evaluations": [{}] * 256}


class Flood:
    """So many connections that ask the same thing again and again. What was answered, by status, and how many items were."""

    def __init__(self, node, body, connections=3):
        self.statuses, self.decided, self.retry_after = {}, 0, set()
        self._node, self._body, self._over = node, body, threading.Event()
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._run) for _ in range(connections)]

    def _run(self):
        door = self._node.door()
        while not self._over.is_set():
            try:
                status, text, reply = door.ask("POST", "/access/v1/evaluations", self._body)
            except (OSError, http.client.HTTPException):
                continue
            with self._lock:
                self.statuses[status] = self.statuses.get(status, 0) + 1
                self.decided += text.count('"decision":') if status == 200 else 0
                if status == 429:
                    self.retry_after.add(reply.getheader("Retry-After"))
        door.close()

    def __enter__(self):
        self._began = time.monotonic()
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        for thread in self._threads:
            thread.join(60)
        self.lasted = time.monotonic() - self._began


def counted(mesh, name):
    rows = mesh.run("audit", "--reason", name, "--limit", "1000000", timeout=120).json
    return sum(row["count"] for row in rows), len(rows)


def await_honest(prober):
    """As long as the flood is to last; on a slow machine until enough was asked beside it."""
    time.sleep(SECONDS)
    eventually("honest calls", lambda: len(prober.answers) > 100, timeout=60)


def honest_calls_went_on(prober):
    heard = [answer for _, _, answer in prober.answers]
    assert set(heard) <= {"allow", "stale_view"}
    assert heard.count("allow") >= 0.99 * len(heard)


def test_strangers_in_numbers(mesh):
    node = mesh[1]
    grant = mesh.grant()
    mesh.wait_applied()
    time.sleep(0.5)
    ledger, journal = written(mesh.ledger.data), written(node.data)
    with Prober(node, grant["credential"], pause=0.01) as prober, Flood(node, batch(STRANGER)) as flood:
        await_honest(prober)
    honest_calls_went_on(prober)
    # The first whole batches are answered; then a connection has to wait.
    assert set(flood.statuses) == {200, 429} and flood.statuses[429] > flood.statuses[200] and flood.retry_after == {"1"}
    metrics = node.metrics()
    assert metrics['penstock_refused_questions_total{door="unix"}'] > 0
    assert metrics["penstock_unrecorded_denials_total"] == 0
    assert flood.decided == metrics['penstock_decisions_total{decision="deny",reason="unknown_credential"}'] > 500
    # Each denial is in a row: its own, or the count of a slice of ten seconds.
    eventually("in the audit", lambda: counted(mesh, "unknown_credential")[0] == flood.decided, timeout=30, every=1)
    rows = counted(mesh, "unknown_credential")[1]
    grown = written(mesh.ledger.data) - ledger, written(node.data) - journal
    print(f"\n{flood.decided} denials in {rows} rows, {flood.statuses.get(429)} requests refused; the ledger grew by {grown[0]} bytes, the node by {grown[1]}")
    assert rows <= 5 * (flood.lasted / 10 + 2) and grown[0] < 4 << 20 and grown[1] <= 4 << 20


def test_an_agent_in_a_loop_of_denials(mesh):
    node = mesh[1]
    grant, looping = mesh.grant(), mesh.grant(agent="looping")
    mesh.wait_applied()
    ledger = written(mesh.ledger.data)
    with Prober(node, grant["credential"], pause=0.01) as prober, Flood(node, batch(looping["credential"], amounts={"usd": 1}), 2) as flood:
        await_honest(prober)
    honest_calls_went_on(prober)
    # Whoever has a credential is answered, whatever else its connection asks.
    assert set(flood.statuses) == {200} and flood.decided > 1000
    eventually("in the audit", lambda: counted(mesh, "unit_not_budgeted")[0] == flood.decided, timeout=30, every=1)
    rows = mesh.run("audit", "--reason", "unit_not_budgeted", "--limit", "1000000").json
    assert len(rows) <= 17 * (flood.lasted / 10 + 2) and {row["agent_id"] for row in rows} == {"looping"} and {row["door"] for row in rows} == {"unix"}
    grown = written(mesh.ledger.data) - ledger
    print(f"\n{flood.decided} denials in {len(rows)} rows; the ledger grew by {grown} bytes")
    assert grown < 4 << 20


def test_one_grants_calls_do_not_take_the_journal_from_others(mesh):
    """The ledger takes no decisions for a while: what is recorded stays in the journal."""
    node = mesh[1]
    grant, greedy = mesh.grant(), mesh.grant(agent="greedy")
    mesh.wait_applied()
    mesh.ledger.pause()
    try:
        heard, honest = set(), []
        with contextlib.closing(node.door()) as door:
            for _ in range(40):
                status, text, _ = door.ask("POST", "/access/v1/evaluations", batch(greedy["credential"]))
                assert status == 200
                heard |= {word for word in ("none", "busy", "unrecordable", "stale_view") if f'"reason":"{word}"' in text}
                honest.append(reason(door.evaluate(grant["credential"])))
                if "busy" in heard and honest.count("allow") >= 5 and honest[-1] == "allow":
                    break
    finally:
        mesh.ledger.resume()
    assert "busy" in heard and "unrecordable" not in heard, heard
    assert "busy" not in honest and "unrecordable" not in honest, honest
    # What was shipped makes room.
    eventually("room again", lambda: reason(node.evaluate(greedy["credential"])) == "allow")


def test_malformed_requests_in_numbers(mesh):
    node = mesh[1]
    grant = mesh.grant()
    mesh.wait_applied()
    with contextlib.closing(node.door()) as door, contextlib.closing(node.door()) as known:
        assert reason(known.evaluate(grant["credential"])) == "allow"
        statuses = [door.ask("POST", "/v1/holds", {"subject": 1})[0] for _ in range(600)]
        assert set(statuses) == {400, 429} and statuses[:256] == [400] * 256
        status, text, reply = door.ask("POST", "/v1/holds", {"subject": 1})
        assert status == 429 and reply.getheader("Content-Type") == "application/problem+json" and reply.getheader("Retry-After") == "1"
        # Reads are served, and whoever has presented a credential is answered.
        assert door.ask("GET", "/livez")[0] == 200
        assert all(reason(known.evaluate(grant["credential"])) == "allow" for _ in range(300))
        eventually("served again", lambda: door.ask("POST", "/v1/holds", {"subject": 1})[0] == 400)
