"""`penstock mcp` between a client and a server that are lines: what passes, what is answered, and what a server ever sees."""

import http.server
import json
import os
import pathlib
import signal
import socketserver
import subprocess
import sys
import threading
import time

import harness
import pytest
from harness import Mesh, eventually

SERVER = pathlib.Path(__file__).with_name("plain_server.py")
HELLO = [
    {"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}},
    {"jsonrpc": "2.0", "method": "notifications/initialized"},
]
ALL = ["--allow", "tools/*", "--allow", "prompts/*", "--allow", "notifications/*", "--resource", "tool:*", "--resource", "mcp_server:mcp"]


@pytest.fixture(scope="module")
def mesh():
    with Mesh(max_staleness="2s") as mesh:
        yield mesh


def call(number, tool, **arguments):
    return {"jsonrpc": "2.0", "id": number, "method": "tools/call", "params": {"name": tool, "arguments": arguments}}


class Session:
    """A gateway, its client's side, and what has reached its server."""

    count = 0

    def __init__(self, mesh, grant, hello=True, node=1, server=(), reads=True, enforcer=None):
        Session.count += 1
        self.mesh, self.answers = mesh, []
        self.seen_path, self.errors = mesh.dir / f"session-{Session.count}.seen", mesh.dir / f"session-{Session.count}.stderr"
        self.seen_path.touch()
        config = mesh.dir / f"session-{Session.count}.yaml"
        config.write_text(f"enforcer: unix:{enforcer or mesh[node].socket}\ncredential_file: {mesh.credential_file(grant)}\n")
        mesh.wait_applied()
        with open(self.errors, "wb") as errors:
            self.process = subprocess.Popen(
                [harness.BINARY, "mcp", "--config", config, "--", sys.executable, SERVER, self.seen_path, *server], stdin=subprocess.PIPE,
                stdout=subprocess.PIPE, stderr=errors, env=mesh.env)
        self.read_bytes = 0
        self.reader = threading.Thread(target=self._read, daemon=True)
        if reads:
            self.reader.start()
        if hello:
            self.send(*HELLO)
            self.answer(0)

    def _read(self):
        for line in self.process.stdout:
            self.read_bytes += len(line)
            try:
                self.answers.append(json.loads(line))
            except ValueError:
                self.answers.append({"method": "cut"})

    def send(self, *messages):
        for message in messages:
            data = message if isinstance(message, bytes) else json.dumps(message).encode()
            self.process.stdin.write(data + b"\n")
        self.process.stdin.flush()

    def answer(self, number, timeout=20):
        def found():
            return [answer for answer in self.answers if answer.get("id") == number and type(answer.get("id")) is type(number) and "method" not in answer]
        return eventually(f"an answer to {number!r}", found, timeout)[0]

    @property
    def seen(self):
        return [json.loads(line) for line in self.seen_path.read_text().splitlines()]

    def end(self, timeout=20):
        if not self.process.stdin.closed:
            self.process.stdin.close()
        status = self.process.wait(timeout)
        self.reader.join(5)
        return status

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.terminate()
        self.end()


def reason(answer):
    return answer["error"]["data"]["reason"]


LEAKS = [
    {"jsonrpc": "2.0", "method": "notifications/anything", "params": {"x": "leak"}},
    {"jsonrpc": "2.0", "method": "notifications/progress", "params": {"progressToken": "leak", "progress": 1}},
    {"jsonrpc": "2.0", "method": "notifications/roots/list_changed", "params": {"x": "leak"}},
    {"jsonrpc": "2.0", "method": "notifications/initialized", "params": {"x": "leak"}},
    {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 1, "reason": "leak"}},
    {"jsonrpc": "2.0", "id": "q1", "result": {"action": "accept", "content": {"x": "leak"}}},
    {"jsonrpc": "2.0", "id": "leak", "method": "ping"},
    {"jsonrpc": "2.0", "id": 21, "method": "initialize", "params": {"clientInfo": {"name": "leak", "version": "leak"}}},
    {"jsonrpc": "2.0", "id": 22, "method": "tools/list", "params": {"cursor": "leak"}},
    {"jsonrpc": "2.0", "id": 23, "method": "server/discover", "params": {"x": "leak"}},
    {"jsonrpc": "2.0", "id": 24, "method": "logging/setLevel", "params": {"level": "leak"}},
    call(25, "leak"),
]


@pytest.mark.parametrize("lever", ["revoke", "suspend"])
def test_nothing_passes_after_CLOSED(mesh, lever):
    grant = mesh.grant(*ALL, agent=f"open-{lever}")
    with Session(mesh, grant) as session:
        session.send(call(1, "ask"), call(2, "chatter"))
        session.answer(2)
        eventually("the server's question", lambda: any(answer.get("id") == "q1" for answer in session.answers))
        eventually("chatter", lambda: sum("method" in answer for answer in session.answers) > 5)
        mesh.run(lever, "--agent", f"open-{lever}")
        closed, heard = len(session.seen), len(session.answers)
        session.send(*LEAKS)
        for number in ["leak", 21, 22, 23, 24, 25]:
            assert reason(session.answer(number)) == {"revoke": "revoked", "suspend": "suspended"}[lever]
        time.sleep(1)
        after = session.seen[closed:]
        # The gateway's own: it cancels what ran, and answers what the server asked.
        assert all(message.get("method") == "notifications/cancelled" or message.get("id") == "q1" and "error" in message for message in after), after
        assert "leak" not in json.dumps(after)
        # What was on its way as CLOSED came may still be read; a second of chatter may not.
        assert sum("method" in answer for answer in session.answers[heard:]) < 5
        if lever == "suspend":
            mesh.run("reinstate", "--agent", f"open-{lever}", "--yes")
            mesh.wait_applied()
            session.send({"jsonrpc": "2.0", "id": 30, "method": "ping"})
            assert session.answer(30)["result"]


def test_a_grant_that_expires_while_nobody_speaks(mesh):
    grant = mesh.grant(*ALL, "--ttl", "8s", agent="brief")
    with Session(mesh, grant) as session:
        session.send(call(1, "slow"), call(2, "chatter"))
        session.answer(2)
        assert reason(session.answer(1)) == "expired"
        eventually("a cancellation", lambda: session.seen[-1].get("method") == "notifications/cancelled")
        quiet = len(session.answers)
        session.send(*LEAKS)
        assert reason(session.answer(25)) == "expired"
        assert "leak" not in session.seen_path.read_text()
        assert all("method" not in answer for answer in session.answers[quiet:])


def test_a_session_does_not_begin_without_a_live_grant(mesh):
    grant = mesh.grant(*ALL, agent="over")
    mesh.run("revoke --agent over")
    with Session(mesh, grant, hello=False) as session:
        session.send(*HELLO)
        assert reason(session.answer(0)) == "revoked" and session.seen == []


def test_every_request_is_answered_under_its_id(mesh):
    grant = mesh.grant(*ALL, "--budget", "calls=1000")
    with Session(mesh, grant) as session:
        session.send(call(1, "big"), call(2, "deep"), call("1", "echo"), call(3, "echo", x="y" * 5_000_000), {"jsonrpc": "2.0", "id": 4, "method": "nothing"})
        session.send(b'{"jsonrpc":"2.0","id":5,"method":"ping","x":01}', b'[{"jsonrpc":"2.0","id":6,"method":"ping"}]', b'{"jsonrpc":"2.0","id":7,"method":"tools/list","params":null}')
        assert "16777216" in session.answer(1)["error"]["message"] and "levels" in session.answer(2)["error"]["message"]
        assert session.answer("1")["result"] and "4194304" in session.answer(3)["error"]["message"]
        assert all(session.answer(number)["error"] for number in (4, 5, 6)) and session.answer(7)["result"]
        def free():
            return all(row["held"] == 0 for row in mesh.run("budget show", grant["grant_id"]).json)
        eventually("no hold is left", free)


def test_a_gateway_stops_whatever_its_client_and_server_do(mesh):
    """Its client does not read, its server does not answer, and calls are under way."""
    with Session(mesh, mesh.grant(*ALL)) as session:
        session.send(*(call(number, "slow") for number in range(1, 100)))
        server = eventually("the server", lambda: subprocess.run(["pgrep", "-P", str(session.process.pid)], stdout=subprocess.PIPE, text=True).stdout.split())
        os.kill(session.process.pid, signal.SIGTERM)
        began = time.monotonic()
        session.process.wait(30)
        assert time.monotonic() - began < 5
        eventually("its server ends with it", lambda: not any(pathlib.Path("/proc", pid).exists() for pid in server), timeout=5)


def test_end_of_input_waits_for_what_was_accepted(mesh):
    grant = mesh.grant(*ALL)
    for ending in (b"\n", b""):
        session = Session(mesh, grant, hello=False)
        lines = [json.dumps(message).encode() for message in [*HELLO, *(call(number, "echo") for number in range(1, 21))]]
        session.process.stdin.write(b"\n".join(lines) + ending)
        assert session.end() == 0
        assert sorted(answer["id"] for answer in session.answers if "result" in answer) == list(range(21))


def test_lists_show_what_may_be_had(mesh):
    grant = mesh.grant("--allow", "prompts/*", "--allow", "completion/*", "--resource", "mcp_server:mcp", "--resource", "prompt:open")
    with Session(mesh, grant) as session:
        session.send({"jsonrpc": "2.0", "id": 1, "method": "prompts/list"})
        assert session.answer(1)["result"]["prompts"] == [{"name": "open"}]
        for number, name in enumerate(["open", "shut"], 2):
            session.send({"jsonrpc": "2.0", "id": number, "method": "completion/complete", "params": {"ref": {"type": "ref/prompt", "name": name}, "argument": {"name": "a", "value": "b"}}})
        assert session.answer(2)["result"] and reason(session.answer(3)) == "resource_out_of_bounds"


def test_the_tool_reads_what_policy_read(mesh):
    grant = mesh.grant(*ALL, "--when", "arguments.level != 3", "--when", "arguments.who ^= caf\u00e9")
    with Session(mesh, grant) as session:
        wrong = ['{"level":3.0,"who":"caf\u00e9"}', '{"level":300e-2,"who":"caf\u00e9"}', '{"level":4,"who":"cafe\u0301"}', '{"level":4,"who":"caf\u00e9","level.x":1,"Level":{"x":[]}}',
                 '{"level":4,"who":"caf\u00e9","a.b":["x"],"a":{"b":null}}', '{"who":"caf\u00e9"}']
        for number, arguments in enumerate(wrong, 1):
            session.send(f'{{"jsonrpc":"2.0","id":{number},"method":"tools/call","params":{{"name":"t","arguments":{arguments}}}}}'.encode())
            assert session.answer(number)["error"]
        assert not any(message["method"] == "tools/call" for message in session.seen)
        session.send(call(9, "t", level=4, who="caf\u00e9s"))
        assert session.answer(9)["result"]


def test_an_enforcer_that_goes_is_named_once():
    with Mesh(max_staleness="1s") as mesh:
        grant = mesh.grant(*ALL)
        with Session(mesh, grant) as session:
            session.send(call(1, "slow"))
            eventually("the call at the server", lambda: session.seen[-1].get("method") == "tools/call")
            mesh[1].kill()
            assert reason(session.answer(1)) == "no_view"
            session.send(*LEAKS)
            denied = session.answer(25)
            assert reason(denied) == "no_view" and str(mesh[1].socket) in denied["error"]["data"]["detail"]
            time.sleep(4)
            assert "leak" not in session.seen_path.read_text()
            lines = session.errors.read_text().splitlines()
            assert sum("cannot be reached" in line and str(mesh[1].socket) in line for line in lines) == 1 and len(lines) <= 6, lines
            mesh[1].start()
            eventually("word that it is back", lambda: f"{mesh[1].socket} is back" in session.errors.read_text(), 30)
            mesh[1].wait_ready()
            mesh.wait_applied()
            session.send(call(26, "echo"))
            assert "result" in session.answer(26), session.answer(26)


def test_a_replaced_credential_is_used(mesh):
    """As platforms replace a mounted secret: behind a link, while the session runs."""
    grants = [mesh.grant(*ALL, agent=f"renewed-{number}") for number in range(3)]
    folder = mesh.dir / "mounted"
    folder.mkdir()

    def put(number, text):
        (folder / f"..{number}").mkdir()
        (folder / f"..{number}/token").touch(mode=0o440)
        (folder / f"..{number}/token").chmod(0o640)
        (folder / f"..{number}/token").write_text(text)
        (folder / "..new").symlink_to(f"..{number}")
        (folder / "..new").replace(folder / "..data")
    put(0, grants[0]["credential"])
    (folder / "token").symlink_to("..data/token")
    grants[0]["grant_id"] = "mounted"
    (mesh.dir / "mounted.credential").symlink_to(folder / "token")
    with Session(mesh, grants[0]) as session:
        session.send(call(1, "echo"))
        assert "result" in session.answer(1)
        mesh.revoke("--agent", "renewed-0")
        session.send(call(2, "echo"))
        assert reason(session.answer(2)) == "revoked"
        put(1, grants[1]["credential"] + "\r\n")
        session.send(call(3, "echo"))
        assert "result" in session.answer(3)
        put(2, "nothing that is a credential\n")
        session.send(call(4, "echo"))
        assert "result" in session.answer(4) and "one before" in session.errors.read_text()
        put(3, grants[2]["credential"])
        session.send(call(5, "echo"))
        assert "result" in session.answer(5)
        mesh.revoke("--agent", "renewed-1")
        session.send(call(6, "echo"))
        assert "result" in session.answer(6)
        mesh.revoke("--agent", "renewed-2")
        session.send(call(7, "echo"))
        assert reason(session.answer(7)) == "revoked"
        assert grants[2]["credential"] not in session.errors.read_text()


def test_a_gateway_ends_in_time_whatever_hangs(mesh):
    """SIGTERM, while the server ignores its end and its signals and the client does not read."""
    stubborn = "import signal, sys, time; signal.signal(15, signal.SIG_IGN); sys.stdout.write('x' * 100 + chr(10)); time.sleep(60)"
    grant = mesh.grant(*ALL, agent="stubborn")
    config = mesh.dir / "stubborn.yaml"
    config.write_text(f"enforcer: unix:{mesh[1].socket}\ncredential_file: {mesh.credential_file(grant)}\n")
    mesh.wait_applied()
    process = subprocess.Popen([harness.BINARY, "mcp", "--config", config, "--", sys.executable, "-c", stubborn], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=mesh.env)
    process.stdin.write(b"".join(json.dumps(message).encode() + b"\n" for message in [*HELLO, call(1, "slow")]))
    process.stdin.flush()
    time.sleep(1)
    began = time.monotonic()
    process.terminate()
    process.wait(10)
    assert time.monotonic() - began < 5, process.stderr.read()
    for stream in (process.stdin, process.stdout, process.stderr):
        stream.close()
@pytest.mark.parametrize("before, size", [(62_000, 5_000), (10, 300_000)])
def test_what_a_server_has_not_read_does_not_arrive_after_CLOSED(mesh, before, size):
    """A pipe without room for a call, or with room for a part of it."""
    agent, go = f"late-{size}", mesh.dir / f"go-{size}"
    with Session(mesh, mesh.grant(*ALL, agent=agent), hello=False, server=[go]) as session:
        # Calls are decided side by side: the first is in the pipe before the second is made.
        session.send(call(1, "echo", x="f" * before))
        time.sleep(1)
        session.send(call(2, "secret", x="s" * size))
        time.sleep(1)
        mesh.run("revoke", "--agent", agent)
        go.touch()
        assert reason(session.answer(2)) == "revoked"
        session.end()
        assert not any(message.get("method") == "tools/call" and message["params"]["name"] == "secret" for message in session.seen), session.seen


def test_what_a_client_has_not_read_is_not_delivered_after_CLOSED(mesh):
    with Session(mesh, mesh.grant(*ALL, agent="behind"), hello=False, reads=False) as session:
        session.send(call(1, "noisy"))
        eventually("the call at the server", lambda: session.seen)
        time.sleep(1)
        mesh.run("revoke --agent behind")
        session.reader.start()
        assert reason(session.answer(1)) == "revoked"
        time.sleep(0.5)
        assert session.read_bytes < 200_000, "of six million"


def test_a_task_ends_with_its_grant(mesh):
    with Session(mesh, mesh.grant(*ALL, agent="tasks")) as session:
        session.send({**call(1, "task"), "params": {"name": "task", "arguments": {}, "task": {"ttl": 60000}}})
        assert session.answer(1)["result"]["task"]["taskId"] == "t-1"
        time.sleep(1.5)
        assert session.seen[-1]["method"] == "tools/call"
        mesh.run("revoke --agent tasks")
        last = eventually("a cancellation", lambda: session.seen[-1] if session.seen[-1]["method"] == "tasks/cancel" else None)
        assert last["params"] == {"taskId": "t-1"} and last["id"]


class StandIn(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    """An enforcer that says of the nth tool what a test says, by a reason's number; None for no answer at all."""

    daemon_threads = True
    # A gateway asks about all entries of a list at once.
    request_queue_size = 128

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_):
            pass

        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            self.wfile.write(b"d\r\n: subscribed\n\r\n")
            self.server.over.wait()

        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            code = self.server.code(int(body["resource"]["id"][1:])) if body["resource"]["type"] == "tool" else 0
            if code is None:
                self.server.over.wait()
            answer = json.dumps({"reason": "x", "reason_code": code or 0, "valid_for_ms": 60000}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

    def __init__(self, path, code):
        self.path, self.code, self.over = path, code, threading.Event()
        super().__init__(str(path), self.Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def __exit__(self, *_):
        self.over.set()
        self.shutdown()
        self.server_close()


@pytest.mark.parametrize("code, name", [(3, "stale_view"), (2, "no_view"), (4, "unknown_credential"), (8, "revoked"), (25, "busy"), (13, None)])
def test_a_list_is_whole_or_an_error(mesh, code, name):
    path = mesh.dir / f"stand-in-{code}.sock"
    with StandIn(path, lambda number: code if number > 20 else 0), Session(mesh, mesh.grant(*ALL), enforcer=path) as session:
        session.send({"jsonrpc": "2.0", "id": 1, "method": "tools/list"})
        answer = session.answer(1)
        assert reason(answer) == name if name else len(answer["result"]["tools"]) == 21


@pytest.mark.parametrize("how", ["SIGTERM", "end of input"])
def test_a_gateway_ends_within_seconds_whatever_its_enforcer_does(mesh, how):
    path = mesh.dir / f"hangs-{how[0]}.sock"
    with StandIn(path, lambda _: None), Session(mesh, mesh.grant(*ALL), enforcer=path) as session:
        session.send({"jsonrpc": "2.0", "id": 1, "method": "tools/list"})
        eventually("the list at the server", lambda: session.seen[-1]["method"] == "tools/list")
        began = time.monotonic()
        if how == "SIGTERM":
            session.process.send_signal(signal.SIGTERM)
            session.process.wait(20)
        else:
            session.end()
        assert time.monotonic() - began < 8
