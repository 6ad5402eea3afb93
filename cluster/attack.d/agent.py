"""An agent that was granted something and wants more, or wants others to have less."""

import json
import time

from caller import Doors
from harness import question


class Agent(Doors):
    def ask(self, place, path, credential, amounts=None, **context):
        """Whether it was allowed, and the context of the answer."""
        with self.connection(place) as door:
            status, body = door.post(path, question(credential, amounts=amounts, **context))
        if status != 200:
            self.pushed[f"status {status}"] += 1
            return False, {}
        answer = json.loads(body)
        self.pushed["allow" if answer["decision"] else answer["context"]["reason"]] += 1
        return answer["decision"], answer["context"]

    def settle(self, place, permit, amounts):
        with self.connection(place) as door:
            return door.post(f"/v1/holds/{permit}/settle", {"amounts": amounts})[0]


class Holds(Agent):
    """Opens holds and never ends them."""

    rate = 400.0

    def step(self):
        self.ask(self.place(), "/v1/holds", self.target.credentials["holds"])


class NamedHolds(Agent):
    """The same under call ids of every length."""

    rate = 200.0

    def step(self):
        name = f"{self.random.getrandbits(60)}" + "x" * self.random.choice([0, 100, 200, 1000, 50_000])
        self.ask(self.place(), self.random.choice(["/v1/holds", "/access/v1/evaluation"]), self.target.credentials["named"], call_id=name)


class DeniedLoop(Agent):
    """Calls what it may not call, in batches, as an agent does that takes no for a fault."""

    rate = 10.0

    def step(self):
        body = question(self.target.credentials["narrow"], "a" * 500, ("file", "r" * 500))
        body["evaluations"] = [{} for _ in range(256)]
        with self.connection(self.place()) as door:
            status, _ = door.post("/access/v1/evaluations", body)
        self.pushed["questions"] += 256
        self.pushed[f"status {status}"] += 1


class Overruns(Agent):
    """Settles far above what it held. What is answered 204 has to be charged, and the budget frozen by it admits nothing."""

    rate = 5.0

    FREEZING = 3.0  # seconds, by when every node has heard that a budget is frozen

    def __init__(self, target):
        super().__init__(target)
        self.left, self.frozen = list(target.overrun), []

    def step(self):
        if self.frozen and time.monotonic() > self.frozen[0][0] + self.FREEZING:
            when, grant = self.frozen.pop(0)
            self.frozen.append((when, grant))
            if self.ask(self.place(), "/access/v1/evaluation", grant["credential"], {"usd_micros": self.random.choice([0, 1])})[0]:
                self.violations.append(("G2", f"{grant['grant_id']} admitted a call, though more was settled under it than its budget"))
        if not self.left:
            return
        grant = self.left.pop()
        value = self.random.choice([9_000, (1 << 46) - 1, 1 << 46, (1 << 46) + 1, 1 << 62, (1 << 63) - 1])
        place = self.place()
        allowed, context = self.ask(place, "/v1/holds", grant["credential"], {"usd_micros": 2}, patience_ms=2000)
        if not allowed:
            return
        status = self.settle(place, context["permit"]["id"], {"usd_micros": value})
        self.pushed[f"settled: status {status}"] += 1
        if status == 204:
            self.facts.setdefault("charged", {})[grant["grant_id"]] = value
            self.frozen.append((time.monotonic(), grant))


class ZeroHolds(Agent):
    """Spends a budget to its end, and then holds nothing of it, again and again, to settle something."""

    rate = 10.0

    def __init__(self, target):
        super().__init__(target)
        self.spent = False

    def step(self):
        grant, place = self.target.spent, self.target.doors[0]["port"]
        if not self.spent:
            self.spent = self.ask(place, "/access/v1/evaluation", grant["credential"], {"usd_micros": 10}, patience_ms=2000)[0]
            return
        allowed, context = self.ask(place, "/v1/holds", grant["credential"], {"usd_micros": 0})
        if allowed:
            self.violations.append(("G2", "a hold of 0 was admitted on a budget that was spent to its end"))
            self.settle(place, context["permit"]["id"], {"usd_micros": 500})


class Endless(Agent):
    """Settles and releases what was never held, and previews without end."""

    rate = 40.0

    def step(self):
        place = self.place()
        with self.connection(place) as door:
            name = self.random.choice(["0" * 32 + "-1-" + "0" * 32, "x" * 2000, f"{self.random.getrandbits(128):032x}-{self.random.getrandbits(30)}"])
            status, _ = door.post(f"/v1/holds/{name}/{self.random.choice(['settle', 'release'])}", {"amounts": {"calls": 1}})
            self.pushed[f"status {status}"] += 1
            status, _ = door.post("/v1/preview", question(self.target.credentials["named"]))
            self.pushed[f"preview: status {status}"] += 1


ATTACKS = [Holds, NamedHolds, DeniedLoop, Overruns, ZeroHolds, Endless]
