"""Body of cluster/demo: a mesh of four processes, an agent that works through the gateway, and its revocation.

usage: demo.py PENSTOCK_BINARY [--embedded] [--keep]

All times are CLOCK_MONOTONIC, which the tap, the agent and this process read on the same machine.
"""
import json
import os
import random
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
BINARY = sys.argv[1]
EMBEDDED, KEEP = "--embedded" in sys.argv[2:], "--keep" in sys.argv[2:]
RATE = 20
WORK_SECONDS = 2.5
AFTER_SECONDS = 3.0
CEILING = 200
WINDOW_MS = 500
# Inherited by every process of this run, so that none can be missed at the end.
MARK = "DEMO_OF_PENSTOCK"
STARTED = time.monotonic()


class Failed(Exception):
    """What a reader is told; nothing of it is a surprise to this program."""


def say(text):
    print(f"{time.monotonic() - STARTED:5.1f} s  {text}", flush=True)


def until(done, seconds, what):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if value := done():
            return value
        time.sleep(0.02)
    raise Failed(f"{what}: not within {seconds} s")


def free_ports(count):
    """The first of so many consecutive free ports, below those that the system hands out itself."""
    for first in random.sample(range(20000, 32000, count), 100):
        sockets = [socket.socket() for _ in range(count)]
        try:
            for offset, one in enumerate(sockets):
                one.bind(("127.0.0.1", first + offset))
            return first
        except OSError:
            continue
        finally:
            for one in sockets:
                one.close()
    raise Failed(f"no {count} consecutive free ports on 127.0.0.1")


def is_ready(path):
    """Whether the enforcer at this socket answers /readyz with 200."""
    try:
        with socket.socket(socket.AF_UNIX) as one:
            one.settimeout(1)
            one.connect(path)
            one.sendall(b"GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            return one.recv(64).split(b" ")[1:2] == [b"200"]
    except OSError:
        return False


class Mesh:
    """The folder, the processes in it, and the command line as an operator uses it."""

    def __init__(self):
        base = tempfile.gettempdir()
        # A Unix socket's path has at most 107 bytes.
        self.folder = tempfile.mkdtemp(prefix="penstock-demo-", dir=base if len(base) < 40 else "/tmp")
        self.dir = self.folder + "/mesh"
        self.logs = self.folder + "/logs"
        os.mkdir(self.logs)
        self.environment = {k: v for k, v in os.environ.items() if not k.startswith("PENSTOCK_")}
        self.environment |= {MARK: self.folder, "PENSTOCK_DIR": self.dir, "NO_COLOR": "1"}
        self.running = {}

    def run(self, *arguments, stdin=None):
        done = subprocess.run(
            [BINARY, *arguments], input=stdin, env=self.environment, capture_output=True, text=True, timeout=30, cwd=self.folder)
        if done.returncode:
            raise Failed(f"penstock {' '.join(arguments)}: exit status {done.returncode}\n{done.stderr.strip() or done.stdout.strip()}")
        return done.stdout

    def json(self, *arguments):
        return json.loads(self.run(*arguments, "-o", "json"))

    def start(self, name, *arguments):
        with open(f"{self.logs}/{name}", "ab") as log:
            self.running[name] = subprocess.Popen(
                [BINARY, *arguments], stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self.environment, cwd=self.folder,
                start_new_session=True)

    def write(self, name, text, mode=0o600):
        path = f"{self.dir}/{name}"
        with open(path, "w", opener=lambda path, flags: os.open(path, flags, mode)) as file:
            file.write(text)
        return path

    def join(self, name):
        self.run("node", "join", "--name", name, stdin=self.run("node", "token", "--role", "enforcer"))

    def stop(self):
        """Enforcers first: they close their slices at the ledger. Says who did not stop in order."""
        wrong = []
        for name in reversed(list(self.running)):
            process = self.running.pop(name)
            died = process.poll() is not None
            if not died:
                process.terminate()
            try:
                status = process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                status = process.wait()
            if died or status:
                wrong.append(f"{name} {'had died' if died else 'did not stop in order'} (exit status {status})")
        return wrong

    def left(self, spared=()):
        """Processes of this run that live still, except those that are spared and ourselves."""
        found = []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{pid}/environ", "rb") as file:
                    marked = f"{MARK}={self.folder}".encode() in file.read().split(b"\0")
                if marked and int(pid) not in spared:
                    with open(f"/proc/{pid}/cmdline", "rb") as file:
                        found.append((int(pid), file.read().replace(b"\0", b" ").decode(errors="replace")))
            except OSError:
                continue
        return found

    def tails(self):
        for name in sorted(os.listdir(self.logs)):
            with open(f"{self.logs}/{name}", errors="replace") as file:
                lines = file.read().splitlines()[-12:]
            yield f"--- {name}: last lines of its log" + "".join("\n    " + line for line in lines or ["(empty)"])


class Agent:
    """The agent's process: an MCP client whose server is the gateway, whose server is the tap, whose server is git."""

    def __init__(self, mesh, repository, config):
        self.tap_path = mesh.folder + "/tap"
        server = [sys.executable, f"{HERE}/tap.py", self.tap_path, f"{os.path.dirname(sys.executable)}/mcp-server-git", "--repository", repository]
        command = [sys.executable, f"{HERE}/agent.py", repository, str(RATE), BINARY, "mcp", "--config", config, "--", *server]
        environment = mesh.environment | {"PENSTOCK_CREDENTIAL_FILE": mesh.folder + "/credential"}
        with open(f"{mesh.logs}/agent-and-gateway", "ab") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, env=environment, text=True, cwd=mesh.folder)
        self.tools, self.protocol, self.calls = None, "", []
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        for line in self.process.stdout:
            what = json.loads(line)
            if "tools" in what:
                self.protocol, self.tools = what["protocol"], what["tools"]
            else:
                self.calls.append(what)

    def reached(self):
        try:
            with open(self.tap_path) as file:
                return [json.loads(line) for line in file if line.endswith("\n")]
        except FileNotFoundError:
            return []

    def finish(self):
        self.process.stdin.close()
        try:
            status = self.process.wait(15)
        except subprocess.TimeoutExpired:
            raise Failed("the agent did not end within 15 s") from None
        self.reader.join(5)
        return status

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


class Revocation:
    """One `penstock revoke`, and when its answer was there."""

    def __init__(self, mesh, run, receipt):
        self.submitted = time.monotonic_ns()
        process = subprocess.Popen(
            [BINARY, "revoke", "--run", run, "--reason", "demo", "--receipt", receipt, "-o", "jsonl"], stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, env=mesh.environment, text=True)
        line = process.stdout.readline()
        self.answered = time.monotonic_ns()
        errors = process.communicate(timeout=30)[1]
        self.exited = time.monotonic_ns()
        if process.returncode or not line:
            raise Failed(f"penstock revoke: exit status {process.returncode}\n{line}{errors}")
        self.barrier = json.loads(line)


def scratch_repository(folder):
    path = folder + "/repository"
    os.mkdir(path)
    quiet = {"cwd": path, "check": True, "stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE}
    subprocess.run(["git", "init", "-q", "-b", "main"], **quiet)
    for number in range(1, 4):
        with open(f"{path}/notes.txt", "a") as file:
            file.write(f"line {number}\n")
        subprocess.run(["git", "add", "notes.txt"], **quiet)
        subprocess.run(["git", "-c", "user.name=demo", "-c", "user.email=demo@localhost", "commit", "-q", "-m", f"note {number}"], **quiet)
    return path


def start_mesh(mesh):
    port = free_ports(4)
    mesh.run("init", "--dir", mesh.dir, "--mesh", "demo", "--port", str(port))
    mesh.start("ledger", "ledger", "--config", f"{mesh.dir}/ledger.yaml")

    def serves():
        with socket.socket() as one:
            return one.connect_ex(("127.0.0.1", port)) == 0
    until(serves, 10, "the ledger's port opens")
    names = ["enforcer-1", "enforcer-2", "enforcer-3"]
    for name in names:
        mesh.join(name)
        config = mesh.write(f"{name}.yaml", f"identity: {name}\ndata: {name}/data\nsocket: {name}/enforcer.sock\n")
        mesh.start(name, "enforcer", "--config", config)
    for name in names:
        until(lambda: is_ready(f"{mesh.dir}/{name}/enforcer.sock"), 10, f"{name} is ready")
    say(f"mesh up: ledger on 127.0.0.1:{port}-{port + 3} and {', '.join(names)}, 4 processes in {mesh.folder}")


def calls(messages):
    return [entry for entry in messages if entry["method"] == "tools/call"]


def timeline(agent, reached, revocation):
    """Rows of (ms, text, reached, denied): windows of 500 ms, and between them what happened."""
    zero = reached[0]["ns"]
    ms = lambda ns: (ns - zero) / 1e6
    barrier = revocation.barrier
    denied = [call for call in agent.calls if call["outcome"] == "revoked"]
    # The barrier counts from the moment the revoke was durable; on our clock that is no later than this.
    durable = revocation.answered - int(barrier["elapsed_ms"] * 1e6)
    events = [
        (0.0, f"first call reached the server ({reached[0]['tool']})"),
        (ms(revocation.submitted), "revoke of the run submitted, while the agent works"),
        (ms(reached[-1]["ns"]), "last call that ever reached the server"),
        (ms(revocation.answered), f"{barrier['state']}, {barrier['elapsed_ms']:.1f} ms after the revoke was durable"),
    ]
    events += [(ms(durable) + node["after_ms"], f"{node['node']} {node['state']}, {node['after_ms']} ms after the revoke was durable") for node in barrier["nodes"]]
    if denied:
        first = min(denied, key=lambda call: call["answered"])
        events.append((ms(first["answered"]), "first call denied: revoked"))
        events.append((ms(max(call["answered"] for call in denied)), "last call denied; the agent is told to stop"))
    rows = [(at, text, None, None) for at, text in events]
    last = max(at for at, _ in events)
    for window in range(int(last // WINDOW_MS) + 1):
        low, high = window * WINDOW_MS, (window + 1) * WINDOW_MS
        through = sum(low <= ms(entry["ns"]) < high for entry in reached)
        refused = sum(low <= ms(call["answered"]) < high for call in denied)
        rows.append((low - 0.001, f"{low:>4}-{high}", through, refused))
    print("\n      ms  reached  denied")
    for at, text, through, refused in sorted(rows, key=lambda row: row[0]):
        if through is None:
            print(f"{at:8.1f}  {'':15}  {text}")
        else:
            print(f"{text:>9} {through:>7} {refused:>7}  {'#' * through}{'x' * refused}")
    print(flush=True)


def table(rows):
    widths = [max(len(str(row[column])) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        print("    " + "  ".join(str(cell).ljust(width) for cell, width in zip(row, widths)).rstrip())


def demo(mesh, agents):
    start_mesh(mesh)
    gateway = "unix:enforcer-1/enforcer.sock"
    extra = ""
    if EMBEDDED:
        mesh.join("gateway")
        gateway, extra = "embedded", "identity: gateway\ndata: gateway/data\n"
    config = mesh.write("mcp.yaml", f"enforcer: {gateway}\n{extra}server: git\n")

    repository = scratch_repository(mesh.folder)
    mesh.run("budget", "create", "demo-team", "--unit", "calls", "--ceiling", "500")
    grant = mesh.json(
        "grant", "issue", "--agent", "builder", "--principal", "demo", "--purpose", "demo", "--allow", "tools/call",
        "--resource", "tool:git_status", "--resource", "tool:git_log", "--ttl", "5m",
        "--budget", f"calls={CEILING}", "--draw", "demo-team")
    with open(mesh.folder + "/credential", "w", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
        file.write(grant["credential"] + "\n")
    say(f"grant {grant['grant_id']} for agent 'builder': git_status and git_log, {CEILING} calls")

    agent = Agent(mesh, repository, config)
    agents.append(agent)
    until(lambda: agent.tools is not None or agent.process.poll() is not None, 20, "the agent has its tools")
    if not agent.tools:
        raise Failed("the agent was shown no tool")
    say(f"agent (MCP {agent.protocol}) -> penstock mcp ({gateway}) -> tap -> mcp-server-git; it is shown {', '.join(agent.tools)}")
    until(lambda: calls(agent.reached()) or agent.process.poll() is not None, 10, "a first call reaches the server")
    say(f"the agent works at {RATE} calls a second")
    time.sleep(WORK_SECONDS)

    receipt = mesh.folder + "/receipt.json"
    revocation = Revocation(mesh, grant["run_id"], receipt)
    barrier = revocation.barrier
    say(f"penstock revoke --run {grant['run_id']}: {barrier['state']}; the agent goes on calling for {AFTER_SECONDS:.0f} s")
    time.sleep(max(0.0, AFTER_SECONDS - (time.monotonic_ns() - revocation.answered) / 1e9))
    status = agent.finish()
    messages = agent.reached()
    reached = calls(messages)

    problems = []
    if status:
        problems.append(f"the agent ended with exit status {status}")
    if not reached:
        raise Failed("no call reached the server")
    timeline(agent, reached, revocation)

    before = [entry for entry in reached if entry["ns"] < revocation.submitted]
    after = [entry for entry in reached if entry["ns"] > revocation.answered]
    # The gateway cancels what was under way; nothing else may come, whatever the agent says.
    others_after = [entry for entry in messages if entry["ns"] > revocation.answered and entry["method"] not in ("tools/call", "notifications/cancelled")]
    said = [entry for entry in messages if entry["ns"] < revocation.submitted and entry["method"] == "notifications/roots/list_changed"]
    denied = [call for call in agent.calls if call["outcome"] == "revoked"]
    others = sorted({call["outcome"] for call in agent.calls} - {"ok", "revoked"})
    with open(mesh.folder + "/policy", "w") as file:
        file.write(mesh.run("receipt", "policy"))
    verified = mesh.json("receipt", "verify", receipt, "--policy", mesh.folder + "/policy")
    budget = {row["name"]: row for row in mesh.json("budget", "list")}
    own, team = budget[f"{grant['grant_id']}/calls"], budget["demo-team"]
    log = mesh.json("log", "verify")
    spared = {os.getpid()} | {process.pid for process in mesh.running.values()}
    wrong = []
    if not KEEP:
        wrong, spared = mesh.stop(), {os.getpid()}
    left = []
    try:
        until(lambda: not mesh.left(spared), 5, "every process ends")
    except Failed:
        left = mesh.left(spared)

    print("receipt (receipt.json, receipt.json.tlog-proof)")
    table([("node", "state", "after ms", "evidence", "cosigned")] + [
        (node["node"], node["state"], node["after_ms"], node["evidence"], "yes" if node["node"] in verified["cosigned"] else "no") for node in barrier["nodes"]])
    print("spend (penstock budget list)")
    table([("budget", "unit", "ceiling", "settled", "out", "unallocated")] + [
        (row["name"], row["unit"], row["ceiling"], row["settled"], row["out"], row["unallocated"]) for row in (own, team)])

    print("checked")
    checks = [
        (len(before) >= 20, f"{len(before)} calls reached the server before the revoke was submitted (at least 20)"),
        (not after, f"{len(after)} calls reached it after CLOSED was answered (0)"),
        (not others_after, f"{len(others_after)} other messages reached it after CLOSED was answered (0), of an agent that had sent {len(said)} notifications before"),
        (barrier["state"] == "CLOSED", f"the barrier says {barrier['state']}"),
        (len(denied) >= 20, f"{len(denied)} calls were denied as revoked (at least 20)"),
        (verified["ok"], "the receipt verifies offline against the policy" if verified["ok"] else f"the receipt: {'; '.join(verified['problems'])}"),
        (log["ok"], f"the log verifies to position {log['position']}" if log["ok"] else f"the log: {'; '.join(log['problems'])}"),
        (
            all(row["settled"] + row["out"] + row["unallocated"] == row["ceiling"] and row["settled"] + row["out"] >= len(reached) for row in (own, team)),
            f"{own['settled']} calls settled for {len(reached)} that reached the server; settled + out + unallocated = ceiling"),
        (not wrong, "every node stopped in order" if not wrong else "; ".join(wrong)) if not KEEP else (True, "the mesh goes on (--keep)"),
        (not left, "no process is left" if not left else f"processes left: {left}"),
    ]
    for good, text in checks:
        print(f"    {'ok  ' if good else 'FAIL'}  {text}")
    problems += [text for good, text in checks if not good]
    print(
        "\n'After CLOSED' compares the tap's time of a call, taken when its last byte came out of the gateway, with the time\n"
        "at which this script had read CLOSED from 'penstock revoke'. Both are CLOCK_MONOTONIC of this machine.\n"
        "A node's time is the ledger's own count from the moment the revoke was durable, placed on that clock.")
    if others:
        print(f"Other outcomes of calls, which this demo does not judge: {', '.join(others)}.")
    if problems:
        raise Failed("; ".join(problems))


def how_to_go_on(mesh):
    pids = " ".join(str(process.pid) for process in reversed(mesh.running.values()))
    stop = mesh.folder + "/stop"
    with open(stop, "w") as file:
        file.write(f"#!/bin/sh\n# Enforcers first, then the ledger.\nkill {pids}\n")
    os.chmod(stop, stat.S_IRWXU)
    print(f"""
The mesh is running. To talk to it:
    export PENSTOCK_DIR={mesh.dir}
    alias penstock={BINARY}
    penstock status
    penstock revocation list
    penstock audit --limit 10
    penstock grant issue --agent builder-2 --allow tools/call --resource 'tool:*' --budget calls=100
    penstock check --credential-file {mesh.folder}/credential --action tools/call --resource tool:git_log --amount calls=1
    curl --unix-socket {mesh.dir}/enforcer-1/enforcer.sock http://localhost/metrics
To stop it:
    {stop}""")


def interrupted(number, frame):
    raise Failed(f"interrupted by {signal.Signals(number).name}")


def main():
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, interrupted)
    mesh, agents = Mesh(), []
    try:
        demo(mesh, agents)
    except (Failed, subprocess.TimeoutExpired) as failure:
        for agent in agents:
            agent.kill()
        mesh.stop()
        time.sleep(0.5)
        for pid, _ in mesh.left({os.getpid()}):
            os.kill(pid, signal.SIGKILL)
        sys.stdout.flush()
        for tail in mesh.tails():
            print(tail, file=sys.stderr)
        print(f"\nFAILED: {failure}\neverything is kept in {mesh.folder}", file=sys.stderr)
        sys.exit(1)
    say("done")
    if KEEP:
        how_to_go_on(mesh)
    else:
        shutil.rmtree(mesh.folder)


main()
