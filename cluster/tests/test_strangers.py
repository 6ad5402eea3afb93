"""Strangers at every port of the ledger: none of them delays a member."""

import contextlib
import json
import resource
import socket
import subprocess
import sys
import threading
import time

import pytest

from harness import Mesh, Prober, eventually
from peer import GREETING

SECONDS = 12
# In a process of their own, as they would be: 50 sockets with keys of their own that send all the time.
CROWD = """
import sys, time, zmq
port, server, seconds = int(sys.argv[1]), sys.argv[2].encode(), float(sys.argv[3])
context, sockets, poller = zmq.Context(), [], zmq.Poller()
for number in range(50):
    peer = context.socket(zmq.DEALER)
    peer.curve_publickey, peer.curve_secretkey = zmq.curve_keypair()
    peer.curve_serverkey, peer.linger, peer.sndhwm = server, 0, 100
    peer.connect(f"tcp://127.0.0.1:{port}")
    sockets.append(peer)
end, sent = time.monotonic() + seconds, 0
while time.monotonic() < end:
    for peer in sockets:
        try:
            peer.send(b"\\x08\\x01\\x12\\x20" + b"x" * 300, zmq.NOBLOCK)
            sent += 1
        except zmq.Again:
            pass
        while peer.poll(0):
            peer.recv()
print(sent)
context.destroy(0)
"""


@pytest.fixture(autouse=True)
def files():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


class HalfOpen:
    """Keeps a thousand connections to a port that say hello and no more; each that is cut is made again."""

    def __init__(self, port, count=1000):
        self.port, self.count, self.made, self._stop = port, count, 0, threading.Event()
        self._thread = threading.Thread(target=self._run)

    def _run(self):
        held = []
        while not self._stop.is_set():
            with contextlib.suppress(OSError):
                client = socket.create_connection(("127.0.0.1", self.port), timeout=5)
                client.sendall(GREETING[:self.made % len(GREETING)])
                held.append(client)
                self.made += 1
            if len(held) > self.count:
                held.pop(0).close()
                time.sleep(0.002)
        for client in held:
            client.close()

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join(30)


def test_members_are_not_delayed():
    with Mesh(max_staleness="2s", enforcers=2) as mesh:
        honest, doomed = mesh.grant(agent="honest"), mesh.grant(agent="doomed")
        mesh.wait_applied()
        server = json.loads((mesh.dir / "operator" / "member.json").read_text())["ledger"]["channel_key"]
        with contextlib.ExitStack() as stack:
            halves = [stack.enter_context(HalfOpen(mesh.port + lane)) for lane in range(4)]
            eventually("half-open connections", lambda: all(half.made >= 1000 for half in halves), timeout=60)
            crowd = stack.enter_context(subprocess.Popen(
                [sys.executable, "-c", CROWD, str(mesh.port + 3), server, str(SECONDS)], stdout=subprocess.PIPE, text=True))
            probers = [stack.enter_context(Prober(node, honest["credential"], pause=0.01)) for node in mesh.enforcers]
            time.sleep(SECONDS / 2)
            began = time.monotonic()
            assert mesh.revoke("--agent", "doomed", "--timeout", "10s")["state"] == "CLOSED"
            took = time.monotonic() - began
            sent = int(crowd.communicate(timeout=60)[0])
        answers = [answer for prober in probers for _, _, answer in prober.answers]
        allowed = answers.count("allow") / len(answers)
        print(f"strangers sent {sent}; half-open made {[half.made for half in halves]}; honest {100 * allowed:.2f} % of {len(answers)}; CLOSED in {took:.2f} s")
        assert sent > 1000 and len(answers) > 500
        assert allowed >= 0.99 and took < 5
        # The door itself is not blocked for good.
        eventually("a node joins", lambda: mesh.run(
            "node join", "--name", "late", stdin=mesh.run("node token", "--role", "enforcer").json["token"], expect=None).code == 0, timeout=30)
