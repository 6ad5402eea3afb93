"""6. The load moves from node A to node B."""

import bisect
import contextlib
import time

from spending import DENIED, HELD, hold, pair
from workers import ready, together

WINDOW = 0.2
FULL = 0.9
SHARE = 0.9  # of a tight budget that A has spent before B asks


def shift(pipe, system, budget, seconds):
    """As fast as one client can, at A and then at B. Returns when each pair ended, and when it moved."""
    times = []
    with contextlib.closing(system.client(budget, 0)) as here, contextlib.closing(system.client(budget, 1)) as there:
        ready(pipe)
        for place, client in enumerate((here, there)):
            began = time.monotonic()
            while time.monotonic() < began + seconds:
                pair(client, f"{place}-{len(times)}")
                times.append(time.monotonic())
    return times, began


def tight(pipe, system, budget, ceiling, patience):
    """A spends most of it and rests. How much of what is left does B get, and in what time?"""
    with contextlib.closing(system.client(budget, 0)) as here, contextlib.closing(system.client(budget, 1)) as there:
        ready(pipe)
        for number in range(int(ceiling * SHARE)):
            pair(here, f"a-{number}")
        began, last, got = time.monotonic(), time.monotonic(), 0
        while True:
            answer, _, _ = hold(there, f"b-{got}", patience)
            if answer.outcome != HELD:
                return got, last - began, answer.outcome == DENIED
            there.settle(answer.ref)
            got, last = got + 1, time.monotonic()


def run(system, provider, sizes, nodes):
    times, moved = together(shift, [(system, system.budget(1 << 22), sizes.shift)])[0]
    steady = sum(moved - sizes.shift / 2 <= when < moved for when in times) / (sizes.shift / 2)
    after = [when for when in times if when >= moved]
    full = next((when for index, when in enumerate(after) if rate(after, index) >= FULL * steady), None)
    ceiling = sizes.ceiling // 2
    got, took, final = together(tight, [(system, system.budget(ceiling), ceiling, sizes.patience)])[0]
    left = ceiling - int(ceiling * SHARE)
    return {
        "A's rate, pairs a second": round(steady),
        "B's first call, ms after": round((after[0] - moved) * 1000, 1),
        f"B at {FULL:.0%} of it, ms after": None if full is None else round((full - moved) * 1000, 1),
        f"the last {1 - SHARE:.0%} of a budget: B got, %": round(100 * got / left, 1),
        "the last call of it, ms after": round(took * 1000, 1),
        "then denied for good": final,
    }


def rate(times, index):
    """Pairs a second in the window that begins before this one ended."""
    end = times[index] + WINDOW
    return 0 if end > times[-1] else (bisect.bisect_left(times, end) - index) / WINDOW
