"""What an attack is: steps at a rate, counted. One thread calls `step`; whatever it raises is counted and the next one comes."""

import collections
import random
import threading
import time


class Attack:
    rate = 1.0  # steps a second, at most

    def __init__(self, target):
        self.target = target
        self.random = random.Random(f"{target.seed}-{self.name()}")
        self.pushed = collections.Counter()
        self.violations = []  # (guarantee, text), where an answer alone shows one
        self.facts = {}  # what the verdict wants to know

    @classmethod
    def name(cls):
        return cls.__name__

    def step(self):
        raise NotImplementedError

    def close(self):
        """Gives back what steps left open."""

    def report(self):
        return {"pushed": dict(self.pushed), "violations": list(self.violations), "facts": dict(self.facts)}


class Pacer:
    """Keeps a process to its share of a core."""

    def __init__(self, share, stopping):
        self.share, self.stopping = share, stopping
        self.began, self.cpu = time.monotonic(), time.process_time()

    def wait(self):
        while not self.stopping.is_set() and self.used > self.share * (time.monotonic() - self.began) + 0.2:
            self.stopping.wait(0.02)

    @property
    def used(self):
        return time.process_time() - self.cpu


class Runner(threading.Thread):
    """Steps one attack until it is told to stop."""

    def __init__(self, attack, pacer, stopping):
        super().__init__(daemon=True)
        self.attack, self.pacer, self.stopping = attack, pacer, stopping

    def run(self):
        due = time.monotonic()
        while not self.stopping.is_set():
            try:
                self.attack.step()
                self.attack.pushed["steps"] += 1
            except Exception as error:
                # The other side refuses, closes or has no room: that is its right, and no reason to rest.
                self.attack.pushed[f"failed {type(error).__name__}"] += 1
            due = max(due + 1 / self.attack.rate, time.monotonic())
            self.stopping.wait(due - time.monotonic())
            self.pacer.wait()
        try:
            self.attack.close()
        except Exception as error:
            self.attack.pushed[f"failed {type(error).__name__}"] += 1
