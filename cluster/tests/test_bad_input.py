"""Garbage from the network, from people and from disks: refused with one clear line, and nothing else suffers."""

import contextlib
import json
import os
import pathlib
import random
import re
import shutil
import socket
import sqlite3
import subprocess
import threading
import time

import pytest

import harness
from harness import Mesh, Prober, eventually, free_ports, penstock, question, reason


@pytest.fixture(scope="module")
def mesh():
    with Mesh(max_staleness="2s", enforcers=1) as mesh:
        yield mesh


def one_line(result, *parts):
    lines = result.err.strip().splitlines()
    assert len(lines) == 1 and lines[0].startswith("penstock: "), result.err
    for part in parts:
        assert part in lines[0], lines[0]
    assert result.out == ""


# Network

GREETING = b"\xff\x00\x00\x00\x00\x00\x00\x00\x01\x7f\x03\x00"


def garbage(seed):
    noise = random.Random(seed)
    return [
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"\x00" * 4096, b"\xff" * 65536, noise.randbytes(100_000), b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        GREETING + b"CURVE".ljust(20, b"\0") + b"\x00" * 32 + noise.randbytes(5000), GREETING + b"NULL".ljust(20, b"\0") + b"\x00" * 32 + b"\x04\x26\x05READY" + noise.randbytes(500),
        GREETING + b"PLAIN".ljust(20, b"\0") + b"\x01" + b"\x00" * 31, GREETING[:7], b"",
        GREETING + b"CURVE".ljust(20, b"\0") + b"\x00" * 32 + b"\x06\xff\xff\xff\xff\xff\xff\xff\xff",
    ]


def test_garbage_at_every_port_disturbs_nobody(mesh):
    grant = mesh.grant()
    mesh.wait_applied()
    with Prober(mesh[1], grant["credential"]) as prober:
        kept = []
        for seed in range(8):
            for port in range(mesh.port, mesh.port + 4):
                for data in garbage(seed):
                    with contextlib.suppress(OSError):
                        peer = socket.create_connection(("127.0.0.1", port), timeout=2)
                        kept.append(peer)
                        peer.sendall(data)
                        if len(kept) > 60:
                            kept.pop(0).close()
        assert mesh.grant()["position"] > grant["position"]
        assert mesh.revoke("--agent", "other")["state"] == "CLOSED"
        for peer in kept:
            peer.close()
        eventually("probes", lambda: len(prober.answers) > 200)
    assert prober.heard() == {"allow"}
    assert mesh.ledger.is_running and mesh.run("log verify").json["ok"]


@pytest.mark.parametrize("data", [
    b"", b"{", b"null", b"[]", b"{}", b'{"subject":1}', b"\xff\xfe", b"[" * 5000, b'{"a":1,"a":2}', b"x" * 70_000,
    b'{"subject":{"type":"agent","id":"a"},"action":{"name":"a"},"resource":{"type":"tool","id":"x"},"context":{"credential":"c","amounts":{"calls":-1}}}',
    b'{"subject":{"type":"agent","id":"a"},"action":{"name":"a"},"resource":{"type":"tool","id":"x"},"context":{"credential":"c","amounts":{"calls":1e300}}}',
    b'{"subject":{"type":"agent","id":"a"},"action":{"name":"a"},"resource":{"type":"tool","id":"x"},"context":{"credential":"c","amounts":{"calls":9223372036854775808}}}',
], ids=lambda data: repr(data[:12]))
def test_malformed_questions_are_refused(mesh, data):
    with contextlib.closing(mesh[1].door()) as door:
        door.request("POST", "/access/v1/evaluation", data, {"Content-Type": "application/json"})
        reply = door.getresponse()
        message = reply.read()
    # AuthZEN has a bad request's message as JSON text.
    assert reply.status in (400, 413) and json.loads(message)


def test_amounts_at_the_edge_never_pass(mesh):
    grant = mesh.grant("--budget", "calls=10")
    mesh.wait_applied()
    for amount in (11, 2**46, 2**46 + 1, 2**62, 2**63 - 1):
        answer = mesh[1].evaluate(grant["credential"], amounts={"calls": amount}, patience_ms=300)
        assert answer["decision"] is False, amount
    assert reason(mesh[1].evaluate(grant["credential"], amounts={"tokens": 1})) == "unit_not_budgeted"
    assert reason(mesh[1].evaluate(grant["credential"], amounts={"calls": 10}, patience_ms=2000)) == "allow"


def test_credentials_that_are_not(mesh):
    grant = mesh.grant()
    mesh.wait_applied()
    good = grant["credential"]
    # The last characters are a checksum: a slip of one character is no other credential.
    for bad in ("", "pst_", good[:-1], good + "A", good.lower(), good[:10] + ("A" if good[10] != "A" else "B") + good[11:], "\u2603" * 40):
        assert reason(mesh[1].evaluate(bad)) == "unknown_credential", bad
    assert reason(mesh[1].evaluate(good)) == "allow"


# Commands

@pytest.mark.parametrize("arguments", [
    ["nonsense"], ["revoke", "--frobnicate"], ["ledger"], ["enforcer", "--config"], ["grant", "issue", "--ttl", "soon"], ["grant", "issue", "--budget", "calls"],
    ["grant", "issue", "--budget", "calls=-1"], ["check"], ["revoke", "--agent"], ["init", "--port", "x"], ["log", "show", "--from", "-1"], ["revoke", "--dir", "x"],
    ["up", "--enforcers", "0"], ["node", "token", "--role", "ledger", "--dir", "x"], ["throttle", "--all", "--rate", "10"], ["check", "-o", "yaml"],
], ids=" ".join)
def test_usage(arguments):
    result = penstock(*arguments, expect=64)
    assert result.out == "" and "Usage:" in result.err


def test_every_command_has_help():
    seen = 0
    for noun in re.findall(r"^  ([a-z]+)  ", penstock("--help").out, re.M):
        text = penstock(noun, "--help").out
        assert "USAGE: penstock " + noun in text
        seen += 1
    assert seen > 15 and penstock("--version").out.strip().count(".") == 2


@pytest.mark.parametrize("text", ["identity: [", "{\n", "\x00\x01", "just words", "identity:\n\t- x: y\n", "a: &a [*a]\n"], ids=repr)
@pytest.mark.parametrize("command", ["ledger", "enforcer"])
def test_broken_configuration(tmp_path, command, text):
    path = tmp_path / "config.yaml"
    path.write_text(text)
    one_line(penstock(command, "--config", path, expect=1), str(path) if "words" not in text and "a:" not in text else "")


@pytest.mark.parametrize("command", ["ledger", "enforcer"])
def test_missing_configuration(tmp_path, command):
    one_line(penstock(command, "--config", tmp_path / "none.yaml", expect=1), "none.yaml")
    (tmp_path / "empty.yaml").touch()
    one_line(penstock(command, "--config", tmp_path / "empty.yaml", expect=1))
    (tmp_path / "nowhere.yaml").write_text("identity: nowhere\ndata: nowhere/data\n")
    one_line(penstock(command, "--config", tmp_path / "nowhere.yaml", expect=1), "nowhere/member.json")


def test_numbers_out_of_range(mesh):
    for setting in ("port: 70000", "port: x", "journal_megabytes: 3", "journal_megabytes: -5"):
        path = mesh.dir / "numbers.yaml"
        path.write_text(f"identity: enforcer-1\ndata: numbers\n{setting}\n")
        one_line(penstock("enforcer", "--config", path, expect=1), setting.split(":")[0])


def test_the_wrong_role(mesh):
    for command, identity in (("ledger", "enforcer-1"), ("ledger", "operator"), ("enforcer", "ledger"), ("enforcer", "issuer")):
        path = mesh.dir / "wrong.yaml"
        path.write_text(f"identity: {identity}\ndata: wrong/data\n")
        one_line(penstock(command, "--config", path, expect=1), identity)


@pytest.mark.parametrize("key", ["signing.key", "channel.key"])
def test_key_files(mesh, key):
    folder = mesh.dir / "copy"
    shutil.copytree(mesh[1].folder, folder, ignore=shutil.ignore_patterns("data", "*.sock"))
    config = mesh.dir / "copy.yaml"
    config.write_text("identity: copy\ndata: copy/data\n")
    try:
        (folder / key).chmod(0o644)
        one_line(penstock("enforcer", "--config", config, expect=1), key, "chmod 600")
        (folder / key).chmod(0o600)
        for text in ("", "garbage", "x" * 100_000):
            (folder / key).write_text(text)
            one_line(penstock("enforcer", "--config", config, expect=1), "copy")
        (folder / key).unlink()
        one_line(penstock("enforcer", "--config", config, expect=1), key)
    finally:
        shutil.rmtree(folder)


def test_folders_that_others_can_write():
    with Mesh(max_staleness="1s") as mesh:
        for node, folder in [("enforcer-1", "enforcer-1"), ("enforcer-1", "enforcer-1/data"), ("enforcer-1", "."), ("ledger", "ledger/data"), ("ledger", "ledger")]:
            node, path = mesh.nodes[node], mesh.dir / folder
            node.stop()
            mode = path.stat().st_mode & 0o7777
            for open_mode in (mode | 0o020, mode | 0o002):
                path.chmod(open_mode)
                line = node.fails_to_start()
                assert f"chmod go-w {path.resolve()}" in line, line
            path.chmod(mode)
            node.start()
        # Commands that use a key refuse too.
        (mesh.dir / "operator").chmod(0o777)
        assert "chmod go-w" in mesh.run("status", "--as", "operator", expect=None).err
        (mesh.dir / "operator").chmod(0o700)


def test_credential_file_that_others_can_read(mesh):
    path = mesh.credential_file(mesh.grant())
    path.chmod(0o644)
    result = mesh.run("check", "--credential-file", path, "--action", "x", expect=1)
    assert "chmod 600" in result.error["message"]


def test_init_overwrites_nothing(mesh):
    before = (mesh.dir / "operator/signing.key").read_bytes()
    one_line(penstock("init", "--dir", mesh.dir, expect=1), "holds a mesh already")
    assert (mesh.dir / "operator/signing.key").read_bytes() == before
    for flags in (["--mesh", "Not A Name"], ["--max-staleness", "1ms"], ["--port", "65533"], ["--port", "0"]):
        one_line(penstock("init", "--dir", mesh.dir / "new", *flags, expect=1))
    assert not (mesh.dir / "new").exists()


# Joining

def test_join_tokens(mesh, tmp_path):
    def join(token, name="late", expect=2):
        return penstock("node", "join", "--dir", tmp_path, "--name", name, "-o", "json", stdin=token, expect=expect)
    used = mesh.add_member("auditor", "first")
    assert join(used).error["code"] == "bad_token"
    for text in ("", "garbage", "pstjoin_", "pstjoin_AAAA", used[:-4], used[: len(used) // 2]):
        assert join(text, expect=1).err.count("\n") == 1
    fresh = mesh.run("node token", "--role", "auditor").json["token"]
    assert join(fresh, name="../up", expect=None).code in (1, 2)
    assert join(fresh, name="First Name", expect=None).code in (1, 2)
    assert not (tmp_path.parent / "up").exists()
    assert list(tmp_path.glob("*/*.key")) == [], "keys that no ledger knows were left"
    assert join(fresh, name="first").error["code"] == "exists"
    join(fresh, expect=0)
    assert join(fresh, name="later").error["code"] == "bad_token"


def test_an_expired_join_token(mesh, tmp_path):
    """Minted with a clock that is 9:57 behind, so that the ledger sees it live for some 3 s."""
    if not shutil.which("faketime"):
        pytest.skip("needs faketime")
    made = subprocess.run(
        ["faketime", "-f", "-597s", harness.BINARY, "node", "token", "--dir", mesh.dir, "--role", "auditor"], capture_output=True, text=True,
        env={**os.environ, "FAKETIME_DONT_FAKE_MONOTONIC": "1"})
    assert made.returncode == 0, made.stderr
    time.sleep(4)
    refused = penstock("node", "join", "--dir", tmp_path, "--name", "late", "-o", "json", stdin=made.stdout, expect=2)
    assert refused.error["code"] == "bad_token"


# Data folders

def test_a_data_folder_has_one_process(mesh):
    for node in (mesh.ledger, mesh[1]):
        one_line(penstock(node.kind, "--config", node.config, expect=1), str(node.pid), "in use by process")
        assert node.is_running
    mesh[1].wait_ready()


def test_another_meshs_identity(mesh):
    with Mesh(enforcers=0) as other:
        config = other.dir / "foreign.yaml"
        config.write_text(f"identity: {other.dir}/ledger\ndata: {mesh.ledger.data}-copy\n")
        shutil.copytree(mesh.ledger.data, f"{mesh.ledger.data}-copy")
        one_line(penstock("ledger", "--config", config, expect=1))


def flip(path, what, offset=0, last=False):
    """Changes one bit within the first or last place where `what` stands. Returns whether it was found."""
    data = bytearray(path.read_bytes())
    at = data.rfind(what) if last else data.find(what)
    if at < 0:
        return False
    data[at + offset] ^= 1
    path.write_bytes(data)
    return True


def test_a_flipped_bit_in_the_log():
    with Mesh(enforcers=0) as mesh:
        for agent in ("before", "find-me-here", "after"):
            grant = mesh.grant(agent=agent)
        position = grant["position"] - 1
        mesh.ledger.stop()
        path = mesh.ledger.data / "log.sqlite"
        with contextlib.closing(sqlite3.connect(path)) as database:
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        assert flip(path, b"find-me-here", 5)
        line = mesh.ledger.fails_to_start()
        assert str(position) in line and "log" in line, line


def test_a_clean_stop_leaves_nothing_in_the_write_ahead_log():
    """SQLite takes damage there for the end of what was committed, so what was acknowledged must not stay there."""
    with Mesh(enforcers=0) as mesh:
        mesh.grant()
        mesh.ledger.stop()
        sizes = {path.name: path.stat().st_size for path in mesh.ledger.data.glob("*-wal")}
        assert not any(sizes.values()), sizes


def test_a_log_cut_short():
    with Mesh(enforcers=0) as mesh:
        for number in range(5):
            mesh.grant(agent=f"agent-{number}")
        mesh.ledger.stop()
        path = mesh.ledger.data / "log.sqlite"
        with contextlib.closing(sqlite3.connect(path)) as database:
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        with open(path, "r+b") as file:
            file.truncate(path.stat().st_size // 2)
        assert "log.sqlite" in mesh.ledger.fails_to_start()


def test_a_flipped_bit_in_the_journal():
    with Mesh(max_staleness="2s", enforcers=1) as mesh:
        grant = mesh.grant()
        mesh.wait_applied()
        for number in range(300):
            mesh[1].evaluate(grant["credential"], resource=("tool", f"marked-{number:04}"))
        mesh[1].kill()
        path = next(path for path in sorted((mesh[1].data / "journal").iterdir()) if b"marked-0150" in path.read_bytes())
        assert flip(path, b"marked-0150", 9)
        line = mesh[1].fails_to_start()
        assert str(path) in line and "corrupt at byte" in line, line
        offset = int(re.search(r"at byte (\d+)", line).group(1))
        at = path.read_bytes().find(b"marked-0149") 
        assert at < offset < at + 1000, (at, line)
        # Whole again, it starts and goes on.
        data = bytearray(path.read_bytes())
        data[data.find(b"marked-0149") + (data.find(b"marked-0151") - data.find(b"marked-0149")) // 2 + 9] ^= 1
        path.write_bytes(data)
        mesh[1].start()
        assert reason(mesh[1].evaluate(grant["credential"])) == "allow"


def test_a_damaged_note_of_what_was_seen():
    with Mesh(max_staleness="2s", enforcers=1) as mesh:
        mesh[1].stop()
        for text in ("", "{", '{"position":"x"}'):
            (mesh[1].data / "seen.json").write_text(text)
            mesh[1].start(wait=False)
            eventually("socket", mesh[1].socket.exists)
            time.sleep(0.5)
            assert mesh[1].get("/readyz")[0] == 503
            assert reason(mesh[1].evaluate("pst_x")) == "no_view"
            mesh[1].stop()


# Full disks

@pytest.fixture
def small_disk():
    """Mounts a tmpfs of some megabytes over a folder, keeping what is in it."""
    mounted = []

    def mount(folder, megabytes):
        kept = folder.with_name(folder.name + ".kept")
        if folder.exists():
            folder.rename(kept)
        folder.mkdir(mode=0o700)
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=0700", "tmpfs", str(folder)], capture_output=True, text=True)
        if done.returncode:
            folder.rmdir()
            if kept.exists():
                kept.rename(folder)
            pytest.skip(f"cannot mount a tmpfs: {done.stderr.strip()}")
        mounted.append(folder)
        if kept.exists():
            shutil.copytree(kept, folder, dirs_exist_ok=True)
            shutil.rmtree(kept)

    yield mount
    for folder in mounted:
        subprocess.run(["umount", "-l", str(folder)], check=False)


def fill(folder, until=None):
    """Fills a small disk; with an event, takes whatever gets free until that is set."""
    with open(folder / "filler", "wb", buffering=0) as file:
        while True:
            try:
                file.write(b"\0" * 4096)
            except OSError:
                if until is None or until.wait(0.0005):
                    return


def test_a_full_disk_under_the_log(small_disk):
    with Mesh(max_staleness="2s", enforcers=1, start=False) as mesh:
        small_disk(mesh.ledger.data, 8)
        mesh.ledger.start()
        mesh.join("enforcer-1").start()
        acknowledged = [mesh.grant()]
        mesh.wait_applied()
        with Prober(mesh[1], acknowledged[0]["credential"]) as prober:
            fill(mesh.ledger.data)
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
        small_disk(mesh.ledger.data, 8)
        mesh.ledger.start()
        node = mesh.join("enforcer-1").start()
        grant = mesh.grant()
        mesh.wait_applied()
        fill(mesh.ledger.data)
        with contextlib.closing(node.door()) as door:
            for _ in range(4000):
                assert door.evaluate(grant["credential"], resource=("tool", "r" * 250))["decision"]
        before = eventually("refused", lambda: (counters := mesh.status()["counters"]).get("refused_unavailable") and counters)
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
