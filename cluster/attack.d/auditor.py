"""A key that may read everything and change nothing."""

import time

import zmq

from attack import Attack
from peer import AUDIT, BUDGETS, FETCH, HEAD, PROOF, RECEIPT, SNAPSHOT, STATUS, Peer, field, request
from zmtp import ABRUPT, PINGS, abrupt, drain, pings_then_reset, push

NAME = "evil-auditor"
QUESTIONS = {
    "fetch": request(1, FETCH, field(1, 1)),
    "snapshot": request(2, SNAPSHOT, b""),
    "receipt": request(3, RECEIPT, field(1, 5)),
    "status": request(4, STATUS, b""),
    "audit": request(5, AUDIT, field(2, 100_000)),
    "head": request(6, HEAD, b""),
    "budgets": request(7, BUDGETS, b""),
    "proof": request(8, PROOF, field(1, 3)),
}


class Flood(Attack):
    """Every question that it may ask, in turn, as fast as they are taken; answers are read."""

    rate = 20.0

    def __init__(self, target):
        super().__init__(target)
        self.peer = None

    def step(self):
        self.peer = self.peer or Peer(self.target, NAME)
        kind = self.random.choice(list(QUESTIONS))
        self.pushed[kind] += push(self.peer, QUESTIONS[kind], 50)
        self.pushed["answers"] += drain(self.peer)

    def close(self):
        if self.peer:
            self.peer.socket.close()


class Unread(Attack):
    """The longest answers, asked for over and over on connections that never read."""

    rate = 2.0

    def __init__(self, target):
        super().__init__(target)
        self.peers = []

    def step(self):
        if len(self.peers) < 20:
            self.peers.append(Peer(self.target, NAME, options=ABRUPT))
        for peer in self.peers:
            self.pushed["messages"] += push(peer, QUESTIONS[self.random.choice(["fetch", "snapshot", "audit", "budgets"])], 10)

    def close(self):
        for peer in self.peers:
            peer.socket.close()


class Connections(Attack):
    """As many connections under one key as it is given, replaced now and then."""

    rate = 4.0

    def __init__(self, target):
        super().__init__(target)
        self.peers = []

    def step(self):
        self.peers += [Peer(self.target, NAME) for _ in range(10)]
        self.pushed["connections"] += 10
        for peer in self.peers[-10:]:
            push(peer, QUESTIONS["status"], 1)
        while len(self.peers) > 300:
            self.peers.pop(0).socket.close()

    def close(self):
        for peer in self.peers:
            peer.socket.close()


class AbruptFetch(Attack):
    """Fills its receive queue at the ledger with questions whose answers are long, and is gone."""

    rate = 0.5

    def step(self):
        abrupt(self, QUESTIONS["fetch"], connections=1, each=3000, name=NAME)


class AbruptPings(Attack):
    """The same with the client's own pings among them."""

    rate = 0.5

    def step(self):
        pings_then_reset(self, QUESTIONS["fetch"], connections=4, seconds=1, name=NAME)


class Subscriptions(Attack):
    """Thousands of subscriptions at both lanes, and of what is none, left at once."""

    rate = 1.0

    def step(self):
        context = zmq.Context()
        try:
            for lane in (1, 2):
                peer = Peer(self.target, NAME, port=self.target.port + lane, context=context, options=ABRUPT[:2] + PINGS)
                time.sleep(0.1)
                for number in range(1500):
                    self.pushed["subscriptions"] += push(peer, self.random.randbytes(200) if number % 2 else b"", 1)
        finally:
            context.destroy(0)


class ManySubscriptions(Attack):
    """Subscribes to topics that no two share, on a connection that stays: a ZeroMQ publisher would keep each of them."""

    rate = 20.0

    def __init__(self, target):
        super().__init__(target)
        self.peers = None

    def step(self):
        self.peers = self.peers or [
            Peer(self.target, NAME, port=self.target.port + 1, kind=kind, options=((zmq.SNDHWM, 1000),)) for kind in (zmq.SUB, zmq.DEALER)]
        for _ in range(100):
            self.peers[0].socket.subscribe(self.random.randbytes(500))
            self.pushed["topics"] += push(self.peers[1], b"\x01" + self.random.randbytes(500), 1)
        self.pushed["subscriptions"] += 100
        if self.pushed["subscriptions"] % 2000 == 0:  # they stay in the memory of the attacker's own library
            self.close()

    def close(self):
        for peer in self.peers or []:
            peer.socket.close()
        self.peers = None


class SlowSubscriber(Attack):
    """Subscribes to all and reads nothing, so that what it is sent has to wait or go."""

    rate = 0.5

    def __init__(self, target):
        super().__init__(target)
        self.peers = []

    def step(self):
        if len(self.peers) < 40:
            peer = Peer(self.target, NAME, port=self.target.port + 1 + len(self.peers) % 2, options=((zmq.RCVHWM, 1),))
            push(peer, b"", 1)
            self.peers.append(peer)
            self.pushed["connections"] += 1

    def close(self):
        for peer in self.peers:
            peer.socket.close()


ATTACKS = [Flood, Unread, Connections, AbruptFetch, AbruptPings, Subscriptions, ManySubscriptions, SlowSubscriber]
