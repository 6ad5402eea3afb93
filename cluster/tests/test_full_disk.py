"""Full disks: what was acknowledged stays, revokes can be made still, and room that comes back is used by itself."""

import contextlib
import json
import os
import pathlib
import subprocess
import threading
import time

import pytest

from harness import Mesh, Prober, eventually, penstock, question, reason
from peer import REFUSED, SUBMIT, Peer, field, parsed, refusals, request, signed, signing_key


def fill(folder, until=None):
    """Fills a small disk; with an event, takes whatever gets free until that is set."""
    with open(folder / "filler", "wb", buffering=0) as file:
        while True:
            try:
                file.write(b"\0" * 4096)
            except OSError:
                if until is None or until.wait(0.0005):
                    return


def fill_up(mesh):
    """Fills the ledger's disk, and makes ordinary events until they are refused: some go on until the reserve counts as begun."""
    fill(mesh.ledger.data)
    key, number = signing_key(mesh, "operator"), 0
    with Peer(mesh, "operator") as peer:
        while number < 20_000:
            messages = []
            for number in range(number, number + 500):
                token = field(1, os.urandom(32)) + field(2, 2) + field(3, int(1000 * time.time()) + 3_600_000)
                messages.append(request(number, SUBMIT, field(1, signed("operator", key, 19, token))))
            answers = refusals(peer.ask_all(messages, window=200, timeout=60))
            assert set(answers) <= {"taken", "full"}, answers
            if answers.get("full") == len(messages):
                return
    raise AssertionError(f"{number} ordinary events on a full disk")


class Revokes:
    """An operator's own client, which revokes agents with reasons as long as they may be."""

    def __init__(self, mesh, operator="operator"):
        self.mesh, self.operator, self.key, self.count = mesh, operator, signing_key(mesh, operator), 0

    def messages(self, count):
        for _ in range(count):
            self.count += 1
            restriction = field(1, 1) + field(2, field(1, 3) + field(2, f"nobody-{self.count}")) + field(3, "r" * 1024)
            yield request(self.count, SUBMIT, field(1, signed(self.operator, self.key, 24, restriction)))

    def submit(self, count):
        """How many were taken, and how many refused as what."""
        with Peer(self.mesh, self.operator) as peer:
            return refusals(peer.ask_all(list(self.messages(count)), window=200, timeout=120))


@pytest.mark.parametrize("is_killed", [False, True])
def test_a_revoke_is_made_on_a_disk_that_is_full_to_the_last_byte(small_disk, is_killed):
    with Mesh(max_staleness="1s", enforcers=2, start=False) as mesh:
        small_disk(mesh.ledger.data, 64)
        mesh.ledger.start()
        nodes = [mesh.join(f"enforcer-{number}").start() for number in (1, 2)]
        rogue, other = mesh.grant(agent="rogue"), mesh.grant(agent="good")
        mesh.wait_applied()
        assert mesh.status()["disk"]["state"] == "room" and mesh.status()["warnings"] == []
        fill_up(mesh)
        refused = mesh.run("grant issue", "--agent", "other", "--allow", "*", expect=None)
        assert refused.code == 2 and refused.error["code"] == "full" and "restrictions" in refused.error["message"]
        status = mesh.status()
        assert status["disk"]["state"] == "restrictions_only" and status["disk"]["reserve_bytes"] > 8 << 20, status["disk"]
        assert any("free space" in warning for warning in status["warnings"]) and "WARNING: " in mesh.run("status", "-o", "table").out
        if is_killed:
            mesh.ledger.kill()
            mesh.ledger.start()
            for node in nodes:
                node.wait_ready()
            assert mesh.status()["disk"]["state"] == "restrictions_only"
        with Prober(nodes[0], rogue["credential"]) as covered, Prober(nodes[1], other["credential"]) as honest:
            time.sleep(2.5)
            assert covered.heard() == {"allow"} == honest.heard(), "leases are renewed while a revoke fits"
            revoke = mesh.revoke("--agent", "rogue")
            closed = time.monotonic()
            assert revoke["state"] == "CLOSED"
            time.sleep(2)
        assert not covered.allows_asked_after(closed) and honest.heard() == {"allow"}
        path = mesh.dir / "receipt"
        eventually("complete", lambda: mesh.run("receipt show", revoke["position"], "--receipt", path, expect=None).code == 0)
        penstock("receipt", "verify", path, "--policy", mesh.dir / "policy")
        mesh.ledger.kill()
        mesh.ledger.start()
        assert any(row["position"] == revoke["position"] for row in mesh.log()), "acknowledged on a full disk"
        (mesh.ledger.data / "filler").unlink()
        grant = eventually("room again", lambda: (done := mesh.run("grant issue", "--agent", "good", "--allow", "*", "--resource", "tool:*", expect=None)).code == 0 and done.json)
        mesh.wait_applied(grant["position"])
        assert reason(nodes[0].evaluate(grant["credential"])) == "allow" and reason(nodes[1].evaluate(rogue["credential"])) == "revoked"
        assert mesh.status()["disk"]["state"] == "room" and mesh.status()["warnings"] == []
        mesh.ledger.stop()
        mesh.ledger.start()
        assert mesh.run("log verify").json["ok"]
        mesh.close()


def test_no_lease_from_a_ledger_that_cannot_write_a_revoke(small_disk):
    with Mesh(max_staleness="1s", enforcers=1, start=False) as mesh:
        small_disk(mesh.ledger.data, 64)
        mesh.ledger.start()
        node = mesh.join("enforcer-1").start()
        grant = mesh.grant()
        mesh.wait_applied()
        fill_up(mesh)
        revokes, taken = Revokes(mesh), 0
        with Prober(node, grant["credential"]) as prober:
            while True:
                answers = revokes.submit(1000)
                taken += answers.get("taken", 0)
                if set(answers) != {"taken"}:
                    break
                assert taken < 20_000
            assert set(answers) <= {"taken", "full"} and taken > 2000, (taken, answers)
            status = mesh.status()
            assert status["disk"]["state"] == "nothing" and "no lease" in " ".join(status["warnings"]), status["disk"]
            eventually("the lease runs out", lambda: prober.answers[-1][2] == "stale_view", timeout=10)
            ended = time.monotonic()
            time.sleep(3)
            assert prober.heard(since=ended) == {"stale_view"}
            # Killed and started on the same disk it is no better, and has all that it acknowledged.
            mesh.ledger.kill()
            mesh.ledger.start()
            assert mesh.status()["disk"]["state"] == "nothing"
            assert sum("nobody-" in row["what"] for row in mesh.log()) >= taken
            time.sleep(2)
            assert prober.heard(since=ended) == {"stale_view"}
            (mesh.ledger.data / "filler").unlink()
            eventually("fresh by itself", lambda: prober.answers[-1][2] == "allow", timeout=15)
        assert mesh.revoke("--agent", "a")["state"] == "CLOSED"
        mesh.close()


def test_killed_while_revokes_come_to_a_full_disk(small_disk):
    with Mesh(max_staleness="1s", enforcers=1, start=False) as mesh:
        small_disk(mesh.ledger.data, 64)
        mesh.ledger.start()
        mesh.join("enforcer-1").start()
        fill_up(mesh)
        revokes, taken = Revokes(mesh), 0
        for _ in range(3):
            with Peer(mesh, "operator") as peer:
                for message in revokes.messages(400):
                    peer.socket.send(message)
                until = time.monotonic() + 10
                while time.monotonic() < until and peer.socket.poll(1000):
                    taken += REFUSED not in parsed(peer.socket.recv())
                    if taken % 150 == 0:
                        break
                mesh.ledger.kill()
                while peer.socket.poll(0):
                    taken += REFUSED not in parsed(peer.socket.recv())
            mesh.ledger.start()
        assert taken >= 400
        assert sum("nobody-" in row["what"] for row in mesh.log()) >= taken
        (mesh.ledger.data / "filler").unlink()
        assert mesh.run("log verify").json["ok"]
        mesh.close()


def punch(path, start, end):
    """Takes blocks away from a file, as a file system does that had only promised them."""
    subprocess.run(["fallocate", "--punch-hole", "--offset", str(start), "--length", str(end - start), str(path)], check=True)


def test_a_failed_commit_reads_nothing_again_and_is_made_up_for(small_disk):
    with Mesh(max_staleness="1s", enforcers=1, start=False) as mesh:
        small_disk(mesh.ledger.data, 96)
        mesh.ledger.start()
        node = mesh.join("enforcer-1").start()
        grant = mesh.grant()
        revokes = Revokes(mesh)
        assert revokes.submit(8000) == {"taken": 8000}
        mesh.wait_applied()
        log = mesh.ledger.data / "log.sqlite"
        wal = log.with_name("log.sqlite-wal")
        assert log.stat().st_size > 16 << 20
        # Of what was kept, everything that no page lies in is taken away behind the ledger's back.
        punch(log, log.stat().st_size - (10 << 20), log.stat().st_size)
        punch(wal, (wal.stat().st_size + 4095) // 4096 * 4096, 12 << 20)
        fill(mesh.ledger.data)
        taken = 8000
        with Prober(node, grant["credential"]) as prober:
            while True:
                answers = revokes.submit(200)
                taken += answers.get("taken", 0)
                if "full" in answers:
                    break
                assert taken < 20_000
            assert mesh.status()["counters"]["failed_commits"] > 0 and not mesh.status()["halted"]
            eventually("no lease", lambda: prober.answers[-1][2] == "stale_view", timeout=10)

            def read():
                return int(pathlib.Path(f"/proc/{mesh.ledger.pid}/io").read_text().split("rchar: ")[1].split()[0])
            before, failed = read(), mesh.status()["counters"]["failed_commits"]
            time.sleep(4)
            assert mesh.status()["counters"]["failed_commits"] - failed >= 2, "it tries again"
            assert read() - before < 1 << 20, "a log of more than 16 MB is not read again"
            (mesh.ledger.data / "filler").unlink()
            eventually("fresh by itself", lambda: prober.answers[-1][2] == "allow", timeout=30)
        assert sum("nobody-" in row["what"] for row in mesh.log()) >= taken
        assert mesh.revoke("--agent", "a")["state"] == "CLOSED"
        mesh.ledger.stop()
        mesh.ledger.start()
        assert mesh.run("log verify").json["ok"]
        mesh.close()


def test_decisions_leave_the_log_its_room(small_disk):
    with Mesh(max_staleness="1s", enforcers=1, start=False) as mesh:
        config = mesh.ledger.config.read_text().replace("decisions_megabytes: 0", "decisions_megabytes: 1")
        mesh.ledger.config.write_text(config)
        mesh.ledger.start()
        node = mesh.join("enforcer-1").start()
        grant = mesh.grant()
        mesh.wait_applied()
        with contextlib.closing(node.door()) as door:
            for _ in range(5000):
                assert door.evaluate(grant["credential"], resource=("tool", "r" * 250))["decision"]
        warning = eventually("said", lambda: [text for text in mesh.status()["warnings"] if "decisions_megabytes" in text])
        assert "no decisions are taken up" in warning[0]
        assert (mesh.ledger.data / "decisions.sqlite").stat().st_size <= 2 << 20
        assert mesh.grant() and mesh.revoke("--agent", "a")["state"] == "CLOSED", "the log goes on"
        mesh.ledger.stop()
        mesh.ledger.config.write_text(config.replace("decisions_megabytes: 1", "decisions_megabytes: 100"))
        mesh.ledger.start()
        eventually("kept", lambda: len(mesh.run("audit", "--decision", "allow", "--limit", "10000").json) == 5000)
        assert mesh.status()["warnings"] == []
        mesh.close()


def test_a_full_disk_under_the_log(small_disk):
    with Mesh(max_staleness="2s", enforcers=1, start=False) as mesh:
        small_disk(mesh.ledger.data, 64)
        mesh.ledger.start()
        mesh.join("enforcer-1").start()
        acknowledged = [mesh.grant()]
        mesh.wait_applied()
        with Prober(mesh[1], acknowledged[0]["credential"]) as prober:
            fill_up(mesh)
            refused = []
            for number in range(400):
                result = mesh.run("grant issue", "--agent", "a", "--allow", "*", "--purpose", "p" * 200, expect=None)
                if result.code:
                    refused.append(result)
                    if len(refused) == 3:
                        break
                else:
                    acknowledged.append(result.json)
            assert refused and {result.code for result in refused} == {2}
            assert {result.error["code"] for result in refused} == {"full"}, refused[0].err
            assert mesh.ledger.is_running and not mesh.status()["halted"]
            positions = {row["position"]: row["what"] for row in mesh.log()}
            assert all(grant["grant_id"] in positions[grant["position"]] for grant in acknowledged)
            (mesh.ledger.data / "filler").unlink()
            grant = eventually("room again", lambda: (done := mesh.run("grant issue", "--agent", "a", "--allow", "*", "--resource", "tool:*", expect=None)).code == 0 and done.json)
            mesh.wait_applied(grant["position"])
            assert reason(mesh[1].evaluate(grant["credential"])) == "allow"
        assert prober.heard() == {"allow"}, "reading the log needs no room"
        assert mesh.run("log verify").json["ok"]
        mesh.ledger.stop()
        mesh.ledger.start()
        positions = {row["position"]: row["what"] for row in mesh.log()}
        assert all(grant["grant_id"] in positions[grant["position"]] for grant in [*acknowledged, grant])
        mesh.close()


def test_a_ledger_that_cannot_keep_decisions_is_not_sent_them_at_every_turn(small_disk):
    with Mesh(max_staleness="2s", enforcers=1, start=False) as mesh:
        small_disk(mesh.ledger.data, 64)
        mesh.ledger.start()
        node = mesh.join("enforcer-1").start()
        grant = mesh.grant()
        mesh.wait_applied()
        fill(mesh.ledger.data)
        with contextlib.closing(node.door()) as door:
            for _ in range(4000):
                assert door.evaluate(grant["credential"], resource=("tool", "r" * 250))["decision"]
        before = eventually("refused", lambda: (counters := mesh.status()["counters"]).get("refused_full") and counters)
        time.sleep(3)
        # It says to come again after a second.
        assert mesh.status()["counters"]["received_decisions"] - before["received_decisions"] <= 4
        (mesh.ledger.data / "filler").unlink()
        eventually("kept", lambda: len(mesh.run("audit", "--decision", "allow", "--limit", "10000").json) == 4000)
        mesh.close()


def many_fillings(mesh):
    """Bodies that fill a journal by calls that are allowed. One grant's do not: it has its share."""
    credentials = [mesh.grant(agent="filler")["credential"] for _ in range(45)]
    call = {"action": "fill", "resource": ("tool", "r" * 512), "basis": "b" * 512, "price_version": "v" * 64}
    return [{**question(credential, **call), "evaluations": [{}] * 256} for credential in credentials]


def test_a_full_disk_under_the_journal(small_disk):
    with Mesh(max_staleness="2s", enforcers=0) as mesh:
        node = mesh.join("enforcer-1", "journal_megabytes: 4\n")
        node.data.mkdir(mode=0o700)
        # Room for three segments of 1 MiB: two are ready, and the first record has a third made.
        small_disk(node.data, 4)
        node.start()
        grant = mesh.grant()
        fills = many_fillings(mesh)
        mesh.wait_applied()
        full = threading.Event()
        heard = set()

        def fill_journal():
            # A segment that is shipped is deleted, and another writer takes the room.
            with contextlib.closing(node.door()) as door:
                while not full.is_set():
                    for body in fills:
                        heard.update(map(reason, json.loads(door.ask("POST", "/access/v1/evaluations", body)[1])["evaluations"]))
        fillers = [threading.Thread(target=fill, args=(node.data, full)), *(threading.Thread(target=fill_journal) for _ in range(3))]
        for filler in fillers:
            filler.start()
        try:
            with Prober(node, grant["credential"], pause=0.001) as prober:
                eventually("unrecordable", lambda: "unrecordable" in prober.heard(), timeout=120)
                eventually("denials counted", lambda: node.metrics()["penstock_unrecorded_denials_total"] > 100)
                assert prober.heard() <= {"allow", "busy", "unrecordable"}
        finally:
            full.set()
            for filler in fillers:
                filler.join(60)
        assert heard <= {"allow", "busy", "unrecordable"} and node.is_running
        assert "[-] journal writable" in node.get("/readyz")[1]
        (node.data / "filler").unlink()
        eventually("recordable again", lambda: reason(node.evaluate(grant["credential"])) == "allow", timeout=60)
        node.wait_ready()
        # What was heard as an allow is in the audit, and nothing else.
        allowed = sum(1 for answer in prober.answers if answer[2] == "allow")

        def recorded():
            return sum(1 for row in mesh.run("audit", "--decision", "allow", "--limit", "10000000", timeout=120).json if row["action"] == "tools/call")
        eventually("shipped", lambda: recorded() > allowed, timeout=60, every=2)
        assert recorded() == allowed + 1
        mesh.close()


def test_no_room_for_the_first_segment(small_disk):
    with Mesh(enforcers=0) as mesh:
        node = mesh.join("enforcer-1")
        node.data.mkdir(mode=0o700)
        small_disk(node.data, 4)
        assert "no room left" in node.fails_to_start()


def test_killed_with_a_full_journal():
    """It has no room for a record of its own before the segments of before go, and nothing new to ship once these are shipped."""
    with Mesh(max_staleness="8s", enforcers=0) as mesh:
        node = mesh.join("enforcer-1", "journal_megabytes: 4\n").start()
        grant = mesh.grant("--budget", "calls=100")
        fills = many_fillings(mesh)
        mesh.wait_applied()
        assert reason(node.evaluate(grant["credential"], amounts={"calls": 1}, patience_ms=3000)) == "allow"
        mesh.ledger.pause()
        with contextlib.closing(node.door()) as door:
            for body in fills:
                door.ask("POST", "/access/v1/evaluations", body)
        assert node.metrics()["penstock_unrecorded_denials_total"]
        node.kill()
        assert len(list((node.data / "journal").glob("*.journal"))) == 4
        mesh.ledger.resume()
        node.start(wait=False)
        node.wait_ready()
        # What is not recorded is not allowed; whoever asks only nodes that are ready gets an answer in the end.
        eventually("recordable again", lambda: node.is_ready() and reason(
            node.evaluate(grant["credential"], amounts={"calls": 1}, patience_ms=1000)) == "allow")
        eventually("in the audit", lambda: sum(row["action"] == "tools/call" for row in mesh.run("audit", "--decision", "allow", "--limit", "1000000").json) == 2)
