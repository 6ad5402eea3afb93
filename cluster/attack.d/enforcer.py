"""The keys of one admitted enforcer, spoken by whoever stole them.

One thing is left out: a root that contradicts the ledger's makes both sides refuse to serve until an operator looks, which
is the rule for forked logs (Tests/THREAT_MODEL.md, out of scope). Every echo here has folded nothing.
"""

from attack import Attack
from enforcer_money import Absurd, ForeignMoney, OwnReports
from enforcer_words import Batches, FalseAcks, Forbidden, Garbage, Replays
from hostile import Key
from peer import ECHO, field
from zmtp import drain, push


class Echoes(Attack):
    """Each under an incarnation that was never there: a table that keeps them all keeps every revoke waiting."""

    rate = 20.0

    def __init__(self, target):
        super().__init__(target)
        self.key = None

    def step(self):
        self.key = self.key or Key(self.target, self.random)
        for number in range(50):
            body = field(1, self.random.randbytes(16)) + field(2, number)
            self.pushed["echoes"] += push(self.key.peer, self.key.request(ECHO, body), 1)
        self.pushed["answers"] += drain(self.key.peer)

    def close(self):
        self.key.close()


class RateStatements(Attack):
    """Echoes that claim shares of a thousand rates that are not there."""

    rate = 4.0

    def __init__(self, target):
        super().__init__(target)
        self.key = None

    def step(self):
        self.key = self.key or Key(self.target, self.random)
        lines = b"".join(
            field(3, field(1, number) + field(2, f"rate-{self.random.random()}") + field(5, 65_536) + field(6, 1 << 62) + field(7, 1 << 46) + field(8, 1))
            for number in range(1000))
        statement = field(1, self.random.getrandbits(40)) + lines
        self.pushed["statements"] += push(self.key.peer, self.key.request(ECHO, field(1, self.key.incarnation) + field(2, 1) + field(8, statement)), 1)
        self.pushed["answers"] += drain(self.key.peer)

    def close(self):
        self.key.close()


ATTACKS = [Echoes, RateStatements, ForeignMoney, OwnReports, Absurd, FalseAcks, Batches, Replays, Forbidden, Garbage]
