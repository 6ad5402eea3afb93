"""Work at a door is bound to who asked for it: to the client that is still there, to one request's time, and to the names that
the door has. What a HEAD or an error answers is bound to its rules."""

import contextlib
import http.client
import json
import socket
import time

import pytest
from harness import Mesh, eventually, free_ports, question, reason

NEVER = 2**63


@pytest.fixture(scope="module")
def mesh():
    port = free_ports(1)
    with Mesh(max_staleness="2s", settings=f"port: {port}\nhost_names: gate.example, Proxy.Internal\n") as mesh:
        mesh.tcp = port
        yield mesh


def request(method, path, headers, body=b""):
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers)]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def post(path, body, credential=None):
    body = json.dumps(body).encode()
    headers = [("Host", "localhost"), ("Content-Type", "application/json"), ("Content-Length", len(body))]
    return request("POST", path, headers + ([("Authorization", f"Bearer {credential}")] if credential else []), body)


def connect(mesh, kind):
    if kind == "tcp":
        return socket.create_connection(("127.0.0.1", mesh.tcp), timeout=40)
    client = socket.socket(socket.AF_UNIX)
    client.settimeout(40)
    client.connect(str(mesh[1].socket))
    return client


def spent(mesh, grant):
    def settled():
        return [row for row in mesh.run("budget list").json if row["name"].startswith(grant["grant_id"])][0]["settled"]
    time.sleep(1.5)  # until the node has told
    return settled()


def slow(credential, patience):
    return question(credential, at_least=NEVER, patience_ms=patience)


@pytest.mark.parametrize("kind", ["tcp", "unix"])
def test_a_batch_ends_with_its_client(mesh, kind):
    grant = mesh.grant("--budget", "calls=100", agent=f"gone-{kind}")
    mesh.wait_applied()
    secret = grant["credential"]
    batch = [slow(secret, 2_000), *[question(secret, amounts={"calls": 1})] * 20]
    before = mesh[1].metrics()
    with contextlib.closing(connect(mesh, kind)) as client:
        client.sendall(post("/access/v1/evaluations", {"evaluations": batch}))
        time.sleep(0.5)
    time.sleep(3)
    assert spent(mesh, grant) == 0
    after = mesh[1].metrics()
    decided = sum(value - before.get(name, 0) for name, value in after.items() if name.startswith("penstock_decisions_total"))
    assert decided == 0, "something was decided for a client that had gone"


@pytest.mark.parametrize("path", ["/access/v1/evaluation", "/v1/holds"])
def test_a_call_that_waits_ends_with_its_client(mesh, path):
    grant = mesh.grant("--budget", "calls=10", agent="waits")
    mesh.wait_applied()
    secret = grant["credential"]
    with contextlib.closing(mesh[1].door()) as door:
        assert door.ask("POST", "/v1/holds", question(secret, amounts={"calls": 10}))[0] == 200
        held = json.loads(door.ask("POST", "/v1/holds", question(secret, amounts={"calls": 10}, call_id="x"))[1])
        assert not held["decision"]
    with contextlib.closing(connect(mesh, "unix")) as client:
        client.sendall(post(path, slow(secret, 20_000)))
        time.sleep(0.3)
    before = mesh[1].metrics()
    time.sleep(1)
    after = mesh[1].metrics()
    assert {name: value for name, value in after.items() if "decisions" in name} == {name: value for name, value in before.items() if "decisions" in name}


def test_a_client_that_only_closes_its_side_is_answered(mesh):
    grant = mesh.grant(agent="half")
    mesh.wait_applied()
    for path in ("/access/v1/evaluation", "/v1/holds", "/v1/preview"):
        with contextlib.closing(connect(mesh, "unix")) as client:
            client.sendall(post(path, question(grant["credential"])))
            client.shutdown(socket.SHUT_WR)
            assert b" 200 " in client.recv(65536)


def test_a_batch_has_the_time_of_one_request(mesh):
    grant = mesh.grant("--budget", "calls=100", agent="long")
    mesh.wait_applied()
    secret = grant["credential"]
    batch = [slow(secret, 14_000)] * 4 + [question(secret, amounts={"calls": 1})] * 2
    began = time.monotonic()
    with contextlib.closing(mesh[1].door(timeout=60)) as door:
        status, text, _ = door.ask("POST", "/access/v1/evaluations", {"evaluations": batch})
    took, answers = time.monotonic() - began, json.loads(text)["evaluations"]
    assert status == 200 and len(answers) == 6 and 27 < took < 32, took
    assert [reason(answer) for answer in answers[:3]] == ["stale_view"] * 3
    for answer in answers[3:]:
        assert answer["decision"] is False and "neither decided nor charged" in answer["context"]["error"]["message"]
    assert spent(mesh, grant) == 0


def test_a_full_batch_fits_its_body(mesh):
    grant = mesh.grant("--budget", "calls=1000", agent="batch")
    mesh.wait_applied()
    full = question(grant["credential"], amounts={"calls": 1}, traceparent="00-" + "a" * 32 + "-" + "b" * 16 + "-01", arguments={"text": "x" * 400})
    batch = [{**full, "context": {**full["context"], "call_id": f"c{number:04}"}} for number in range(256)]
    with contextlib.closing(mesh[1].door()) as door:
        status, text, _ = door.ask("POST", "/access/v1/evaluations", {"evaluations": batch})
        assert status == 200 and sum(answer["decision"] for answer in json.loads(text)["evaluations"]) == 256
        status, text, _ = door.ask("POST", "/access/v1/evaluations", {"evaluations": batch, "x": "y" * 200_000})
        assert status == 413 and "262144" in text
        status, text, _ = door.ask("POST", "/access/v1/evaluation", {**full, "x": "y" * 100_000})
        assert status == 413 and "65536" in text


@pytest.mark.parametrize("hold", ["batch", "events", "half"])
def test_a_node_stops_whatever_is_under_way(hold):
    with Mesh(max_staleness="2s") as mesh:
        grant = mesh.grant("--budget", "calls=100")
        mesh.wait_applied()
        with contextlib.ExitStack() as stack:
            for _ in range(8):
                client = stack.enter_context(contextlib.closing(connect(mesh, "unix")))
                if hold == "batch":
                    client.sendall(post("/access/v1/evaluations", {"evaluations": [slow(grant["credential"], 30_000)] * 256}))
                elif hold == "events":
                    client.sendall(request("GET", "/v1/events", [("Host", "x")]))
                else:
                    client.sendall(post("/v1/preview", question(grant["credential"]))[:-5])
            time.sleep(0.5)
            began = time.monotonic()
            mesh[1].stop()
            assert time.monotonic() - began < 4


# MARK: names

FOREIGN = ["evil.example", "evil.example:80", "localhost.evil.example", "127.0.0.1.nip.io", "10.0.0.1", "[::2]:80", "0.0.0.0", "localhost:0", "localhost:99999",
           "127.1", "2130706433", "gate.example.evil", "user@localhost", "localhost,evil.example", "*", "a b"]
OWN = ["localhost", "LOCALHOST", "localhost.", "localhost:1", "127.0.0.1", "127.9.9.9:80", "[::1]", "[::1]:443", "gate.example", "Gate.Example:8080", "proxy.internal"]
PATHS = [("GET", "/livez"), ("GET", "/readyz"), ("GET", "/metrics"), ("GET", "/v1/events"), ("GET", "/.well-known/authzen-configuration"), ("GET", "/none"),
         ("HEAD", "/metrics"), ("PUT", "/livez"), ("POST", "/access/v1/evaluation"), ("POST", "/access/v1/evaluations"), ("POST", "/v1/holds"),
         ("POST", "/v1/holds/x/release"), ("OPTIONS", "/v1/events")]


def answer(mesh, method, path, headers, kind="tcp", body=b""):
    """Status, headers and all that follows, up to the end of the connection or half a second of silence."""
    with contextlib.closing(connect(mesh, kind)) as client:
        client.sendall(request(method, path, headers, body))
        data = b""
        client.settimeout(10)
        while b"\r\n\r\n" not in data:
            more = client.recv(65536)
            if not more:
                break
            data += more
        client.settimeout(0.3)
        with contextlib.suppress(TimeoutError):
            while more := client.recv(65536):
                data += more
    head, _, rest = data.partition(b"\r\n\r\n")
    lines = head.decode().splitlines()
    return int(lines[0].split()[1]), {name.lower(): value for name, value in (line.split(": ", 1) for line in lines[1:])}, rest


def test_a_foreign_host_gets_nothing(mesh):
    for host in FOREIGN:
        assert answer(mesh, "GET", "/livez", [("Host", host)])[0] == 421, host
    for method, path in PATHS:
        status, _, body = answer(mesh, method, path, [("Host", "evil.example"), ("Content-Length", 0)])
        assert status == 421 and b"evil" not in body, (method, path)
    for headers in ([], [("Host", "")], [("Host", "localhost"), ("Host", "evil.example")], [("Host", "evil.example"), ("Host", "localhost")]):
        assert answer(mesh, "GET", "/metrics", headers)[0] == 400, headers


def test_its_own_names_are_served(mesh):
    for host in OWN:
        assert answer(mesh, "GET", "/livez", [("Host", host)])[0] == 200, host
    for host in (*OWN, *FOREIGN):
        assert answer(mesh, "GET", "/livez", [("Host", host)], "unix")[0] == 200, host


def test_a_page_of_another_place_gets_nothing(mesh):
    for origin, status in [("http://evil.example", 403), ("null", 403), ("https://localhost.evil.example", 403), ("http://localhost:3000", 200), ("http://[::1]", 200)]:
        assert answer(mesh, "GET", "/livez", [("Host", "localhost"), ("Origin", origin)])[0] == status, origin


@pytest.mark.parametrize("kind", ["tcp", "unix"])
def test_metadata_repeat_no_foreign_name(mesh, kind):
    def base(host):
        return json.loads(answer(mesh, "GET", "/.well-known/authzen-configuration", [("Host", host)], kind)[2])["policy_decision_point"]
    assert base("127.0.0.1:5") == "http://127.0.0.1:5" and base("[::1]:5") == "http://[::1]:5" and base("gate.example") == "http://gate.example"
    if kind == "unix":
        for host in FOREIGN:
            assert base(host) == "http://localhost", host


def test_the_event_stream_needs_a_credential(mesh):
    grant = mesh.grant(agent="watcher")
    mesh.wait_applied()
    other = "pst_" + "A" * 49
    for header in ([], [("Authorization", "Bearer x")], [("Authorization", f"Bearer {other}")], [("Authorization", f"Basic {grant['credential']}")]):
        status, headers, body = answer(mesh, "GET", "/v1/events", [("Host", "localhost"), *header])
        assert status == 401 and headers["www-authenticate"] == "Bearer" and b"subscribed" not in body
    own = [("Host", "localhost"), ("Authorization", f"Bearer {grant['credential']}")]
    status, headers, body = answer(mesh, "GET", "/v1/events", own)
    assert status == 200 and b": subscribed" in body
    assert answer(mesh, "GET", "/v1/events", [("Host", "x")], "unix")[0] == 200
    # One credential has its bound, and leaves places to others.
    with contextlib.ExitStack() as stack:
        for _ in range(32):
            client = stack.enter_context(contextlib.closing(connect(mesh, "tcp")))
            client.sendall(request("GET", "/v1/events", own))
            assert b" 200 " in client.recv(4096)
        assert answer(mesh, "GET", "/v1/events", own)[0] == answer(mesh, "HEAD", "/v1/events", own)[0] == 503
        second = mesh.grant(agent="watcher-2")
        mesh.wait_applied()
        assert answer(mesh, "GET", "/v1/events", [("Host", "localhost"), ("Authorization", f"Bearer {second['credential']}")])[0] == 200
    eventually("a place again", lambda: answer(mesh, "HEAD", "/v1/events", own)[0] == 200)


def test_a_stream_is_told_of_its_own_credentials_calls(mesh):
    """One restriction ends more calls than any stream keeps: those of one agent's grants end no other agent's stream."""
    crowd = [mesh.grant("--principal", "crowd", agent=f"crowd-{number}") for number in range(6)]
    quiet = mesh.grant(agent="quiet")
    mesh.wait_applied()
    with contextlib.ExitStack() as stack:
        streams = {}
        for name, grant in (("quiet", quiet), ("crowd", crowd[0])):
            client = streams[name] = stack.enter_context(contextlib.closing(connect(mesh, "unix")))
            client.sendall(request("GET", "/v1/events", [("Host", "x"), ("Authorization", f"Bearer {grant['credential']}")]))
            assert b": subscribed" in heard(client, b": subscribed")
        door = stack.enter_context(contextlib.closing(mesh[1].door()))

        def hold(grant):
            answer = json.loads(door.ask("POST", "/v1/holds", question(grant["credential"]))[1])
            assert answer["decision"], answer
            return answer["context"]["decision_id"]
        own = hold(quiet)
        theirs = [hold(grant) for grant in crowd for _ in range(1024)]
        mesh.revoke("--principal", "crowd")
        told = heard(streams["crowd"], b"event: restricted")
        assert told.count(b"event: cancelled") == 1024 and all(one.encode() in told for one in theirs[:1024])
        mesh.revoke("--agent", "quiet")
        told = heard(streams["quiet"], own.encode())
        assert told.count(b"event: cancelled") == 1 and not any(one.encode() in told for one in theirs)


def heard(client, until):
    """What a stream says, up to and with this."""
    client.settimeout(20)
    text = b""
    while until not in text:
        piece = client.recv(65536)
        assert piece, f"the stream ended: {text[-500:]}"
        text += piece
    return text


@pytest.mark.parametrize("kind", ["tcp", "unix"])
def test_head_is_get_without_a_body(mesh, kind):
    for path in ("/livez", "/readyz", "/readyz?verbose", "/metrics", "/.well-known/authzen-configuration", "/v1/events", "/none", "/access/v1/evaluation", "/v1/holds/x/settle"):
        got, headers, body = answer(mesh, "HEAD", path, [("Host", "localhost")], kind)
        whole, full, _ = answer(mesh, "GET", path, [("Host", "localhost")], kind)
        assert got == whole and body == b"", (path, got, whole, body)
        assert headers.get("content-type") == full.get("content-type") and headers.get("allow") == full.get("allow")
    # The next answer on a kept connection is where it belongs.
    with contextlib.closing(connect(mesh, kind)) as client:
        client.sendall(request("HEAD", "/none", [("Host", "localhost")]) + request("HEAD", "/access/v1/evaluation", [("Host", "localhost")]) + request("GET", "/livez", [("Host", "localhost")]))
        data = b""
        while b"ok\n" not in data:
            data += client.recv(65536)
        assert [line.split()[1] for line in data.split(b"\r\n") if line.startswith(b"HTTP/")] == [b"404", b"405", b"200"]
        assert data.count(b"{") == 0
    if kind == "tcp":
        assert answer(mesh, "HEAD", "/livez", [("Host", "evil.example")])[::2] == (421, b"")
