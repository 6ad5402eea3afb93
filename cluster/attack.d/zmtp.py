"""Connections to the ledger that behave as no client of Penstock does."""

import time

import zmq

from peer import Peer

ABRUPT = ((zmq.RCVHWM, 1), (zmq.SNDHWM, 20_000), (zmq.IMMEDIATE, 1))
# Pings that ask the other side to count down: they lie among the messages that it has not taken yet.
PINGS = ((zmq.HEARTBEAT_IVL, 1), (zmq.HEARTBEAT_TTL, 1000), (zmq.HEARTBEAT_TIMEOUT, 5000))


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
