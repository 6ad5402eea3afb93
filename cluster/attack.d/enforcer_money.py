"""What a hostile enforcer says about money: others', and its own beyond all measure."""

from attack import Attack
from hostile import DEBT_RECORDED, SLICE_CLOSED, SPEND_REPORTED, Key, amount, position_of, refusal_of, use
from peer import ECHO, RESERVE, field, parsed
from zmtp import drain, push


class Money(Attack):
    def __init__(self, target):
        super().__init__(target)
        self.key = None

    def open(self):
        self.key = self.key or Key(self.target, self.random)

    def close(self):
        if self.key:
            self.key.close()

    def ask(self, what, message):
        """Waits for the answer, and counts it."""
        reply = self.key.peer.ask(message, timeout=2)
        outcome = refusal_of(reply) or "taken"
        self.pushed[f"{what}: {outcome}"] += 1
        return reply


class ForeignMoney(Money):
    """Slices, reports, closings and debts under an honest node's incarnation: none may be taken."""

    rate = 10.0

    def step(self):
        self.open()
        victim = self.key.victim()
        if victim is None:
            return
        node, incarnation = victim
        slices = self.key.log.slices[node]
        slice, holder, grant, unit, size = self.random.choice(slices[-20:])
        reserve = field(1, incarnation) + field(2, self.random.randbytes(16)) + field(3, grant) + field(4, unit) + field(5, 1) + field(6, 1)
        reply = self.ask("reserve", self.key.request(RESERVE, reserve))
        if reply and 22 in reply and parsed(reply[22]).get(1, 0):
            self.violations.append(("G6", f"a slice of {grant} was given to the key of another node under {node}'s incarnation"))
        for kind, content in (
            (SPEND_REPORTED, field(1, holder) + field(2, use(slice, size))),
            (SLICE_CLOSED, field(1, holder) + field(2, use(slice, 0, size)) + field(3, "closed") + field(4, self.random.choice([0, 1]))),
            (DEBT_RECORDED, field(1, incarnation) + field(2, self.random.randint(1, 2000)) + field(3, grant) + field(4, amount(unit, 1))),
        ):
            position = position_of(self.ask({SPEND_REPORTED: "report", SLICE_CLOSED: "close", DEBT_RECORDED: "debt"}[kind], self.key.submit(kind, content)))
            if position:
                self.violations.append(("G6", f"event {position} of another node's key was taken under {node}'s incarnation"))


class OwnReports(Money):
    """Its own slices of a grant that is there for it: reserved without end, reported twice, too much, and a thousand at a time."""

    rate = 10.0

    def __init__(self, target):
        super().__init__(target)
        self.slices = []

    def step(self):
        self.open()
        # Only who is there is given slices.
        self.ask("echo", self.key.request(ECHO, field(1, self.key.incarnation) + field(2, 1)))
        for grant in self.target.bait:
            body = field(1, self.key.incarnation) + field(2, self.random.randbytes(16)) + field(3, grant) + field(4, "calls") + field(5, 1) + field(6, 1 << 40)
            reply = self.ask("reserve", self.key.request(RESERVE, body))
            if reply and 22 in reply and (slice := parsed(reply[22]).get(1, 0)):
                self.slices = [*self.slices[-1000:], slice]
        known = self.slices or [1]
        for uses in ([use(known[-1], 1 << 50)], [use(known[-1], 1, 1)] * 2, [use(self.random.getrandbits(40), 1) for _ in range(1000)],
                     [use(known[0], 0, (1 << 63) - 1)], [use(slice, 1) for slice in known[-500:]]):
            content = field(1, self.key.incarnation) + b"".join(field(2, one) for one in uses)
            for kind in (SPEND_REPORTED, SLICE_CLOSED):
                self.pushed["messages"] += push(self.key.peer, self.key.submit(kind, content), 1)
        self.pushed["answers"] += drain(self.key.peer)


class Absurd(Money):
    """Debts at the largest amount, past it and below nothing, of the bait: their sum is past 64 bits."""

    rate = 10.0

    def step(self):
        self.open()
        for grant in self.target.bait:
            for value in (1 << 46, (1 << 46) + 1, 1 << 62, (1 << 63) - 1, (1 << 64) - 1, 0):
                content = field(1, self.key.incarnation) + field(2, self.random.getrandbits(40)) + field(3, grant)
                content += b"".join(field(4, amount("calls", value)) for _ in range(self.random.choice([1, 4, 100])))
                self.pushed["debts"] += push(self.key.peer, self.key.submit(DEBT_RECORDED, content), 1)
        for value in (1 << 62, (1 << 63) - 1, (1 << 64) - 1):
            body = field(1, self.key.incarnation) + field(2, self.random.randbytes(16)) + field(3, self.target.bait[0]) + field(4, "calls") + field(5, value) + field(6, value)
            self.pushed["reserves"] += push(self.key.peer, self.key.request(RESERVE, body), 1)
        self.pushed["answers"] += drain(self.key.peer)
