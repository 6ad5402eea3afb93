"""What a hostile enforcer says for others, again, in pieces, or without the right to say it."""

import hashlib
import os
import time

from enforcer_money import Money
from hostile import DECISION_BATCH, NAME, position_of
from peer import ACK, COSIGN, DECISIONS, SUBMIT, field, request, revoke_all, signed
from zmtp import drain, push


class FalseAcks(Money):
    """In the name of honest nodes: that they have applied everything, and that they have ended."""

    rate = 20.0

    def step(self):
        self.open()
        victim = self.key.victim()
        if victim is None:
            return
        urgent = b"".join(field(4, position) for position in range(self.key.log.next, self.key.log.next + 50))
        for ended in (0, 1):
            body = field(1, victim[1]) + urgent + field(5, ended)
            self.pushed["acks"] += push(self.key.peer, self.key.request(ACK, body), 10)
        self.pushed["answers"] += drain(self.key.peer)


class Batches(Money):
    """Records of decisions that were never made: sealed as they should be and large, and garbage under false seals."""

    rate = 5.0

    def __init__(self, target):
        super().__init__(target)
        self.sequence = 1

    def step(self):
        self.open()
        for size, honest in ((200_000, True), (900_000, True), (1000, False), (0, False)):
            records = self.random.randbytes(size)
            digest = hashlib.sha256(records).digest() if honest else os.urandom(32)
            count = self.random.choice([1, 1000, 1 << 31])
            seal = field(1, self.key.incarnation) + field(2, self.sequence) + field(3, count) + field(4, digest)
            body = field(1, self.key.incarnation) + field(2, self.sequence) + field(3, count) + field(4, records)
            body += field(5, signed(NAME, self.key.key, DECISION_BATCH, seal))
            self.sequence += 1
            self.pushed["bytes"] += len(body) * push(self.key.peer, self.key.request(DECISIONS, body), 1)
        self.pushed["answers"] += drain(self.key.peer)


class Replays(Money):
    """Events of others from the log, its own twice, and ones of another mesh."""

    rate = 10.0

    def step(self):
        self.open()
        self.key.follow()
        for event in self.random.sample(self.key.log.events, min(20, len(self.key.log.events))):
            self.pushed["replayed"] += push(self.key.peer, self.key.request(SUBMIT, field(1, event)), 1)
        body = field(1, 1) + field(2, "another") + field(3, NAME) + field(4, int(1000 * time.time())) + field(5, os.urandom(16))
        body += field(DECISION_BATCH, field(1, self.key.incarnation) + field(2, 1) + field(3, 1) + field(4, os.urandom(32)))
        foreign = field(1, body) + field(2, self.key.key.sign(b"penstock event v1\n" + body))
        if position := position_of(self.ask("foreign", self.key.request(SUBMIT, field(1, foreign)))):
            self.violations.append(("G6", f"event {position} is of another mesh"))
        drain(self.key.peer)


class Forbidden(Money):
    """Every kind that its role forbids, as its own and under an operator's name."""

    rate = 10.0

    def step(self):
        self.open()
        for kind in (16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 31, 32, 33, 35, 36):
            for origin in (NAME, "operator"):
                self.pushed["events"] += push(self.key.peer, self.key.submit(kind, field(1, 1) + field(2, "x"), origin), 2)
        for origin in (NAME, "operator", "issuer", "ledger"):
            event = revoke_all(origin, self.key.key)
            if position := position_of(self.ask("revoke of everything", self.key.request(SUBMIT, field(1, event) + field(2, 1)))):
                self.violations.append(("G6", f"an enforcer's key revoked everything at {position}"))
        # Its own, with what no version knows beside it: none of it may reach the log.
        report = self.key.submit(28, field(1, self.key.incarnation) + field(2000, self.random.randbytes(40_000)))
        if position := position_of(self.ask("unread members", report)):
            self.violations.append(("G6", f"event {position} has members that nobody reads"))
        self.pushed["answers"] += drain(self.key.peer)


class Garbage(Money):
    """Spoilt requests on a channel that is open to it."""

    rate = 20.0

    def step(self):
        self.open()
        whole = self.key.submit(DECISION_BATCH, field(1, self.key.incarnation))
        for _ in range(50):
            spoilt = bytearray(whole)
            for _ in range(self.random.randint(1, 4)):
                spoilt[self.random.randrange(len(spoilt))] = self.random.randrange(256)
            self.pushed["messages"] += push(self.key.peer, bytes(spoilt[:self.random.randint(0, len(spoilt))]), 1)
        cosign = request(1, COSIGN, field(1, self.random.getrandbits(62)) + field(2, "— x " + "A" * 60_000))
        self.pushed["messages"] += push(self.key.peer, cosign, 2)
        self.pushed["answers"] += drain(self.key.peer)


