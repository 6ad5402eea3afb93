"""Those whom nobody may disturb: agents that work within their budgets, and an operator who revokes."""

import contextlib
import random
import threading
import time

import bounds
from history import History


class Honest(History):
    def __init__(self, stage, seed, rate=bounds.HONEST_RATE):
        super().__init__(stage, seed, teams={"team-small": 3000, "team-large": 10_000_000}, ttl="24h")
        self.rate = rate  # calls a second at each node
        self.victims = []  # runs, each of which is revoked in its turn
        self.asked = 0
        self.not_closed = []  # what became of revokes that were not closed
        self.not_granted = 0
        self.threads = []

    def prepare(self):
        self.make_teams()
        first = random.Random(self.seed)
        for _ in range(12):
            self.grant(first)
        self.mesh.wait_applied()

    def start(self):
        work = [(self.load, (f"{node.name}-{number}", node, 2 / self.rate)) for node in self.mesh.enforcers for number in range(2)]
        work += [(self.operate, ()), *((self.probe, (node,)) for node in self.mesh.enforcers)]
        self.threads = [threading.Thread(target=target, args=arguments) for target, arguments in work]
        for thread in self.threads:
            thread.start()

    def end(self):
        self.stop.set()
        for thread in self.threads:
            thread.join(60)

    def operate(self, number=0):
        random_here = random.Random(f"{self.seed}-operator")
        while not self.stop.is_set():
            began = time.monotonic()
            try:
                self.revoke_fresh(random_here)
            except Exception as error:
                self.failures.append(f"operator: {error!r}")
            self.stop.wait(bounds.REVOKE_EVERY - (time.monotonic() - began))

    def revoke_fresh(self, random_here):
        """Grants agents a run to go on with and one that works at every node, by its probes alone, until it is revoked."""
        before = len(self.live)
        self.grant(random_here)
        self.grant(random_here)
        self.not_granted += before + 2 - len(self.live)
        if len(self.live) < before + 2:
            return
        run = self.live.pop()
        self.victims.append(run)
        self.stop.wait(0.5)
        self.asked += 1
        code, err, revoke = self.revoke_run(run, bounds.REVOKE_TIMEOUT)
        if revoke is None:
            self.not_closed.append(f"{run}: exit {code}, {err.strip()[-200:]}")
        elif not revoke.is_closed:
            self.not_closed.append(f"{run}: {revoke.answer['state']} after {revoke.answer['elapsed_ms']:.0f} ms")

    def probe(self, node):
        """Calls for the newest victims and one older one, without end: none may be allowed once its revoke is closed."""
        random_here = random.Random(f"{self.seed}-probe-{node.name}")
        with contextlib.closing(node.door(timeout=30)) as door:
            while not self.stop.wait(bounds.PROBE_PAUSE):
                known = self.victims[-bounds.PROBED:] + random_here.sample(self.victims, min(1, len(self.victims)))
                for run in known:
                    self.call(door, node.name, run, (1, 1))
                    self.stop.wait(bounds.PROBE_PAUSE)
