"""Addresses, variables and files, as people and platforms hand them to a command: each works, or the message says what is true."""

import json
import os
import pathlib
import signal
import socket
import subprocess
import time

import harness
import pytest
from harness import Mesh, eventually, free_ports, penstock


@pytest.fixture(scope="module")
def mesh():
    with Mesh(max_staleness="2s") as mesh:
        yield mesh


@pytest.fixture
def place(tmp_path):
    """Short enough for a socket's path."""
    folder = pathlib.Path(harness.tempfile.mkdtemp(prefix="pp-"))
    yield folder
    harness.shutil.rmtree(folder, ignore_errors=True)


def runs(command, config, env=None, seconds=20):
    """Whether a node of this configuration comes up: what it wrote to standard error, once its door answers."""
    process = subprocess.Popen([harness.BINARY, command, "--config", config], stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True, env={**os.environ, **(env or {})})
    try:
        process.wait(seconds if env is None else 2.5)
        return process.returncode, process.stderr.read()
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGTERM)
        return 0, process.communicate(timeout=10)[1]


# MARK: addresses

@pytest.mark.parametrize("host", ["::1", "[::1]", "localhost", "127.0.0.2", "LOCALHOST.", "0:0:0:0:0:0:0:1"])
def test_a_mesh_comes_up_wherever_init_takes_it(place, host):
    port = free_ports()
    penstock("init", "--dir", place / "m", "--host", host, "--port", port)
    with open(place / "log", "w") as log:
        process = subprocess.Popen([harness.BINARY, "up", "--dir", place / "m"], stderr=log, stdin=subprocess.DEVNULL)
    try:
        eventually("the mesh is up", lambda: "mesh up" in (place / "log").read_text() or process.poll() is not None, 30)
        rows = penstock("status", "--dir", place / "m", "-o", "json").json["nodes"]
        assert "enforcer-1" in [row["node"] for row in rows]
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0, (place / "log").read_text()


@pytest.mark.parametrize("host, message", [
    ("exa mple", "not 'exa mple'"), ("", "not ''"), ("127.0.0.1:80", "the port is --port"), ("tcp://127.0.0.1", "not 'tcp://"), ("127.1", "not '127.1'"),
    ("300.1.1.1", "not '300"), ("192.0.2.7", "no address of this machine"), ("2001:db8::7", "no address of this machine"), ("lo", "network interface"),
    ("no-such-name.invalid", "no name that this machine knows"), ("[::1", "not '[::1'"), ("fe80::1%lo", "not 'fe80"), ("*", "not '*'"), ("a/b", "not 'a/b'"),
    ("0.0.0.0", "--advertise"), ("::", "--advertise"), ("[::]", "--advertise"), ("0:0::0", "--advertise"),
])
def test_init_refuses_what_the_ledger_cannot_serve(place, host, message):
    error = penstock("init", "--dir", place / "m", "--host", host, "--port", 20001, "-o", "json", expect=1).error
    assert message in error["message"], error
    assert not (place / "m").exists()


@pytest.mark.parametrize("port", ["0", "65533", "65536", "-1", "x", ""])
def test_init_refuses_ports_that_are_none(place, port):
    assert penstock("init", "--dir", place / "m", f"--port={port}", expect=None).code in (1, 64)
    assert not (place / "m").exists()


@pytest.mark.parametrize("listen, advertise", [("0.0.0.0", "127.0.0.1"), ("::", "localhost"), ("[::]", "::1"), ("127.0.0.1", "localhost"), ("0.0.0.0", "127.0.0.3")])
def test_what_others_connect_to_is_advertised(place, listen, advertise):
    port = free_ports()
    penstock("init", "--dir", place / "m", "--host", listen, "--advertise", advertise, "--port", port)
    shown = f"[{advertise}]" if ":" in advertise else advertise
    for name in ("operator", "issuer", "ledger"):
        assert json.loads((place / "m" / name / "member.json").read_text())["ledger"]["requests"] == f"tcp://{shown}:{port}"
    process = subprocess.Popen([harness.BINARY, "ledger", "--config", place / "m/ledger.yaml"], stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
    try:
        eventually("the ledger", lambda: penstock("status", "--dir", place / "m", expect=None).code == 0, 20)
        token = penstock("node", "token", "--dir", place / "m", "--role", "auditor").out
        penstock("node", "join", "--dir", place / "other", "--name", "far", stdin=token)
        member = json.loads((place / "other/far/member.json").read_text())
        assert "listen" not in member and all(shown in member["ledger"][key] for key in ("requests", "log", "urgent", "join"))
        assert penstock("status", "--dir", place / "other").code == 0
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
    for wrong in ("0.0.0.0", "[::]", "a b", "host:80", "http://x"):
        assert "--advertise" in penstock("init", "--dir", place / "n", "--advertise", wrong, "-o", "json", expect=1).error["message"]


@pytest.mark.parametrize("enforcer", [
    "localhost:8080", "127.0.0.1:8080", "https://127.0.0.1:80", "http://example.org:80", "http://127.0.0.1", "http://127.0.0.1:0", "http://127.0.0.1:65536",
    "http://127.0.0.1:8080/x", "http://::1:80", "tcp://127.0.0.1:80", "unix:", "socket", "http://10.0.0.1:80"])
def test_an_enforcers_address_is_read_in_one_way(mesh, enforcer):
    grant = mesh.grant(agent="address")
    flags = ("--credential-file", mesh.credential_file(grant), "--action", "x")
    by_flag = mesh.run("check", *flags, "--enforcer", enforcer, expect=1).error["message"]
    assert "unix:PATH" in by_flag and "http://HOST:PORT" in by_flag
    by_variable = penstock("check", "--dir", mesh.dir, *flags, "-o", "json", env={"PENSTOCK_ENFORCER": enforcer}, expect=1).error["message"]
    assert "PENSTOCK_ENFORCER" in by_variable
    config = mesh.dir / "address.yaml"
    config.write_text(f"enforcer: '{enforcer}'\ncredential_file: {mesh.credential_file(grant)}\n")
    assert "unix:PATH" in penstock("mcp", "--config", config, "--", "true", expect=1).err


def test_up_makes_nothing_where_a_port_is_taken(place):
    with socket.socket() as holder:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.bind(("127.0.0.1", 7812))
        holder.listen()
        error = penstock("up", "--dir", place / "m", expect=1).err
    assert "port 7812 is in use" in error and "--port" in error and not (place / "m").exists()
    (place / "m").mkdir(mode=0o700)
    (place / "m/policy").write_text("mine\n")
    assert "policy exists" in penstock("init", "--dir", place / "m", expect=1).err
    assert [path.name for path in (place / "m").iterdir()] == ["policy"] and (place / "m/policy").read_text() == "mine\n"


# MARK: variables

def configured(mesh, name):
    if name not in [path.name for path in mesh.dir.iterdir()]:
        mesh.add_member("enforcer", name)
    config = mesh.dir / f"{name}.yaml"
    config.write_text(f"identity: {name}\ndata: {name}/data\nsocket: {name}/s.sock\nport: 0\n")
    return config


@pytest.mark.parametrize("value", ["tcp://10.96.0.12:80", "udp://10.0.0.1:53", "tcp://[fd00::1]:80"])
def test_what_a_platform_sets_for_a_service_is_passed_over(mesh, value):
    code, err = runs("enforcer", configured(mesh, "linked"), {"PENSTOCK_PORT": value, "PENSTOCK_SERVICE_HOST": "10.0.0.1", "PENSTOCK_PORT_80_TCP_ADDR": "10.0.0.1"})
    assert code == 0 and "PENSTOCK_PORT" in err and value in err, err


@pytest.mark.parametrize("name, value", [("PORT", "8o80"), ("PORT", "70000"), ("JOURNAL_MEGABYTES", "1"), ("JOURNAL_MEGABYTES", "lots"), ("IDENTITY", "/none"), ("DATA", "/proc/none"), ("HOST_NAMES", "a b")])
def test_a_wrong_variable_is_named(mesh, name, value):
    code, err = runs("enforcer", configured(mesh, "wrong"), {f"PENSTOCK_{name}": value})
    assert code == 1 and f"PENSTOCK_{name}" in err and value in err, err


@pytest.mark.parametrize("command, names", [
    ("enforcer", ["PORT", "DATA", "IDENTITY", "SOCKET", "AUDIENCES", "JOURNAL_MEGABYTES", "HOST_NAMES", "LOG"])])
def test_an_empty_variable_is_as_good_as_absent(mesh, command, names):
    code, err = runs(command, configured(mesh, "empty"), {f"PENSTOCK_{name}": "" for name in names})
    assert code == 0, err


def test_empty_and_wrong_variables_of_commands(mesh):
    grant = mesh.grant(agent="vars")
    empty = {f"PENSTOCK_{name}": "" for name in ("DIR", "AS", "OUTPUT", "ENFORCER", "CREDENTIAL_FILE", "LOG")}
    assert penstock("status", "--dir", mesh.dir, env=empty).code == 0
    flags = ("check", "--dir", mesh.dir, "--credential-file", mesh.credential_file(grant), "--action", "x", "--resource", "tool:x", "--enforcer", f"unix:{mesh[1].socket}")
    assert penstock(*flags, env=empty).code == 0
    assert "PENSTOCK_DIR" in penstock("status", env={"PENSTOCK_DIR": "/none"}, expect=1).err
    assert "PENSTOCK_AS" in penstock("status", "--dir", mesh.dir, env={"PENSTOCK_AS": "nobody"}, expect=1).err
    assert "PENSTOCK_CREDENTIAL_FILE" in penstock("check", "--dir", mesh.dir, "--action", "x", env={"PENSTOCK_CREDENTIAL_FILE": "/none"}, expect=1).err
    assert "PENSTOCK_LOG" in runs("enforcer", configured(mesh, "logs"), {"PENSTOCK_LOG": "loud"})[1]
    assert runs("ledger", mesh.dir / "ledger.yaml", {"PENSTOCK_DATA": ""})[1].count("in use") == 1


def test_a_relative_path_means_one_thing(mesh, place):
    grant = mesh.grant(agent="relative")
    (place / "credential").touch(mode=0o600)
    (place / "credential").write_text(grant["credential"])
    config = mesh.dir / "relative.yaml"
    config.write_text("enforcer: unix:enforcer-1/enforcer.sock\n")
    env = {**os.environ, "PENSTOCK_CREDENTIAL_FILE": "credential"}
    ping = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "ping"})
    done = subprocess.run([harness.BINARY, "mcp", "--config", config, "--", "sleep", "1"], cwd=place, env=env, input=ping, capture_output=True, text=True, timeout=20)
    assert "credential" not in done.stderr and done.returncode == 0, done.stderr
    done = subprocess.run([harness.BINARY, "check", "--action", "x", "--resource", "tool:x", "--enforcer", f"unix:{os.path.relpath(mesh[1].socket, place)}"], cwd=place, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    config.write_text("enforcer: unix:enforcer-1/enforcer.sock\ncredential_file: none\n")
    done = subprocess.run([harness.BINARY, "mcp", "--config", config, "--", "true"], cwd=place, capture_output=True, text=True)
    assert f"{mesh.dir}/none" in done.stderr


# MARK: credential files

@pytest.fixture(scope="module")
def secret(mesh):
    grant = mesh.grant(agent="files")
    mesh.wait_applied()
    return grant["credential"]


def ask(mesh, path, expect=0, **options):
    return mesh.run("check", "--credential-file", path, "--action", "x", "--resource", "tool:x", "--enforcer", f"unix:{mesh[1].socket}", expect=expect, **options)


@pytest.mark.parametrize("write", [
    lambda text: text.encode(), lambda text: text.encode() + b"\n", lambda text: text.encode() + b"\r\n\r\n", lambda text: b"\xef\xbb\xbf" + text.encode() + b"\r\n",
    lambda text: text.encode("utf-16"), lambda text: b"\xfe\xff" + text.encode("utf-16-be"), lambda text: b"  \t" + text.encode() + b" \n\n"], ids=range(7))
def test_a_credential_is_read_as_systems_write_it(mesh, secret, place, write):
    path = place / "credential"
    path.touch(mode=0o600)
    path.write_bytes(write(secret))
    ask(mesh, path)


@pytest.mark.parametrize("mode", [0o400, 0o440, 0o600, 0o640])
def test_modes_that_are_taken(mesh, secret, place, mode):
    path = place / "credential"
    path.write_text(secret)
    path.chmod(mode)
    ask(mesh, path)


@pytest.mark.parametrize("mode", [0o644, 0o444, 0o604, 0o620, 0o660, 0o602])
def test_modes_that_are_refused(mesh, secret, place, mode):
    path = place / "credential"
    path.write_text(secret)
    path.chmod(mode)
    assert "by others" in ask(mesh, path, expect=1).error["message"]


def test_a_credential_by_pipe(mesh, secret, place):
    ask(mesh, "-", stdin=secret + "\r\n")
    ask(mesh, "/dev/stdin", stdin=secret + "\n")
    os.mkfifo(place / "fifo")
    writer = subprocess.Popen(["sh", "-c", f"printf '%s\\n' '{secret}' > {place}/fifo"])
    ask(mesh, place / "fifo")
    writer.wait(5)
    line = f"exec {harness.BINARY} check --action x --resource tool:x --enforcer unix:{mesh[1].socket} --credential-file <(printf %s '{secret}')"
    assert subprocess.run(["bash", "-c", line], capture_output=True).returncode == 0
    assert "folder" in ask(mesh, place, expect=1).error["message"]
    assert "no credential" in ask(mesh, "/dev/null", expect=1).error["message"]


def test_a_gateway_does_not_take_its_clients_input_for_a_credential(mesh):
    config = mesh.dir / "stdin.yaml"
    config.write_text(f"enforcer: unix:{mesh[1].socket}\n")
    for path in ("-", "/dev/stdin", "/dev/fd/0", "/proc/self/fd/0"):
        result = penstock("mcp", "--config", config, "--", "true", env={"PENSTOCK_CREDENTIAL_FILE": path}, expect=1, stdin="x")
        assert "client" in result.err, result.err


def test_a_credential_behind_platform_links(mesh, secret, place):
    """As Kubernetes mounts a secret: files are links into ..data, which is a link that is replaced."""
    (place / "..2026").mkdir()
    (place / "..2026/token").write_text(secret)
    (place / "..2026/token").chmod(0o440)
    (place / "..data").symlink_to("..2026")
    (place / "token").symlink_to("..data/token")
    ask(mesh, place / "token")


# MARK: outputs

def test_a_receipts_path_is_tested_before_the_revoke(mesh, place):
    mesh.run("log export", place / "log")
    harness.shutil.rmtree(place / "log")
    (place / "folder").mkdir()
    for path in (place / "none/receipt.json", place / "folder", "/proc/x", f"{place}/x/", "/dev/full/x"):
        message = mesh.run("revoke", "--agent", "nobody-yet", "--receipt", path, expect=1).error["message"]
        assert "cannot write" in message and "Cocoa" not in message and "Foundation" not in message
    assert mesh.run("revocation list").json == [], "a revoke was made"
    assert list(place.iterdir()) == [place / "folder"]
    made = mesh.run("revoke", "--agent", "nobody-yet", "--receipt", place / "r.json").json
    assert sorted(path.name for path in place.iterdir()) == ["folder", "r.json", "r.json.tlog-proof"]
    assert "cannot write" in mesh.run("receipt show", made["position"], "--receipt", place / "none/r", expect=1).error["message"]
    assert "none" in mesh.run("log export", "/proc/none", expect=1).error["message"]


def test_restore_refuses_a_folder_that_is_no_ledgers(mesh, place):
    mesh.run("log backup", place / "backup")
    (place / "other").mkdir()
    (place / "other/x").touch()
    for folder, message in [(place / "typo", "no folder"), (place / "other", "no log"), (mesh.dir / "ledger", f"{mesh.dir}/ledger/data does"), (mesh[1].data, "no log"), (place / "backup", "no folder")]:
        error = penstock("log", "restore", place / "backup", "--data", folder, "--yes", "-o", "json", expect=1).error["message"]
        assert message in error, error
    assert not (place / "typo").exists() and sorted(path.name for path in place.iterdir()) == ["backup", "other"]


def test_no_error_speaks_of_its_library(mesh, place):
    """Damaged and missing files of every kind."""
    found = []

    def say(*arguments, **options):
        result = penstock(*arguments, expect=None, **options)
        assert result.code not in (0, -5, -4, -11), arguments
        found.append(result.err + result.out)
    mesh.add_member("auditor", "broken")
    folder = mesh.dir / "broken"
    whole = {path.name: path.read_text() for path in folder.iterdir() if path.is_file()}
    for name, text in [("signing.key", "abc\n"), ("signing.key", "QUJD\n"), ("channel.key", "abc"), ("member.json", "{"), ("member.json", "[]"), ("member.json", '{"mesh": 3}'), ("member.json", "\xff")]:
        (folder / name).write_text(text, encoding="latin-1")
        say("status", "--dir", mesh.dir, "--as", "broken")
        (folder / name).write_text(whole[name])
    (place / "x").write_text("log x\n")
    (place / "y").write_text("{}")
    (place / "z.yaml").write_text("a: [\n")
    for name in ("y", "y.tlog-proof"):
        (place / name).write_text("{}")
    say("receipt", "verify", place / "y", "--policy", place / "x")
    say("receipt", "verify", place / "none", "--policy", place / "x")
    say("log", "restore", place / "x", "--data", mesh.dir / "ledger/data", "--yes")
    for command in ("ledger", "enforcer"):
        for config in (place / "z.yaml", place / "none.yaml", place, place / "x"):
            say(command, "--config", config)
    say("init", "--dir", "/proc/none/x")
    say("init", "--dir", place / "x" / "y")
    say("grant", "issue", "--dir", mesh.dir, "--file", place / "none")
    say("grant", "issue", "--dir", mesh.dir, "--file", place / "x")
    say("node", "join", "--dir", mesh.dir, "--name", "z", stdin="pstjoin_AAAA")
    say("log", "backup", "/proc/none/x", "--dir", mesh.dir)
    for text in found:
        for word in ("Cocoa", "NSError", "NSPOSIX", "Foundation", "Swift.", "seedLength", "Domain=", "UserInfo", "DecodingError", "Yams", "GRDB", "errno", "(error ", "Optional("):
            assert word not in text, text
