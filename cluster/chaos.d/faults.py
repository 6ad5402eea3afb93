"""The faults. Each breaks one thing, calls `hold` for as long as it is to stay broken, mends it, and returns how often it
was met by something: packets lost, calls refused, or 1 where its being there is the effect.

`hold(share)` waits for a share of the fault's time, all of it by default.
"""

import contextlib
import http.client
import itertools
import threading

from harness import eventually, question
from host import Filler


def kill(cluster, node, random, hold):
    node.kill()
    hold()
    node.spawn()
    return 1


def pause(cluster, node, random, hold):
    node.pause()
    hold()
    node.resume()
    return 1


def partition(*ways):
    def fault(cluster, node, random, hold):
        heals = [cluster.network.drop(node.name, toward_node=way == "in") for way in ways]
        hold()
        return sum(heal() for heal in heals)
    return fault


def loss(cluster, node, random, hold):
    probability = random.uniform(0.05, 0.4)
    heals = [cluster.network.drop(node.name, way, probability) for way in (True, False)]
    hold()
    return sum(heal() for heal in heals)


def slow_link(cluster, node, random, hold):
    heal = cluster.network.slow(node.name, random.choice(["16kbit", "48kbit", "128kbit"]))
    hold()
    return heal()


def delay(cluster, node, random, hold):
    low = random.choice([5, 50, 300])
    heal = cluster.network.delay(node.name, low, low * random.uniform(1, 3))
    hold()
    return heal()


def full_disk(cluster, node, random, hold):
    """An enforcer's journal has segments ready; calls of many grants are asked for until these are full too."""
    filler, full = Filler(node.data), threading.Event()
    unrecorded = "penstock_unrecorded_denials_total"
    before = node.metrics()[unrecorded]

    def fill():
        while not full.wait(0.005):
            filler.fill()

    def flood():
        turns = itertools.cycle(cluster.fillers)
        with contextlib.closing(node.door()) as door:
            while not full.is_set():
                body = {**question(next(turns), "fill", ("tool", "r" * 512), basis="b" * 512), "evaluations": [{}] * 256}
                try:
                    door.ask("POST", "/access/v1/evaluations", body)
                except (OSError, http.client.HTTPException):
                    full.wait(0.05)
    threads = [threading.Thread(target=fill), threading.Thread(target=flood), threading.Thread(target=flood)]
    for thread in threads:
        thread.start()
    hold()
    full.set()
    for thread in threads:
        thread.join(60)
    filler.stop()
    return int(node.metrics()[unrecorded] - before)


def full_ledger_disk(cluster, node, random, hold):
    """After a clean stop, which empties the write-ahead log: one that was long before would need no more room."""
    eventually("the ledger serving", node.is_serving)
    node.stop()
    node.spawn()
    eventually("the ledger serving", node.is_serving)
    filler, full = Filler(node.data), threading.Event()

    def fill():
        while not full.wait(0.005):
            filler.fill()
    thread = threading.Thread(target=fill)
    thread.start()
    said = node.log().count("error=full")
    hold()
    full.set()
    thread.join(60)
    filler.stop()
    return node.log().count("error=full") - said


def clock_step(cluster, node, random, hold):
    """Restarts the node on a wall clock that is wrong, steps it while the node runs, and restarts it on the right one.

    A real step would need no restart to mend, but libfaketime 0.9.10 shifts absolute timerfd timers of CLOCK_MONOTONIC
    along with the wall clock: a clock that is behind leaves waits of the event loop that much too long."""
    first, second = (random.choice([-1, 1]) * random.choice([3, 60, 3600, 86400]) for _ in range(2))
    node.set_clock(first)
    node.kill()
    node.spawn(fake_clock=True)
    hold(0.6)
    met = node.has_fake_clock()
    node.set_clock(second)
    hold(0.4)
    node.kill()
    node.spawn()
    return int(met)


# kind -> (what it does, whether the ledger is its victim, shortest and longest time in seconds)
KINDS = {
    "SIGKILL": (kill, False, 0, 1.5),
    "SIGSTOP": (pause, False, 0.2, 1.5),
    "SIGSTOP past the lease": (pause, False, 4, 6),
    "partition": (partition("in", "out"), False, 2, 14),
    "partition toward the node": (partition("in"), False, 2, 7),
    "partition toward the ledger": (partition("out"), False, 2, 7),
    "loss": (loss, False, 3, 6),
    "slow link": (slow_link, False, 3, 6),
    "delay": (delay, False, 3, 6),
    "full disk": (full_disk, False, 5, 8),
    "clock step": (clock_step, False, 4, 6),
    "ledger SIGKILL": (kill, True, 0, 1),
    "ledger SIGSTOP": (pause, True, 0.3, 3),
    "ledger cut off": (partition("in", "out"), True, 1, 3),
    "ledger full disk": (full_ledger_disk, True, 3, 6),
    "ledger clock step": (clock_step, True, 4, 6),
}

# While these last, no acknowledgement comes from the node.
CUTTING = {"SIGSTOP", "SIGSTOP past the lease", "partition", "partition toward the node", "partition toward the ledger"}
