"""Peers that fill a receive queue and are gone at once: libzmq 4.3.4 can be made to abort by that."""

import contextlib
import socket
import struct
import time

import pytest
import zmq

from harness import Mesh, Prober
from peer import FETCH, Peer, field, request
from raw_curve import MORE, RawPeer

SECONDS = 10
ABRUPT = ((zmq.RCVHWM, 1), (zmq.SNDHWM, 20_000), (zmq.IMMEDIATE, 1))
# Asks the other side to count down, and lies among the messages that it has not taken yet.
PINGS = ((zmq.HEARTBEAT_IVL, 1), (zmq.HEARTBEAT_TTL, 1000), (zmq.HEARTBEAT_TIMEOUT, 5000))


@pytest.fixture(scope="module")
def mesh():
    with Mesh(max_staleness="2s") as mesh:
        mesh.add_member("auditor", "evil")
        # Answers that are long: the ledger is slower to give them than questions come.
        for number in range(100):
            mesh.grant("--purpose", "p" * 200, agent=f"fill-{number}")
        yield mesh


def abrupt(mesh, message, connections, each, **whom):
    context = zmq.Context()
    try:
        peers = [Peer(mesh, context=context, **whom) for _ in range(connections)]
        time.sleep(0.3 if connections < 10 else 0.8)
        for peer in peers:
            for _ in range(each):
                try:
                    peer.socket.send(message, zmq.NOBLOCK)
                except zmq.Again:
                    break
        time.sleep(0.15)
    finally:
        context.destroy(0)


@pytest.mark.parametrize("options", [ABRUPT, ABRUPT + PINGS], ids=["silent", "with-pings"])
@pytest.mark.parametrize("who", ["member", "stranger"])
def test_it_fills_a_queue_and_is_gone(mesh, who, options):
    grant = mesh.grant(agent=f"honest-{who}-{len(options)}")
    mesh.wait_applied()
    deadline, tries = time.monotonic() + SECONDS, 0
    with Prober(mesh[1], grant["credential"], pause=0.02) as prober:
        while time.monotonic() < deadline:
            if who == "member":
                abrupt(mesh, request(1, FETCH, field(1, 1)), 2, 3000, name="evil", options=options)
            else:
                abrupt(mesh, b"x" * 20, 20, 3000, port=mesh.port + 3, options=options)
            tries += 1
            # The old heartbeat came within 500 ms of it.
            time.sleep(0.7)
            assert mesh.ledger.is_running, f"{tries} tries: {mesh.ledger.log()[-500:]}"
    assert tries >= 3
    assert mesh.revoke("--agent", f"honest-{who}-{len(options)}", "--timeout", "10s")["state"] == "CLOSED"


def test_it_goes_while_it_is_asked_who_it_is(mesh):
    """The handshake's last command, with pings and parts behind it, and a reset before anybody has answered it."""
    deadline, tries = time.monotonic() + SECONDS, 0
    while time.monotonic() < deadline:
        for lane, name in ((0, "evil"), (1, "evil"), (2, "evil"), (3, None), (0, None)):
            peer = RawPeer(mesh, name, port=mesh.port + lane)
            with contextlib.suppress(OSError):
                data = peer.greet().initiate()
                behind = (b"", peer.ping() * 50, peer.sealed(b"x", MORE) * 5 + peer.ping() * 5)[tries % 3]
                peer.socket.sendall((data + behind)[:-7 if tries % 4 == 0 else None])
            peer.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            peer.socket.close()
            tries += 1
        assert mesh.ledger.is_running, f"{tries} tries: {mesh.ledger.log()[-500:]}"
    assert tries >= 100
