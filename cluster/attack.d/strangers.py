"""Whoever reaches the ledger's ports and has no key that it knows."""

import os
import socket

import zmq

from attack import Attack
from peer import ECHO, FETCH, GREETING, STATUS, Peer, field, request
from zmtp import ABRUPT, PINGS, abrupt, pings_then_reset, push

PORTS = range(4)  # requests, log, urgent, join
JOIN = 3


def join_request(token):
    keys = field(1, "stranger") + field(2, 2) + field(3, os.urandom(32)) + field(4, os.urandom(32))
    return field(1, 1) + field(2, token) + field(3, keys) + field(4, os.urandom(64))


class Held(Attack):
    """Peers that stay open for some steps."""

    most = 4  # steps' worth

    def __init__(self, target):
        super().__init__(target)
        self.held = []

    def hold(self, peers):
        self.held.append(peers)
        if len(self.held) > self.most:
            for peer in self.held.pop(0):
                peer.close()

    def close(self):
        for peers in self.held:
            for peer in peers:
                peer.close()


class Handshakes(Held):
    """Whole CURVE handshakes under keys made up for each, with a request behind them."""

    rate = 4.0

    def step(self):
        peers = []
        for port in PORTS:
            for _ in range(8):
                peer = Peer(self.target, port=self.target.port + port)
                if port in (1, 2):
                    push(peer, b"", 1)
                else:
                    push(peer, request(1, self.random.choice([STATUS, ECHO, FETCH]), b""), 3)
                peers.append(peer.socket)
        self.pushed["connections"] += len(peers)
        self.hold(peers)


class HalfOpen(Held):
    """TCP connections that say nothing, or their greeting byte by byte."""

    rate = 8.0
    most = 24

    def step(self):
        peers = []
        for number in range(64):
            peer = socket.socket()
            peer.setblocking(False)
            try:
                peer.connect(("127.0.0.1", self.target.port + number % 4))
            except BlockingIOError:
                pass
            peers.append(peer)
        for age, old in enumerate(self.held):
            for peer in old[:32]:
                try:
                    peer.send((GREETING + b"\x04\x26")[age:age + 1])
                except OSError:
                    pass
        self.pushed["connections"] += len(peers)
        self.hold(peers)


class Garbage(Attack):
    """Noise, whole or behind a greeting, and then nothing."""

    rate = 40.0

    def step(self):
        with socket.create_connection(("127.0.0.1", self.target.port + self.random.choice(PORTS)), timeout=1) as peer:
            data = self.random.choice([b"", GREETING, GREETING[:11]]) + self.random.randbytes(self.random.choice([1, 40, 3000, 60_000]))
            peer.sendall(data)
            self.pushed["bytes"] += len(data)


class WrongTokens(Attack):
    """Fifty joiners who guess."""

    rate = 20.0

    def __init__(self, target):
        super().__init__(target)
        self.peers = []

    def step(self):
        if not self.peers:
            self.peers = [Peer(self.target, port=self.target.port + JOIN) for _ in range(50)]
        for peer in self.peers:
            self.pushed["messages"] += push(peer, join_request(self.random.randbytes(32)), 1)

    def close(self):
        for peer in self.peers:
            peer.socket.close()


class Oversized(Held):
    """Messages larger than any port takes, in one part and in many."""

    rate = 4.0

    def step(self):
        peer = Peer(self.target, port=self.target.port + self.random.choice([0, JOIN]))
        for size in (4097, 70_000, 1 << 20, 1 << 22):
            try:
                peer.socket.send(bytes(size), zmq.NOBLOCK)
                peer.socket.send_multipart([b"x" * 1000] * 50, zmq.NOBLOCK)
                self.pushed["messages"] += 2
            except zmq.Again:
                break
        self.hold([peer.socket])


class AbruptJoin(Attack):
    """Fills the join port's queue and is gone: libzmq 4.3.4 aborts when a heartbeat then comes due."""

    rate = 0.6

    def step(self):
        abrupt(self, b"x" * 20, connections=30, each=1500, port=self.target.port + JOIN)


class AbruptPings(Attack):
    """Fills it with the client's own pings among the messages, and resets."""

    rate = 0.6

    def step(self):
        pings_then_reset(self, join_request(b"y" * 32), connections=4, seconds=1, port=self.target.port + JOIN)


class Subscriptions(Attack):
    """Subscriptions before anybody was let in, at both lanes."""

    rate = 1.0

    def step(self):
        context = zmq.Context()
        try:
            for lane in (1, 2):
                for kind in (zmq.DEALER, zmq.SUB):
                    peer = Peer(self.target, port=self.target.port + lane, kind=kind, context=context, options=ABRUPT[:2] + PINGS)
                    for _ in range(500):
                        if kind == zmq.SUB:
                            peer.socket.subscribe(self.random.randbytes(8))
                        else:
                            push(peer, b"", 1)
                    self.pushed["subscriptions"] += 500
        finally:
            context.destroy(0)


ATTACKS = [Handshakes, HalfOpen, Garbage, WrongTokens, Oversized, AbruptJoin, AbruptPings, Subscriptions]
