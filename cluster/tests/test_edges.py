"""Where a command meets what is not its own: pipes that close, descriptors that are missing, disks that are full, files of other
editors, and its own folders after it was killed."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import time

import pytest

import harness
from harness import Mesh, eventually, free_ports, penstock


@pytest.fixture(scope="module")
def mesh():
    with Mesh(max_staleness="2s") as mesh:
        yield mesh


def shell(mesh, line, expect=None):
    """A line of bash, in which $P is the program and the mesh's folder is in the environment."""
    done = subprocess.run(
        ["bash", "-c", line], capture_output=True, text=True, timeout=60,
        env={**os.environ, "P": harness.BINARY, "PENSTOCK_DIR": str(mesh.dir), "PENSTOCK_TEST": mesh.marker})
    assert expect is None or done.returncode == expect, (line, done.returncode, done.stdout, done.stderr)
    return done


# Names

@pytest.mark.parametrize("name", ["pen\n", "pen\u2028", "\n", "pen\0stock"[:3] + "\r", "pén", ".pen", "p" * 65, "", "pen/x"], ids=repr)
def test_a_name_is_nothing_but_its_characters(mesh, tmp_path, name):
    assert "name is 1 to 64" in penstock("init", "--dir", tmp_path / "m", "--mesh", name, expect=1).err
    assert "name is 1 to 64" in penstock("node", "join", "--dir", tmp_path / "m", "--name", name, stdin="pstjoin_x", expect=1).err
    assert list(tmp_path.iterdir()) == []
    for arguments in (["--host", "127.0.0.1" + name], ["--advertise", "host" + name]):
        if name.strip() != name:
            assert "--host" in (told := penstock("init", "--dir", tmp_path / "m", *arguments, expect=1).err) or "--advertise" in told


# Readers that go, descriptors that are missing

def test_a_reader_that_has_gone_ends_a_command_in_silence(mesh):
    for command in ("log show", "status", "audit", "grant list", "watch --from 1", "log show -o json", "budget list -o jsonl"):
        done = shell(mesh, f"$P {command} 2>err-$$ | true; echo ${{PIPESTATUS[0]}}; cat err-$$ >&2; rm err-$$".replace("err-", f"{mesh.dir}/err-"))
        assert done.stdout.strip() in ("141", "0") and done.stderr == "", (command, done)
    done = shell(mesh, "(sleep 0.7; exec 1>&-; $P log show) | (exec 0<&-; sleep 1.5); echo ${PIPESTATUS[0]}")
    assert "Bad file descriptor" in done.stderr


def test_a_change_is_named_though_nobody_reads_the_answer(mesh):
    done = shell(mesh, "(sleep 0.5; $P revoke --agent nobody-reads; echo $? >&2) | exec 0<&-")
    assert done.stderr.strip().endswith("1") and "what was done stands" in done.stderr, done
    event = mesh.run("revocation list").json[-1]["event_id"]
    assert f"event {event}" in done.stderr


@pytest.mark.parametrize("redirection", [">&-", "<&- >&-", "<&- >&- 2>&-", "2>&-", "<&-"])
def test_a_descriptor_that_was_closed_gets_nothing_else(mesh, redirection):
    before = mesh.head()
    done = shell(mesh, f"$P grant issue --agent a --allow '*' --resource 'tool:*' {redirection}; echo $?", expect=0)
    assert done.stdout.split()[-1] == ("1" if ">&- " in redirection + " " and "2>&-" != redirection else "0"), done
    if redirection in (">&-", "<&- >&-"):
        assert "Bad file descriptor" in done.stderr and "credential is lost" in done.stderr
    assert mesh.head() > before


@pytest.mark.parametrize("kind", ["up", "ledger", "enforcer"])
@pytest.mark.parametrize("redirection", ["2> >(exec true)", "2>&- >&- <&-"])
def test_what_serves_outlives_whoever_reads_its_messages(kind, redirection):
    with Mesh(max_staleness="1s") as mesh:
        if kind == "up":
            mesh[1].stop()
            mesh.ledger.stop()
            command, probe = f"up --dir {mesh.dir}", mesh.dir / "enforcer-1/enforcer.sock"
        else:
            node = mesh.ledger if kind == "ledger" else mesh[1]
            node.stop()
            command = f"{kind} --config {node.config}"
        process = subprocess.Popen(["bash", "-c", f"exec {harness.BINARY} {command} {redirection}"], env=mesh.env, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
        try:
            eventually("it serves", lambda: mesh.run("status", expect=None).code == 0 and [row["state"] for row in mesh.status()["nodes"] if row["node"] == "enforcer-1" and row["current"]] == ["fresh"], 30)
            # What it says from here on, nobody reads.
            for name in ("x", "y"):
                mesh.revoke("--agent", name)
            files = {number: os.readlink(f"/proc/{process.pid}/fd/{number}") for number in "012"}
            assert not any("sqlite" in file or "anon" in file or "socket" in file or "journal" in file for file in files.values()), files
            assert process.poll() is None and mesh.run("log verify").json["ok"]
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(10) == 0
        for node in mesh.nodes.values():
            if node.process is None and kind != "up":
                node.start()
        if kind == "up":
            mesh.ledger.start()
            mesh[1].start()


# Output that cannot be written

def test_a_change_whose_answer_cannot_be_written_is_named(mesh, tmp_path):
    mesh.run("budget create", "full", "--unit", "calls", "--ceiling", "5")
    mesh.run("rate create", "full", "--unit", "calls", "--rate", "5/1s", "--for", "agent=full")
    penstock("node", "join", "--dir", tmp_path / "other", "--name", "expelled", stdin=mesh.run("node token", "--role", "auditor").json["token"])
    grant = mesh.grant("--renewable", "1h", "--ttl", "1m")
    mesh.wait_applied()
    changes = [
        "revoke --agent full", "suspend --agent full", "throttle --agent full --rate 5/1s", "reinstate --agent full --yes", "grant issue --agent a --allow x",
        f"grant renew {grant['grant_id']} --ttl 5m", "node token --role auditor", "node expel expelled --yes", "budget create full2 --unit calls --ceiling 5",
        "budget set-ceiling full 6", "budget change full --max-out 2", "budget set-tolerance 1%", "budget close full --yes", "rate create full2 --unit calls --rate 5/1s --for agent=x",
        "rate change full --rate 6/1s", "rate close full",
    ]
    for change in changes:
        for form in ("-o json", ""):
            if form == "" and change.split()[0] in ("node", "reinstate") or form == "" and change.split()[1] in ("create", "close"):
                continue
            done = shell(mesh, f"$P {change} {form} >/dev/full; echo $?")
            last = mesh.log()[-1]
            assert done.stdout.strip() == "1" and "No space left" in done.stderr, (change, done)
            if change.startswith("grant issue"):
                assert "grt_" in done.stderr and "credential is lost" in done.stderr
            elif change.startswith("node token"):
                assert f"position {last['position']}" in done.stderr and "ends by itself" in done.stderr
            else:
                assert f"event {last['id']}" in done.stderr and f"position {last['position']}" in done.stderr, (change, done.stderr, last)
    done = shell(mesh, f"$P init --dir {tmp_path}/m -o json >/dev/full; echo $?")
    assert "is made in" in done.stderr and done.stdout.strip() == "1"
    assert "what was done" not in shell(mesh, "$P status >/dev/full").stderr
    done = shell(mesh, f"$P log backup {tmp_path}/backup >/dev/full; echo $?")
    assert f"{tmp_path}/backup" in done.stderr and (tmp_path / "backup").exists()


# The environment

def test_a_variable_is_named_where_it_matters(mesh):
    env = {"PENSTOCK_DIR": str(mesh.dir), "PENSTOCK_AS": "operator"}
    for arguments in (["grant", "issue", "--file", "/none"], ["grant", "show", "x"], ["log", "backup", "/proc/none/x"], ["grant", "issue", "--agent", "a", "--allow", "x", "--as", "issuer", "--grace", "1s"]):
        result = penstock(*arguments, env=env, expect=None)
        assert result.code and "PENSTOCK_" not in result.err, result.err
    assert "PENSTOCK_AS" in penstock("status", env={**env, "PENSTOCK_AS": "nobody"}, expect=1).err
    assert "PENSTOCK_DIR" in penstock("status", env={"PENSTOCK_DIR": "/none"}, expect=1).err


# Files

MARKS = {"a byte order mark": b"\xef\xbb\xbf", "": b""}


@pytest.mark.parametrize("command", ["ledger", "enforcer"])
def test_settings_as_editors_write_them(tmp_path, command):
    text = "identity: nowhere\ndata: x\n"
    path = tmp_path / "config.yaml"
    for begin in MARKS.values():
        path.write_bytes(begin + text.encode())
        assert "nowhere/member.json" in penstock(command, "--config", path, expect=1).err
        path.write_bytes(begin + text.replace("\n", "\r\n").encode())
        assert "nowhere/member.json" in penstock(command, "--config", path, expect=1).err
    for data in (text.encode("utf-16"), text.encode("utf-16-le"), text.encode("utf-32"), text.encode() + b"\xff", "identity: é".encode("latin-1")):
        path.write_bytes(data)
        assert "not text in UTF-8" in penstock(command, "--config", path, expect=1).err
    for value in ("[a, b]", "{a: b}", "\n  a: b", "\n  - a"):
        path.write_text(f"identity: {value}\ndata: x\n")
        told = penstock(command, "--config", path, expect=1).err
        assert "'identity' must be a text or a number" in told, told


def test_files_of_other_editors(mesh, tmp_path):
    path = tmp_path / "grant.json"
    text = json.dumps({"agent_id": "a", "allowed_actions": ["x"], "resources": ["tool:*"]})
    path.write_bytes(b"\xef\xbb\xbf" + text.encode())
    assert mesh.run("grant issue", "--file", path).json["grant_id"]
    for data in (text.encode("utf-16"), text.encode("utf-16-le"), text.encode() + b"\xff"):
        path.write_bytes(data)
        assert "not text in UTF-8" in mesh.run("grant issue", "--file", path, expect=1).error["message"]
    prices = tmp_path / "prices.yaml"
    (mesh.dir / "mcp.yaml").write_text(f"enforcer: unix:enforcer-1/enforcer.sock\ncredential_file: {mesh.credential_file(mesh.grant())}\nprices: {prices}\n")
    for data, words in ((b"\xef\xbb\xbfversion: v\nrules: []\n", None), ("version: v\nrules: []\n".encode("utf-16"), "not text in UTF-8"), (b"version: [\n", "no YAML of")):
        prices.write_bytes(data)
        result = penstock("mcp", "--config", mesh.dir / "mcp.yaml", "--", "true", expect=None)
        assert (words in result.err and str(prices) in result.err) if words else result.code == 0, result.err


def test_a_receipt_has_its_own_members_only(mesh, tmp_path):
    mesh.run("revoke", "--agent", "receipts", "--receipt", tmp_path / "receipt")
    eventually("complete", lambda: mesh.run("receipt show", mesh.run("revocation list").json[-1]["position"], "--receipt", tmp_path / "receipt").json["complete"])
    text = (tmp_path / "receipt").read_text()
    penstock("receipt", "verify", tmp_path / "receipt", "--policy", mesh.dir / "policy")
    def renamed(old, new):
        return text.replace(f'"{old}"', f'"{new}"').encode()
    for data in (
        text.encode("utf-16"), text.encode("utf-16-le"), b"\xef\xbb\xbf" + text.encode(), text.replace("{", '{"note": "all is well",', 1).encode(),
        text.replace('"nodes" : [', '"nodes" : [{"node": "x"},', 1).encode(), renamed("event_id", "eventId"), renamed("elapsed_us", "elapsedUs"),
        text.replace('"after_ms"', '"extra" : {"a": 1}, "after_ms"', 1).encode(), text.replace("{", '{"complete": false,', 1).encode()):
        (tmp_path / "receipt").write_bytes(data)
        assert "no receipt" in penstock("receipt", "verify", tmp_path / "receipt", "--policy", mesh.dir / "policy", expect=1).err
    member = mesh.dir / "issuer/member.json"
    whole = member.read_text()
    member.write_text(whole.replace("{", '{"note": 1,', 1))
    assert "'note'" in mesh.run("status", "--as", "issuer", expect=1).error["message"]
    member.write_text(whole)


# What a command that was ended has left

def test_a_join_goes_on_where_it_was_ended(mesh, tmp_path):
    def join(name, expect=0, role="auditor"):
        token = mesh.run("node token", "--role", role).json["token"]
        return penstock("node", "join", "--dir", tmp_path, "--name", name, "-o", "json", stdin=token, expect=expect)
    join("whole")
    whole = {path.name: path.read_bytes() for path in (tmp_path / "whole").iterdir()}
    assert join("whole", expect=1).error["code"] == "identity"
    # Keys that were being written.
    for number, cut in enumerate([{"signing.key": 0}, {"channel.key": 0}, {"signing.key": 45, "channel.key": 10}, {"signing.key": 45, "channel.key": 0}]):
        folder = tmp_path / f"half-{number}"
        folder.mkdir(mode=0o700)
        for name, length in cut.items():
            (folder / name).touch(mode=0o600)
            (folder / name).write_bytes(whole[name][:length])
        join(folder.name)
        assert penstock("status", "--dir", tmp_path, "--as", folder.name).code == 0
    # Admitted, and ended before it had noted so.
    (tmp_path / "whole/member.json").unlink()
    assert json.loads(join("whole").out)["node"] == "whole"
    assert penstock("status", "--dir", tmp_path, "--as", "whole").code == 0
    assert {path.name: path.read_bytes() for path in (tmp_path / "whole").iterdir()} == whole


@pytest.mark.parametrize("wait", [0.01, 0.03, 0.05, 0.08, 0.12, 0.16])
def test_a_mesh_is_made_whole_or_not_at_all(tmp_path, wait):
    port = free_ports()
    process = subprocess.Popen([harness.BINARY, "init", "--dir", tmp_path / "m", "--port", str(port)], stderr=subprocess.DEVNULL)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(wait)
    process.kill()
    process.wait()
    names = {path.name for path in (tmp_path / "m").iterdir()} - {".new-mesh"} if (tmp_path / "m").exists() else set()
    assert names in (set(), {"ledger", "operator", "issuer", "ledger.yaml", "enforcer.yaml", "mcp.yaml", "policy"}), names
    if not names:
        penstock("init", "--dir", tmp_path / "m", "--port", port)
        assert not (tmp_path / "m/.new-mesh").exists()


def test_up_goes_on_wherever_it_was_killed(tmp_path):
    folder, env = tmp_path / "m", {**os.environ, "PENSTOCK_TEST": "up"}
    penstock("init", "--dir", folder, "--port", free_ports(), "--max-staleness", "500ms")
    for wait in (0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5):
        process = subprocess.Popen([harness.BINARY, "up", "--dir", folder, "--enforcers", "3"], env=env, stderr=subprocess.DEVNULL)
        time.sleep(wait)
        process.kill()
        process.wait()
    process = subprocess.Popen([harness.BINARY, "up", "--dir", folder, "--enforcers", "3"], env=env, stderr=subprocess.DEVNULL)
    try:
        eventually("all fresh", lambda: (done := penstock("status", "--dir", folder, "-o", "json", expect=None)).code == 0
                   and {row["node"] for row in done.json["nodes"] if row["state"] == "fresh" and row["role"] == "enforcer"} == {"enforcer-1", "enforcer-2", "enforcer-3"}, 30)
        assert (folder / "policy").read_text().count("witness ") == 3
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0


def test_joining_on_a_full_disk(mesh, tmp_path, small_disk):
    token = mesh.run("node token", "--role", "enforcer").json["token"]
    small_disk(tmp_path / "small", 1)
    with open(tmp_path / "small/filler", "wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(b"\0" * 4096)
    told = penstock("node", "join", "--dir", tmp_path / "small", "--name", "cramped", stdin=token, expect=1).err
    assert "No space left" in told, told
    (tmp_path / "small/filler").unlink()
    penstock("node", "join", "--dir", tmp_path / "small", "--name", "cramped", stdin=token)


def joining(folder, names, tokens):
    processes = []
    for name, token in zip(names, tokens):
        processes.append(subprocess.Popen([harness.BINARY, "node", "join", "--dir", folder, "--name", name], stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True))
        processes[-1].stdin.write(token)
    for process in processes:
        process.stdin.close()
    return [(process.wait(60), process.stderr.read()) for process in processes]


def test_one_name_joins_once(mesh, tmp_path):
    tokens = [mesh.run("node token", "--role", "auditor").json["token"] for _ in range(4)]
    ends = joining(tmp_path, ["same"] * 4, tokens)
    assert sorted(code for code, _ in ends) == [0, 1, 1, 1] and all("holds an identity already" in told for code, told in ends if code), ends
    assert penstock("status", "--dir", tmp_path).code == 0


def test_nodes_that_join_at_once_are_all_in_the_policy(mesh):
    names = [f"many-{number}" for number in range(8)]
    ends = joining(mesh.dir, names, [mesh.run("node token", "--role", "enforcer").json["token"] for _ in names])
    assert all(code == 0 for code, _ in ends), ends
    policy = (mesh.dir / "policy").read_text()
    assert all(f"witness {name} " in policy for name in names), policy
    assert set(policy.splitlines()) <= set(penstock("receipt", "policy", "--dir", mesh.dir).out.splitlines())
