"""7. What 1,000 decisions cost the centre at steady demand: messages to it, and of ours the entries in its log."""

import contextlib
import time

from spending import pair
from workers import ready, together


def steady(pipe, system, budget, place, seconds):
    with contextlib.closing(system.client(budget, place)) as client:
        pair(client, f"{place}-first")
        ready(pipe)
        before, until, decisions = client.messages, time.monotonic() + seconds, 0
        while time.monotonic() < until:
            pair(client, f"{place}-{decisions}")
            decisions += 1
        return decisions, client.messages - before


def run(system, provider, sizes, nodes):
    budget = system.budget(1 << 22)
    logged = system.is_mesh
    before, began = system.position() if logged else 0, time.monotonic()
    found = together(steady, [(system, budget, place, sizes.steady) for place in range(nodes)])
    lasted = time.monotonic() - began
    decisions = sum(count for count, _ in found)
    entries = system.position() - before if logged else None
    messages = entries if logged else sum(count for _, count in found)
    return {
        "messages at the centre for 1,000 pairs": round(1000 * messages / decisions, 1),
        "counted as": "entries of the log, echoes apart" if logged else "requests to the server" if messages else "there is no centre",
        "pairs": decisions,
        "pairs a second": round(decisions / lasted),
    }
