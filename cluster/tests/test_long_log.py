"""A log that has grown long: a start reads a snapshot of the ledger's state and the events behind it, and never trusts one
that does not agree with the log.

PENSTOCK_LOG_EVENTS=1000000 makes the long log as long as the issue of start-up is about: filling it takes a debug build minutes.
"""

import os
import random
import re
import shutil
import sqlite3
import time

import pytest

from harness import Mesh, eventually, penstock, reason

EVENTS = int(os.environ.get("PENSTOCK_LOG_EVENTS", 20_000))


def snapshots(mesh):
    """By position."""
    return dict(sorted((int(path.name.split("-")[1].split(".")[0]), path) for path in mesh.ledger.data.glob("state-*.snapshot")))


def every(mesh, events):
    config = mesh.ledger.config
    config.write_text(re.sub("snapshot_events: .*", f"snapshot_events: {events}", config.read_text()))


def fill(mesh, events):
    penstock("bench", "fill", "--dir", mesh.dir, "--events", events, timeout=1200)


def told(mesh):
    """What the ledger says of everything that a snapshot has."""
    members = {(row["node"], row["role"]) for row in mesh.status()["nodes"]}
    return mesh.run("budget list").json, members, mesh.run("revocation list").json


def verified(mesh):
    report = mesh.run("log verify", timeout=1200).json
    assert report["ok"], report["problems"]
    return report


def passed_over(mesh):
    return mesh.ledger.log().count("passed over")


def rss(node):
    status = open(f"/proc/{node.pid}/status").read()
    return int(re.search(r"RssAnon:\s+(\d+)", status).group(1)) >> 10


def busy(mesh, count=12):
    """Some history: budgets, spends, restrictions and members."""
    mesh.run("budget create", "team", "--unit", "usd_micros", "--ceiling", "100000")
    grant = mesh.grant("--budget", "usd_micros=5000", "--draw", "team")
    for number in range(count):
        mesh.check(grant, "--amount", "usd_micros=10", expect=0)
        mesh.revoke("--run", f"run-{number}")
    mesh.add_member("auditor", "ann")
    return grant


def test_a_long_log_is_served_from_a_snapshot():
    with Mesh(enforcers=0, start=False) as mesh:
        fill(mesh, EVENTS)
        mesh.ledger.spawn()
        mesh.ledger.wait_serving(timeout=600)
        assert mesh.head() > EVENTS
        mesh.ledger.stop(timeout=120)
        assert len(snapshots(mesh)) == 1, os.listdir(mesh.ledger.data)
        began = time.monotonic()
        at = mesh.ledger.log().count(" serving")
        mesh.ledger.spawn()
        eventually("serving", lambda: mesh.ledger.log().count(" serving") > at, timeout=120, every=0.01)
        print(f"{EVENTS} events: serving after {time.monotonic() - began:.2f} s, {rss(mesh.ledger)} MiB")
        assert passed_over(mesh) == 0
        node = mesh.join("enforcer-1").start()
        grant = mesh.grant()
        assert reason(node.evaluate(grant["credential"], patience_ms=5000)) == "allow"
        verified(mesh)


def test_restart_from_a_snapshot_and_its_tail_equals_one_without():
    with Mesh(enforcers=1, start=False) as mesh:
        every(mesh, 100)
        fill(mesh, 150)
        mesh.ledger.start()
        mesh.join("enforcer-1").start()
        grant = busy(mesh, 40)
        eventually("a snapshot", lambda: len(snapshots(mesh)) > 0)
        mesh.run("budget set-ceiling", "team", "90000")
        busy_tail = mesh.grant("--budget", "usd_micros=700", "--draw", "team")
        mesh[1].stop()
        mesh.ledger.kill()
        mesh.ledger.start()
        with_snapshot = told(mesh)
        root = verified(mesh)["root"]
        mesh.ledger.kill()
        for path in snapshots(mesh).values():
            path.unlink()
        mesh.ledger.start()
        assert told(mesh) == with_snapshot
        assert verified(mesh)["root"] != root  # it has opened an epoch
        node = mesh[1].start()
        for live in (grant, busy_tail):
            assert reason(node.evaluate(live["credential"], amounts={"usd_micros": 5}, patience_ms=5000)) == "allow"
        assert passed_over(mesh) == 0


def damage(data, where):
    head = data.index(b"\n", data.index(b"\n", data.index(b"\n") + 1) + 1)
    lines = data.split(b"\n", 6)
    starts = [sum(len(line) + 1 for line in lines[:number]) for number in range(7)]
    at = {"magic": 3, "mesh": starts[1] + 1, "position": starts[2], "root": starts[3] + 5, "digest": starts[4] + 5,
          "signature": starts[5] + 5, "view": starts[6] + 40, "middle": (starts[6] + len(data)) // 2, "end": len(data) - 1}
    if where == "cut":
        return data[:-1]
    if where == "longer":
        return data + b"\0"
    if where == "empty":
        return b""
    if where == "head alone":
        return data[:head]
    index = at[where]
    return data[:index] + bytes([data[index] ^ 1]) + data[index + 1:]


@pytest.mark.parametrize("where", [
    "magic", "mesh", "position", "root", "digest", "signature", "view", "middle", "end", "cut", "longer", "empty", "head alone"])
def test_damaged_snapshot_is_passed_over(where):
    with Mesh(enforcers=0, start=False) as mesh:
        every(mesh, 100)
        fill(mesh, 300)
        mesh.ledger.start()
        eventually("a snapshot", lambda: snapshots(mesh))
        before = told(mesh)
        mesh.ledger.stop()
        for path in snapshots(mesh).values():
            path.write_bytes(damage(path.read_bytes(), where))
        mesh.ledger.start()
        assert passed_over(mesh)
        assert told(mesh) == before
        verified(mesh)


def test_the_older_snapshot_serves_when_the_newer_one_is_damaged():
    with Mesh(enforcers=0, start=False) as mesh:
        every(mesh, 100)
        for _ in range(2):
            fill(mesh, 300)
            mesh.ledger.start()
            mesh.ledger.stop()
        older, newer = snapshots(mesh)
        path = snapshots(mesh)[newer]
        path.write_bytes(damage(path.read_bytes(), "middle"))
        mesh.ledger.start()
        assert passed_over(mesh) == 1
        verified(mesh)
        mesh.ledger.stop()


def test_killed_while_snapshots_are_written():
    with Mesh(enforcers=0, start=False) as mesh:
        every(mesh, 100)
        fill(mesh, 2_000)
        for _ in range(8):
            at = mesh.ledger.log().count(" serving")
            mesh.ledger.spawn()
            eventually("serving", lambda at=at: mesh.ledger.log().count(" serving") > at, timeout=60, every=0.005)
            time.sleep(random.random() * 0.5)
            mesh.ledger.kill()
            fill(mesh, 150)
        (mesh.ledger.data / "state.partial").write_bytes(b"half")
        mesh.ledger.start()
        assert not (mesh.ledger.data / "state.partial").exists()
        assert passed_over(mesh) == 0
        assert 1 <= len(snapshots(mesh)) <= 2
        verified(mesh)


def test_a_restored_log_is_not_overruled_by_snapshots():
    with Mesh(enforcers=0, start=False) as mesh:
        every(mesh, 100)
        fill(mesh, 150)
        mesh.ledger.start()
        lost, nodes = mesh.grant(), mesh.status()["nodes"]
        backup = mesh.dir / "backup.sqlite"
        mesh.run("log backup", str(backup))
        mesh.revoke("--grant", lost["grant_id"])
        mesh.ledger.stop()
        fill(mesh, 300)
        mesh.ledger.start()
        mesh.ledger.stop()
        kept = mesh.dir / "kept"
        kept.mkdir()
        for path in snapshots(mesh).values():
            shutil.copy(path, kept)
        assert len(list(kept.iterdir())) == 2
        spenders = [row["node"] for row in nodes if row["role"] == "enforcer"]
        penstock("log", "restore", backup, "--data", mesh.ledger.data, "--yes", *[part for name in spenders for part in ("--without", name)])
        assert not snapshots(mesh)
        # Whoever puts them back: they are beyond the log, and then of another one.
        for path in kept.iterdir():
            shutil.copy(path, mesh.ledger.data)
        mesh.ledger.start()
        assert mesh.ledger.log().count("the log ends before it") >= 1
        assert mesh.run("revocation list").json == []
        mesh.ledger.stop()
        fill(mesh, 900)
        for path in kept.iterdir():
            shutil.copy(path, mesh.ledger.data)
        mesh.ledger.start()
        assert "it is of another log" in mesh.ledger.log()
        assert mesh.run("revocation list").json == []
        verified(mesh)


def test_another_ledgers_snapshot_is_passed_over():
    with Mesh(enforcers=0, start=False) as mesh, Mesh(enforcers=0, start=False) as other:
        for one in (mesh, other):
            every(one, 100)
            fill(one, 200)
            one.ledger.start()
            eventually("a snapshot", lambda one=one: snapshots(one))
            one.ledger.stop()
        for path in snapshots(mesh).values():
            path.unlink()
        for path in snapshots(other).values():
            shutil.copy(path, mesh.ledger.data)
        mesh.ledger.start()
        assert passed_over(mesh)
        verified(mesh)


def test_folder_of_before_there_were_tiles_and_snapshots_is_served():
    with Mesh(enforcers=1) as mesh:
        grant = busy(mesh, 3)
        mesh[1].stop()
        mesh.ledger.stop()
        fill(mesh, 700)
        with sqlite3.connect(mesh.ledger.data / "log.sqlite") as database:
            database.executescript("DROP TABLE tile; DROP TABLE archived; PRAGMA user_version = 1")
        database.close()
        mesh.ledger.start()
        node = mesh[1].start()
        assert reason(node.evaluate(grant["credential"], amounts={"usd_micros": 5}, patience_ms=5000)) == "allow"
        mesh.ledger.stop()
        with sqlite3.connect(mesh.ledger.data / "log.sqlite") as database:
            assert database.execute("SELECT count(*) FROM tile").fetchone()[0] >= 2
        database.close()
        mesh.ledger.start()
        verified(mesh)


def test_no_snapshot_takes_what_a_small_disk_has_left(small_disk):
    with Mesh(enforcers=0, start=False) as mesh:
        fill(mesh, 300)
        small_disk(mesh.ledger.data, 64)
        mesh.ledger.start()
        with open(mesh.ledger.data / "filler", "wb", buffering=0) as file:
            while os.statvfs(mesh.ledger.data).f_bavail * 4096 > 3 << 20:
                file.write(b"\0" * 65_536)
        mesh.ledger.kill()
        every(mesh, 100)
        mesh.ledger.start()
        eventually("said", lambda: "short of room" in mesh.ledger.log())
        assert not snapshots(mesh)
        (mesh.ledger.data / "filler").unlink()
        eventually("room", lambda: mesh.status()["disk"]["state"] == "room")
        mesh.ledger.stop()
        assert len(snapshots(mesh)) == 1
        mesh.ledger.start()
        verified(mesh)


def test_status_says_how_the_log_grows():
    with Mesh(enforcers=0, start=False) as mesh:
        fill(mesh, 2_000)
        mesh.ledger.start()
        disk = mesh.status()["disk"]
        assert disk["log_bytes"] > 100_000 and disk["log_bytes_a_day"] > disk["log_bytes"], disk
        assert disk["days_left"] == disk["free_bytes"] // (disk["log_bytes_a_day"] + disk["decision_bytes_a_day"]), disk
        text = penstock("status", "--dir", mesh.dir).out
        assert re.search(r"log \d+ .iB, \d+ .iB a day; decisions \d+ .iB, 0 KiB a day; \d+ days left on the disk", text), text
