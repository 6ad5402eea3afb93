"""Connections to the ledger that behave as no client of Penstock does."""

import json
import pathlib
import subprocess
import sys
import time

import zmq

from peer import Peer

ABRUPT = ((zmq.RCVHWM, 1), (zmq.SNDHWM, 20_000), (zmq.IMMEDIATE, 1))
# Pings that ask the other side to count down: they lie among the messages that it has not taken yet.
PINGS = ((zmq.HEARTBEAT_IVL, 1), (zmq.HEARTBEAT_TTL, 1000), (zmq.HEARTBEAT_TIMEOUT, 5000), (zmq.SNDBUF, 8192))


def abrupt(attack, message, connections, each, name=None, port=None, options=()):
    """Fills receive queues at the other side, reads nothing, and is gone at once."""
    context = zmq.Context()
    try:
        peers = [Peer(attack.target, name, port=port, context=context, options=ABRUPT + tuple(options)) for _ in range(connections)]
        time.sleep(0.3 if connections < 10 else 0.8)
        for peer in peers:
            attack.pushed["messages"] += push(peer, message, each)
        time.sleep(0.15)
        attack.pushed["connections"] += connections
    finally:
        context.destroy(0)


def pings_then_reset(attack, message, connections, seconds, name=None, port=None):
    """As pings.py does it, in a process of its own: the attacker's libzmq aborts as the attacked one does."""
    asked = {"dir": str(attack.target.dir), "port": port or attack.target.port, "name": name, "message": message.hex(), "connections": connections, "seconds": seconds}
    done = subprocess.run(
        [sys.executable, pathlib.Path(__file__).with_name("pings.py")], input=json.dumps(asked), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, timeout=30)
    attack.pushed["messages"] += sum(map(int, done.stdout.split()))
    attack.pushed["connections"] += connections


def push(peer, message, count):
    """Sends it as often as there is room, and returns how often that was."""
    for number in range(count):
        try:
            peer.socket.send(message, zmq.NOBLOCK)
        except zmq.Again:
            return number
    return count


def drain(peer, most=100_000):
    """How many replies lay ready."""
    for number in range(most):
        try:
            peer.socket.recv(zmq.NOBLOCK)
        except zmq.Again:
            return number
    return most
