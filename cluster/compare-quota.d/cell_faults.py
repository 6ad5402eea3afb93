"""9. A burst of four times the remainder, while enforcers are killed, stopped and cut off from the ledger at random. Ours alone:
what decides there is many processes; a peer's client without its server decides nothing."""

import contextlib
import random
import threading
import time

from cell_overspend import BURST, drain, fill
from provider import Caller
from spending import DENIED, HELD, LATER, USD, Answer, Spent
from workers import ready, together

OUTAGE = 2.6  # seconds: longer than a lease
KINDS = ["killed", "stopped", "cut off", "deaf"]
AT_ONCE = 3  # enforcers that something happens to


class Roaming:
    """A client that goes to another enforcer, with the same call, when the one it talks to does not answer or cannot decide."""

    def __init__(self, system, budget, place):
        self.system, self.budget, self.place, self.client, self.moves = system, budget, place, None, 0

    def hold(self, call):
        try:
            answer = self._here().hold(call)
        except (OSError, AssertionError, ValueError):
            answer = Answer(LATER, reason="no answer")
        if answer.outcome == LATER:
            self._move()
        return answer

    def settle(self, ref):
        # Where it is not heard, the call is charged at what it held.
        with contextlib.suppress(OSError, AssertionError, ValueError):
            self._here().settle(ref)

    def _here(self):
        if self.client is None:
            self.client = self.system.client(self.budget, self.place)
            self.client.socket.settimeout(1)
        return self.client

    def _move(self):
        self.close()
        self.place, self.moves = self.place + 1, self.moves + 1

    def close(self):
        if self.client is not None:
            self.client.close()
            self.client = None


def burst(pipe, system, path, budget, place, calls, pace):
    made = []
    with contextlib.closing(Roaming(system, budget, place)) as client, contextlib.closing(Caller(path, system.key(budget))) as caller:
        ready(pipe)
        patience = 2 * OUTAGE
        for number in range(calls):
            call, asked, answer = f"{place}-{number}", time.monotonic(), None
            while (answer := client.hold(call)).outcome == LATER and time.monotonic() < asked + patience:
                time.sleep(0.05)
            # As in a burst without faults: after one wait in vain the rest is asked once more each.
            patience = patience if answer.outcome in (HELD, DENIED) else 0
            if answer.outcome == HELD:
                caller.call(call, USD)
                time.sleep(pace)
                client.settle(answer.ref)
            made.append(Spent(call, answer.outcome, answer.reason, asked, time.monotonic()))
    return made, client.moves


def happen(system, places, seed, seconds, over, counts):
    """One thing after the other to some of the enforcers, until it is over; then all is mended."""
    chance, until = random.Random(seed), time.monotonic() + seconds
    while not over.is_set() and time.monotonic() < until:
        node, kind = system.mesh[chance.choice(places) + 1], chance.choice(KINDS)
        counts[kind] = counts.get(kind, 0) + 1
        if kind == "killed":
            node.kill()
            time.sleep(0.3)
            node.start(wait=False)
        elif kind == "stopped":
            node.pause()
            time.sleep(OUTAGE)
            node.resume()
        else:
            system.cut(node, "refuse" if kind == "cut off" else "stall")
            time.sleep(OUTAGE)
            system.cut(node, "pass")
        time.sleep(chance.uniform(0.1, 0.5))


def run(system, provider, sizes, nodes):
    system.put_relays()
    ceiling = sizes.ceiling
    budget, left, over, counts = system.budget(ceiling), ceiling - ceiling // 2, threading.Event(), [{} for _ in range(AT_ONCE)]
    together(fill, [(system, provider.path, budget, ceiling // 2)])
    groups = [list(range(first, nodes, AT_ONCE)) for first in range(AT_ONCE)]
    threads = [threading.Thread(target=happen, args=(system, places, seed, 2 * sizes.faults, over, counts[seed])) for seed, places in enumerate(groups)]
    try:
        found = together(
            burst, [(system, provider.path, budget, place, left * BURST // nodes, sizes.faults * nodes / left) for place in range(nodes)],
            before_go=lambda: [thread.start() for thread in threads])
    finally:
        over.set()
        for thread in threads:
            thread.join()
    for node in system.mesh.enforcers:
        node.wait_ready()
    final = together(drain, [(system, provider.path, budget, place, sizes.patience) for place in range(nodes)])
    made = [one for one, _ in found for one in one]
    spent, row = provider.report(system.key(budget))["usd"], system.row(budget)
    return {
        "overspend, usd_micros": max(0, spent - ceiling * USD),
        "overspend by the ledger's own books, usd_micros": max(0, row["settled"] + row["out"] - row["ceiling"]),
        "spent at the provider in the end, % of the ceiling": round(100 * spent / (ceiling * USD), 1),
        "burst: calls": len(made),
        "burst: admitted": sum(one.outcome == HELD for one in made),
        "burst: denied for good": sum(one.outcome == DENIED for one in made),
        "burst: no final answer": sum(one.outcome not in (HELD, DENIED) for one in made),
        "went on at another enforcer": sum(moves for _, moves in found),
        **{f"enforcers {kind}": sum(count.get(kind, 0) for count in counts) for kind in KINDS},
        "clients that were denied for good in the end": f"{sum(final)} of {len(final)}",
    }
