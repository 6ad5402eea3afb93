"""Clients that hold what they were given: half requests, idle connections, streams that are never read."""

import contextlib
import json
import resource
import socket
import subprocess
import time

import harness
import pytest
from harness import Mesh, eventually, free_ports, penstock, question, reason

STOPS_WITHIN = 5.0


@pytest.fixture(scope="module", autouse=True)
def files():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.fixture(scope="module")
def mesh():
    port = free_ports(1)
    with Mesh(max_staleness="2s", settings=f"port: {port}\n") as mesh:
        mesh.tcp = port
        mesh.honest = mesh.grant("--budget", "calls=100000")
        mesh.wait_applied()
        yield mesh


def connect(mesh, kind="tcp"):
    if kind == "tcp":
        return socket.create_connection(("127.0.0.1", mesh.tcp), timeout=30)
    client = socket.socket(socket.AF_UNIX)
    # Blocking: with a time-out, a backlog that is full for a moment is an error.
    client.connect(str(mesh[1].socket))
    client.settimeout(30)
    return client


def closed_after(client, since):
    """Seconds from `since` until the other side ends the connection."""
    client.settimeout(30)
    with contextlib.suppress(ConnectionError):
        while client.recv(65536):
            pass
    return time.monotonic() - since


HALF = {
    "nothing": b"",
    "half a head": b"POST /access/v1/evaluation HTTP/1.1\r\nHost: localhost\r\nContent-Ty",
    "half a body": b"POST /access/v1/evaluation HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{\"subject\"",
}


def test_half_requests_end(mesh):
    """All at once, over both addresses; a byte now and then buys no more time."""
    began, clients = time.monotonic(), []
    for kind in ("tcp", "unix"):
        for half in HALF.values():
            client = connect(mesh, kind)
            client.sendall(half)
            clients.append(client)
    dribble = connect(mesh)
    dribble.sendall(HALF["half a head"])
    while time.monotonic() - began < 12:
        with contextlib.suppress(OSError):
            dribble.sendall(b"x")
        time.sleep(0.5)
    for client in [*clients, dribble]:
        assert closed_after(client, began) < 14
        client.close()


EARLY = {
    404: b"POST /none HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n",
    405: b"PUT /v1/holds HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n",
    413: b"POST /v1/holds HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 9000000\r\n\r\n" + b"x" * 100_000,
    415: b"POST /access/v1/evaluation HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\nContent-Length: 500\r\n\r\n",
}


@pytest.mark.parametrize("kind", ["tcp", "unix"])
def test_an_answer_before_the_whole_request_ends_the_connection(mesh, kind):
    for status, early in EARLY.items():
        with contextlib.closing(connect(mesh, kind)) as client:
            client.sendall(early)
            answer = client.recv(65536)
            assert b" %d " % status in answer and b"connection: close" in answer.lower(), answer
            assert closed_after(client, time.monotonic()) < 4
    # One that is here whole, or has no body, costs no connection.
    with contextlib.closing(connect(mesh, kind)) as client:
        for request in (b"GET /none HTTP/1.1\r\nHost: localhost\r\n\r\n", b"POST /v1/holds/x/release HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}") * 2:
            client.sendall(request)
            answer = client.recv(65536)
            assert b" 404 " in answer and b"connection: close" not in answer.lower(), answer


@pytest.mark.parametrize("kind", ["tcp", "unix"])
@pytest.mark.parametrize("half", ["nothing", "half a body"])
def test_connections_without_end_block_nobody(mesh, kind, half):
    with contextlib.closing(mesh[1].door()) as kept, contextlib.ExitStack() as stack:
        assert reason(kept.evaluate(mesh.honest["credential"])) == "allow"
        for number in range(1100):
            client = stack.enter_context(contextlib.closing(connect(mesh, kind)))
            client.sendall(HALF[half])
            if number % 100 == 0:
                assert reason(kept.evaluate(mesh.honest["credential"])) == "allow"
        began = time.monotonic()
        honest = stack.enter_context(contextlib.closing(connect(mesh, kind)))
        body = json.dumps(question(mesh.honest["credential"])).encode()
        honest.sendall(b"POST /access/v1/evaluation HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
        answer = honest.recv(65536)
        took = time.monotonic() - began
        assert b'"decision":true' in answer and took < 3.0, (took, answer)
        assert reason(kept.evaluate(mesh.honest["credential"])) == "allow", "a connection in use was cut"


def stopped_in(node):
    began = time.monotonic()
    node.stop()
    return time.monotonic() - began


def test_a_node_stops_whatever_clients_hold():
    port = free_ports(1)
    with Mesh(max_staleness="2s", settings=f"port: {port}\n") as mesh, contextlib.ExitStack() as stack:
        mesh.tcp = port
        grant = mesh.grant("--budget", "usd_micros=10")
        mesh.wait_applied()
        for kind in ("tcp", "unix"):
            for half in HALF.values():
                client = stack.enter_context(contextlib.closing(connect(mesh, kind)))
                client.sendall(half)
            for _ in range(3):
                # Streams that nobody reads.
                stream = stack.enter_context(contextlib.closing(connect(mesh, kind)))
                stream.sendall(b"GET /v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
            # The first takes all there is, the second waits for it.
            for amount, patience in ((10, 100), (10, 30_000)):
                body = json.dumps(question(grant["credential"], amounts={"usd_micros": amount}, patience_ms=patience)).encode()
                holder = stack.enter_context(contextlib.closing(connect(mesh, kind)))
                holder.sendall(b"POST /v1/holds HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
        time.sleep(1)
        node = stopped_in(mesh[1])
        ledger = stopped_in(mesh.ledger)
        print(f"enforcer {node:.2f} s, ledger {ledger:.2f} s")
        assert node < STOPS_WITHIN and ledger < STOPS_WITHIN


def test_a_node_stops_without_its_ledger():
    with Mesh(max_staleness="1s") as mesh:
        grant = mesh.grant("--budget", "calls=1000")
        mesh.wait_applied()
        mesh[1].evaluate(grant["credential"])
        mesh.ledger.kill()
        took = stopped_in(mesh[1])
        print(f"enforcer without its ledger {took:.2f} s")
        assert took < STOPS_WITHIN


def test_up_stops_whatever_clients_hold(tmp_path):
    port = free_ports(4)
    penstock("init", "--dir", tmp_path, "--port", port)
    up = subprocess.Popen([harness.BINARY, "up", "--dir", tmp_path, "--enforcers", "2"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    try:
        paths = [tmp_path / f"enforcer-{number}/enforcer.sock" for number in (1, 2)]
        eventually("the doors", lambda: all(path.exists() for path in paths), timeout=30)
        with contextlib.ExitStack() as stack:
            for path in paths:
                for text in [*HALF.values(), b"GET /v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n"]:
                    client = stack.enter_context(contextlib.closing(socket.socket(socket.AF_UNIX)))
                    client.connect(str(path))
                    client.sendall(text)
            time.sleep(0.5)
            began = time.monotonic()
            up.terminate()
            up.wait(30)
            assert time.monotonic() - began < STOPS_WITHIN
    finally:
        if up.poll() is None:
            up.kill()
        up.stderr.close()
        up.wait()
