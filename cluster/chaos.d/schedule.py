"""Which fault comes when, from a seed alone."""

import dataclasses
import random

from faults import KINDS

LANES = 3  # faults at a time
FAULTY, CALM = 16.0, 1.5  # seconds of a round with faults, and without any once all nodes are fresh again


@dataclasses.dataclass
class Planned:
    at: float  # from the round's beginning
    kind: str
    node: str
    seconds: float
    seed: str


def plan(seed, rounds, enforcers, length=FAULTY):
    """For each round its faults, in order. One fault at a time for each node; kinds come up equally often."""
    random_here, bag, planned = random.Random(f"{seed}-plan"), [], []
    for number in range(rounds):
        busy = {}  # node -> until when
        lanes, faults = [random_here.uniform(0, 1) for _ in range(LANES)], []
        while min(lanes) < length - 1:
            lane = lanes.index(min(lanes))
            at = lanes[lane]
            if len(bag) < len(KINDS):
                bag += random_here.sample(list(KINDS), len(KINDS))
            found = next((choice for kind in bag if (choice := _choose(kind, at, length, busy, enforcers, random_here))), None)
            if found is None:
                lanes[lane] = at + 0.5
                continue
            kind, node, seconds = found
            bag.remove(kind)
            busy[node] = at + seconds + 0.5
            lanes[lane] = at + seconds + random_here.uniform(0.1, 0.8)
            faults.append(Planned(at, kind, node, seconds, f"{seed}-{number}-{len(faults)}"))
        planned.append(sorted(faults, key=lambda fault: fault.at))
    return planned


def _choose(kind, at, length, busy, enforcers, random_here):
    _, on_ledger, shortest, longest = KINDS[kind]
    free = [node for node in (["ledger"] if on_ledger else enforcers) if busy.get(node, 0) <= at]
    if not free or at + shortest > length:
        return None
    # The last ones are mended all at once, so that the time to be fresh again after that is of something.
    seconds = length - at if at + longest >= length else random_here.uniform(shortest, longest)
    return kind, random_here.choice(free), seconds
