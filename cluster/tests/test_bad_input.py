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
        b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", b"\x00" * 4096, b"\xff" * 65536, noise.randbytes(100_000), b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
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
        # The ledger keeps the file's blocks. Without a header SQLite reads nothing of it.
        headers = {path.name: path.read_bytes()[:32] for path in mesh.ledger.data.glob("*-wal")}
        assert not any(map(any, headers.values())), headers
        alone = mesh.dir / "alone.sqlite"
        shutil.copy(mesh.ledger.data / "log.sqlite", alone)
        with contextlib.closing(sqlite3.connect(alone)) as database:
            (head,), (last,) = (database.execute(f"SELECT {what}").fetchone() for what in ("position FROM head", "max(position) FROM event"))
        mesh.ledger.start()
        assert head == last == mesh.status()["position"] - 1, "but for the epoch of the new start"


def test_a_log_cut_short():
    with Mesh(enforcers=0) as mesh:
        for number in range(5):
            mesh.grant(agent=f"agent-{number}")
        mesh.ledger.stop()
        path = mesh.ledger.data / "log.sqlite"
        with contextlib.closing(sqlite3.connect(path)) as database:
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        # The file is longer than its pages, whose number and size its header has.
        header = path.read_bytes()[:32]
        pages = int.from_bytes(header[28:32], "big") * int.from_bytes(header[16:18], "big")
        with open(path, "r+b") as file:
            file.truncate(pages // 2)
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
    """Also a note that still can be read: a root that a disk has changed would accuse the ledger of another log."""
    with Mesh(max_staleness="2s", enforcers=1) as mesh:
        mesh[1].stop()
        whole = (mesh[1].data / "seen.json").read_text()
        root = json.loads(whole)["root"]
        changed = whole.replace(root, root[:-1] + ("0" if root[-1] != "0" else "1"))
        assert changed != whole
        for text in ("", "{", '{"position":"x"}', changed):
            (mesh[1].data / "seen.json").write_text(text)
            mesh[1].start(wait=False)
            eventually("socket", mesh[1].socket.exists)
            time.sleep(0.5)
            assert mesh[1].get("/readyz")[0] == 503
            assert reason(mesh[1].evaluate("pst_x")) == "no_view"
            mesh[1].stop()
        (mesh[1].data / "seen.json").write_text(whole)
        mesh[1].start()
        assert not mesh.status()["halted"]
