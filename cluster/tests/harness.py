"""Real Penstock processes for tests: a Mesh owns a folder, its ports and every process in it."""

import contextlib
import http.client
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import uuid

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
BINARY = None  # set by conftest: a copy, so that a rebuild does not disturb a run


class Result:
    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err

    @property
    def json(self):
        return json.loads(self.out)

    @property
    def rows(self):
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def error(self):
        """The error's body, from the last line of standard error."""
        return json.loads(self.err.strip().splitlines()[-1])["error"]


def penstock(*arguments, stdin="", expect=0, env=None, timeout=60):
    done = subprocess.run(
        [BINARY, *map(str, arguments)], input=stdin, capture_output=True, text=True, timeout=timeout,
        env={**os.environ, **(env or {})})
    assert expect is None or done.returncode == expect, (
        f"penstock {' '.join(map(str, arguments))}: status {done.returncode}, expected {expect}\n{done.stdout}{done.stderr}")
    return Result(done.returncode, done.stdout, done.stderr)


_given_ports = set()


def free_ports(count=4):
    """The first of `count` consecutive free ports, below the range that outgoing connections take theirs from."""
    start = 20000 + os.getpid() * 16 % 10000
    for first in [*range(start, 32000, count), *range(16000, start, count)]:
        if first in _given_ports:
            continue
        with contextlib.ExitStack() as stack:
            try:
                for port in range(first, first + count):
                    stack.enter_context(socket.socket()).bind(("127.0.0.1", port))
            except OSError:
                continue
        _given_ports.add(first)
        return first
    raise RuntimeError("no free ports")


def eventually(what, check, timeout=20.0, every=0.05):
    """Waits until `check()` is true, and returns what it returned."""
    deadline = time.monotonic() + timeout
    while True:
        value = check()
        if value:
            return value
        assert time.monotonic() < deadline, f"not within {timeout} s: {what}"
        time.sleep(every)


class Door(http.client.HTTPConnection):
    """A keep-alive connection to an enforcer's Unix socket."""

    def __init__(self, path, timeout=30):
        super().__init__("localhost", timeout=timeout)
        self.path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)

    def ask(self, method, path, body=None, headers=None):
        headers = {**({"Content-Type": "application/json"} if body is not None else {}), **(headers or {})}
        try:
            self.request(method, path, body=None if body is None else json.dumps(body), headers=headers)
            reply = self.getresponse()
            return reply.status, reply.read().decode(), reply
        except Exception:
            self.close()
            raise

    def evaluate(self, credential, **call):
        status, text, _ = self.ask("POST", "/access/v1/evaluation", question(credential, **call))
        assert status == 200, f"{status} {text}"
        return json.loads(text)


def question(credential, action="tools/call", resource=("tool", "x"), amounts=None, **context):
    if amounts:
        context["amounts"] = amounts
    return {
        "subject": {"type": "agent", "id": "a"},
        "action": {"name": action},
        "resource": {"type": resource[0], "id": resource[1]},
        "context": {"credential": credential, **context},
    }


def reason(answer):
    return "allow" if answer["decision"] else answer["context"]["reason"]


class Node:
    """One ledger or enforcer process; it can be started again and again."""

    def __init__(self, mesh, kind, name, config):
        self.mesh, self.kind, self.name, self.config = mesh, kind, name, pathlib.Path(config)
        self.folder = mesh.dir / name
        self.data = self.folder / "data"
        self.socket = self.folder / "enforcer.sock"
        self.stderr = mesh.dir / f"{name}.stderr"
        self.process = None
        self.ended = []
        self.clock_prefix, self.clock_env = [], {}  # see `Clock`

    def spawn(self):
        assert self.process is None
        with open(self.stderr, "ab") as log:
            self.process = subprocess.Popen(
                [*self.clock_prefix, BINARY, self.kind, "--config", self.config], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env={**self.mesh.env, **self.clock_env})
        return self

    def start(self, wait=True):
        self.spawn()
        if wait:
            self.wait_ready() if self.kind == "enforcer" else self.wait_serving()
        return self

    def fails_to_start(self, timeout=30):
        """What it wrote, once it has refused to start with status 1."""
        at = self.stderr.stat().st_size if self.stderr.exists() else 0
        self.spawn()
        code = self.process.wait(timeout)
        self.process = None
        text = self.log()[at:]
        assert code == 1, f"status {code}: {text}"
        lines = [line for line in text.splitlines() if line.startswith("penstock: ")]
        assert len(lines) == 1 and "Fatal error" not in text, f"not one clear line: {text}"
        return lines[0]

    def log(self):
        return self.stderr.read_text(errors="replace") if self.stderr.exists() else ""

    @property
    def pid(self):
        return self.process.pid

    @property
    def is_running(self):
        return self.process is not None and self.process.poll() is None

    def signal(self, number):
        self.process.send_signal(number)

    def pause(self):
        self.signal(signal.SIGSTOP)
        eventually("stopped", lambda: "State:\tT" in pathlib.Path(f"/proc/{self.pid}/status").read_text(), every=0.001)

    def resume(self):
        self.signal(signal.SIGCONT)

    def kill(self):
        if self.process is not None:
            self.signal(signal.SIGKILL)
            self.process.wait(30)
            self.process = None

    def stop(self, timeout=20):
        """A clean stop, which must succeed."""
        if self.process is None:
            return
        self.signal(signal.SIGTERM)
        self.signal(signal.SIGCONT)
        try:
            code = self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"{self.name} does not stop: {self.log()[-2000:]}") from None
        self.process = None
        assert code == 0, f"{self.name} stopped with status {code}: {self.log()[-2000:]}"

    def door(self, **options):
        return Door(self.socket, **options)

    def get(self, path):
        with contextlib.closing(self.door(timeout=10)) as door:
            return door.ask("GET", path)[:2]

    def is_ready(self):
        try:
            return self.get("/readyz")[0] == 200
        except (OSError, http.client.HTTPException):
            return False

    def wait_ready(self, timeout=30):
        def check():
            assert self.is_running, f"{self.name} ended: {self.log()[-2000:]}"
            return self.is_ready()
        eventually(f"{self.name} ready", check, timeout)

    def wait_serving(self, timeout=30):
        at = self.log().count(" serving")

        def check():
            assert self.is_running, f"{self.name} ended: {self.log()[-2000:]}"
            return self.mesh.run("status", expect=None, timeout=30).code == 0
        eventually(f"{self.name} serving ({at})", check, timeout)

    def evaluate(self, credential, **call):
        with contextlib.closing(self.door()) as door:
            return door.evaluate(credential, **call)

    def metrics(self):
        status, text = self.get("/metrics")
        assert status == 200
        return {line.rsplit(" ", 1)[0]: float(line.rsplit(" ", 1)[1]) for line in text.splitlines() if line and line[0] != "#"}


class Clock:
    """A node's wall clock, set wrong at will, while the node runs too. CLOCK_BOOTTIME stays the machine's, as it would."""

    LIBRARY = next(pathlib.Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)

    def __init__(self, node):
        self.file = node.mesh.dir / f"{node.name}.clock"
        self.set(0)
        node.clock_env = {
            "LD_PRELOAD": str(self.LIBRARY), "FAKETIME_TIMESTAMP_FILE": str(self.file), "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
        # The first process that libfaketime is loaded into gets another environment than Swift looks for its arguments behind.
        node.clock_prefix = ["env"]

    def set(self, seconds):
        beside = self.file.with_suffix(".new")
        beside.write_text(f"{seconds:+d}")
        beside.replace(self.file)


class Mesh:
    """A mesh in a folder of its own. A short path: Unix sockets allow 107 characters."""

    def __init__(self, max_staleness="1s", enforcers=1, start=True, settings="", **options):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="pst-"))
        self.marker = uuid.uuid4().hex
        self.env = {**os.environ, "PENSTOCK_TEST": self.marker}
        self.port = free_ports()
        self.nodes = {}
        flags = [part for key, value in options.items() for part in (f"--{key.replace('_', '-')}", value)]
        penstock("init", "--dir", self.dir, "--port", self.port, "--max-staleness", max_staleness, *flags)
        self.ledger = self.nodes["ledger"] = Node(self, "ledger", "ledger", self.dir / "ledger.yaml")
        if start:
            self.ledger.start()
            for number in range(1, enforcers + 1):
                self.join(f"enforcer-{number}", settings).spawn()
            for node in self.enforcers:
                node.wait_ready()

    @property
    def enforcers(self):
        return [node for node in self.nodes.values() if node.kind == "enforcer"]

    def __getitem__(self, number):
        return self.nodes[f"enforcer-{number}"]

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        self.close(failed=kind is not None)

    def run(self, command, *arguments, **options):
        return penstock(*command.split(), "--dir", self.dir, "-o", "json", *arguments, env={"PENSTOCK_TEST": self.marker}, **options)

    def add_member(self, role, name):
        token = self.run("node token", "--role", role).json["token"]
        self.run("node join", "--name", name, stdin=token)
        return token

    def node(self, name, settings=""):
        """Configures an enforcer whose identity is in the mesh's folder."""
        config = self.dir / f"{name}.yaml"
        config.write_text(f"identity: {name}\ndata: {name}/data\nsocket: {name}/enforcer.sock\n{settings}")
        self.nodes[name] = Node(self, "enforcer", name, config)
        return self.nodes[name]

    def join(self, name, settings=""):
        self.add_member("enforcer", name)
        return self.node(name, settings)

    def grant(self, *flags, agent="agent", expect=0):
        return self.run("grant issue", "--agent", agent, "--allow", "*", "--resource", "tool:*", *flags, expect=expect).json

    def credential_file(self, grant):
        path = self.dir / f"{grant['grant_id']}.credential"
        if not path.exists():
            path.touch(mode=0o600)
            path.write_text(grant["credential"] + "\n")
        return path

    def check(self, grant, *flags, node=None, expect=None):
        node = node or self.enforcers[0]
        flags = flags if "--resource" in flags else ("--resource", "tool:x", *flags)
        result = self.run(
            "check", "--credential-file", self.credential_file(grant), "--action", "tools/call", "--enforcer", f"unix:{node.socket}", *flags,
            expect=None)
        assert result.code == (0 if '"allow"' in result.out else 3), result.out + result.err
        assert expect is None or result.code == expect, result.out + result.err
        return result.json

    def revoke(self, *flags, expect=0):
        result = self.run("revoke", *flags, expect=expect)
        return result.json if result.out else result

    def log(self):
        return self.run("log show").json

    def status(self):
        return self.run("status").json

    def head(self):
        return self.status()["position"]

    def wait_applied(self, position=None):
        position = position or self.head()
        for node in self.enforcers:
            eventually(f"{node.name} at {position}", lambda: node.metrics().get("penstock_view_position", 0) >= position)

    def close(self, failed=False):
        """Stops every process, cleanly where it still runs; nothing may be left."""
        problems = []
        for node in reversed(list(self.nodes.values())):
            try:
                if node.process is not None and node.process.poll() is not None:
                    problems.append(f"{node.name} ended by itself with status {node.process.returncode}: {node.log()[-2000:]}")
                    node.process = None
                node.stop()
            except AssertionError as error:
                problems.append(str(error))
            for sign in ("Fatal error", "Crashed"):
                if sign in node.log():
                    problems.append(f"{node.name} crashed: {node.log()[-3000:]}")
        problems += [f"left behind: {line}" for line in left_behind(self.marker)]
        if failed:
            for node in self.nodes.values():
                print(f"--- {node.name} ---\n{node.log()[-3000:]}")
        shutil.rmtree(self.dir, ignore_errors=True)
        assert failed or not problems, "\n".join(problems)


def left_behind(marker):
    """Processes that carry a mesh's marker in their environment."""
    found = []
    for folder in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            if int(folder.name) != os.getpid() and marker.encode() in (folder / "environ").read_bytes():
                found.append(f"{folder.name} {(folder / 'cmdline').read_bytes()!r}")
        except OSError:
            continue
    return found


class Prober:
    """Asks one enforcer for one grant again and again, and remembers when it asked, when it heard and what."""

    def __init__(self, node, credential, pause=0.003, **call):
        self.node, self.credential, self.pause, self.call = node, credential, pause, call
        self.answers = []  # (asked, heard, reason)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def _run(self):
        door = self.node.door()
        while not self._stop.is_set():
            asked = time.monotonic()
            try:
                answer = reason(door.evaluate(self.credential, **self.call))
            except (OSError, http.client.HTTPException):
                answer = "unreachable"
            self.answers.append((asked, time.monotonic(), answer))
            time.sleep(self.pause)
        door.close()

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join(60)

    def allows_asked_after(self, when):
        return [answer for answer in self.answers if answer[0] > when and answer[2] == "allow"]

    def heard(self, since=0.0, until=float("inf")):
        return {answer for asked, at, answer in self.answers if asked >= since and at <= until}
