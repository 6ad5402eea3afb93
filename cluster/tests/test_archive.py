"""What is old goes to the archive, and everything that reads the log or the decisions reads on as before."""

import base64
import contextlib
import gzip
import hashlib
import json
import re
import time

from harness import Mesh, eventually, reason
from test_long_log import every, fill, snapshots, verified


def settings(mesh, **values):
    config = mesh.ledger.config
    text = config.read_text()
    for key, value in values.items():
        text = re.sub(f"(?m)^{key}: .*", f"{key}: {value}", text)
    config.write_text(text)


def restart(mesh):
    mesh.ledger.stop()
    mesh.ledger.start()


def with_two_snapshots(mesh, events):
    """A log with so many events, and both snapshots behind them."""
    fill(mesh, events)
    for _ in range(2):
        fill(mesh, 200)
        mesh.ledger.start()
        mesh.ledger.stop()
    assert len(snapshots(mesh)) == 2 and min(snapshots(mesh)) > events


def root(leaves):
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while 2 * split < len(leaves):
        split *= 2
    return hashlib.sha256(b"\1" + root(leaves[:split]) + root(leaves[split:])).digest()


def bundles(folder):
    """The entries of an archive, by nothing but the specification."""
    entries = []
    for path in sorted((folder / "tile/entries").rglob("*")):
        data, at = path.read_bytes(), 0
        while at < len(data):
            size = int.from_bytes(data[at:at + 2], "big")
            entries.append(data[at + 2:at + 2 + size])
            at += 2 + size
    return entries


def test_old_events_are_read_from_the_archive(tmp_path):
    with Mesh(enforcers=1) as mesh:
        every(mesh, 100)
        grant, gone = mesh.grant(), mesh.grant()
        node = mesh[1]
        position = mesh.revoke("--grant", gone["grant_id"])["position"]
        eventually("a whole receipt", lambda: mesh.run("receipt show", str(position)).json["complete"])
        before = mesh.log()
        node.stop()
        mesh.ledger.stop()
        with_two_snapshots(mesh, 6_000)
        settings(mesh, log_keep_megabytes=1)
        mesh.ledger.start()
        archive = mesh.ledger.data / "archive/log"
        eventually("the archive", lambda: (archive / "checkpoint").exists(), timeout=90)
        size, tree = int((archive / "checkpoint").read_text().split("\n")[1]), (archive / "checkpoint").read_text().split("\n")[2]
        assert size % 256 == 0 and size > 1_000
        # By the specification alone, and by the export of the whole log.
        entries = bundles(archive)
        assert len(entries) == size
        leaves = [hashlib.sha256(b"\0" + entry).digest() for entry in entries]
        assert base64.b64encode(root(leaves)).decode() == tree
        report = verified(mesh)
        mesh.run("log export", str(tmp_path / "export"))
        for path in archive.rglob("*"):
            if path.is_file() and path.name != "checkpoint" and ".p" not in str(path.relative_to(archive)):
                assert path.read_bytes() == (tmp_path / "export" / path.relative_to(archive)).read_bytes(), path
        # What was there before reads as before, and so do receipts.
        assert mesh.log()[:len(before)] == before
        assert mesh.run("receipt show", str(position)).json["complete"]
        receipt = tmp_path / "receipt.json"
        receipt.write_text(mesh.run("receipt show", str(position)).out)
        # The node was away while the log went on: it fetches, or loads a snapshot.
        node.start()
        assert reason(node.evaluate(grant["credential"], patience_ms=10_000)) == "allow"
        assert reason(node.evaluate(gone["credential"])) == "revoked"
        backup = tmp_path / "backup.sqlite"
        assert mesh.run("log backup", str(backup)).json["position"] >= report["position"]
        # A start needs no archive; what is in it is missed by name, and put back.
        mesh.ledger.stop()
        settings(mesh, log_keep_megabytes=0)
        archive.rename(tmp_path / "away")
        mesh.ledger.start()
        assert reason(node.evaluate(grant["credential"], patience_ms=10_000)) == "allow"
        result = mesh.run("log verify", expect=None)
        assert result.code and "archive/log/tile/entries/000" in result.out + result.err, result.out + result.err
        (tmp_path / "away").rename(archive)
        verified(mesh)


def test_an_archive_is_made_anew_by_a_ledger_that_was_killed_over_it():
    with Mesh(enforcers=0) as mesh:
        every(mesh, 100)
        mesh.ledger.stop()
        with_two_snapshots(mesh, 5_000)
        settings(mesh, log_keep_megabytes=1)
        archive = mesh.ledger.data / "archive/log"
        for pause in (0.0, 0.02, 0.1):
            mesh.ledger.start()
            count = len(list(archive.rglob("*")))
            eventually("another tile", lambda count=count: len(list(archive.rglob("*"))) > count or (archive / "checkpoint").exists(), timeout=90, every=0.002)
            time.sleep(pause)
            mesh.ledger.kill()
        mesh.ledger.start()
        eventually("the archive", lambda: (archive / "checkpoint").exists(), timeout=90)
        verified(mesh)


def ask_often(mesh, node, grant, count):
    with contextlib.closing(node.door()) as door:
        for number in range(count):
            door.evaluate(grant["credential"], resource=("tool", f"{number}-" + "x" * 200))


def rows(mesh, count):
    """Every decision, oldest first."""
    found = []
    eventually("shipped", lambda: len(audit(mesh)) >= count, timeout=60, every=1)
    found = audit(mesh)
    return [{key: value for key, value in row.items() if key != "cursor"} for row in found]


def audit(mesh):
    return mesh.run("audit", "--all", timeout=120).json


def test_old_decisions_are_found_in_the_archive():
    with Mesh(enforcers=1) as mesh:
        grant = mesh.grant()
        ask_often(mesh, mesh[1], grant, 6_000)
        before = rows(mesh, 6_000)
        settings(mesh, decisions_keep_megabytes=1)
        restart(mesh)
        archive = mesh.ledger.data / "archive/decisions"
        eventually("the archive", lambda: list(archive.glob("*.jsonl.gz")), timeout=60)
        path, = archive.glob("*.jsonl.gz")
        last = []

        def is_quiet():
            last.append(path.stat().st_size)
            return len(last) > 24 and len(set(last[-24:])) == 1
        eventually("the archive is quiet", is_quiet, timeout=90, every=0.5)
        assert rows(mesh, 6_000) == before
        lines = [json.loads(line) for line in gzip.open(path)]
        assert 1_000 < len(lines) < 6_000 and lines[0]["node"] == "enforcer-1"
        assert [line["sequence"] for line in lines] == sorted(line["sequence"] for line in lines)
        assert mesh.status()["disk"]["decision_bytes"] < 2 << 20
        newest = mesh.run("audit", "--limit", "10").json
        assert [row["sequence"] for row in newest] == [row["sequence"] for row in before[-10:]]
        # Taken away, it is named; recent decisions are found without it.
        name = path.name
        path.rename(path.with_suffix(".away"))
        result = mesh.run("audit", "--all", expect=None)
        assert result.code and name in result.out + result.err, result.out + result.err
        assert [row["sequence"] for row in mesh.run("audit", "--limit", "10").json] == [row["sequence"] for row in newest]
        path.with_suffix(".away").rename(path)
        assert rows(mesh, 6_000) == before
