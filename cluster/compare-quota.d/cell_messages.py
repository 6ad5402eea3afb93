"""7. What 1,000 decisions cost the centre at steady demand: messages to it. Those of ours that go by time, whether anything is
decided or not (echoes, acknowledgements, checkpoints), stand apart."""

import contextlib
import time

from spending import pair
from workers import ready, together

# What decisions cause: slices asked for, reports of what was spent, records for the audit and the events that seal them.
CAUSED = ["received_submit", "received_reserve", "received_decisions"]


def steady(pipe, system, budget, place, slow_start, seconds):
    with contextlib.closing(system.client(budget, place)) as client:
        def work(seconds, count):
            until = time.monotonic() + seconds
            while time.monotonic() < until:
                pair(client, f"{place}-{count}")
                count += 1
            return count
        decisions = work(slow_start, 0)
        ready(pipe)
        before = client.messages
        return work(seconds, decisions) - decisions, client.messages - before


def run(system, provider, sizes, nodes):
    budget, before = system.budget(1 << 22), {}
    # Where nothing grows with demand it needs none.
    slow_start = sizes.slow_start if system.is_mesh else 0
    # Read when all are ready, which is after their slow start.
    found = together(
        steady, [(system, budget, place, slow_start, sizes.steady) for place in range(nodes)],
        before_go=lambda: before.update(system.received()) if system.is_mesh else None)
    after = system.received() if system.is_mesh else {}
    decisions = sum(count for count, _ in found)
    sent = {name: count - before.get(name, 0) for name, count in after.items() if name.startswith("received_") and name != "received_status"}
    messages = sum(sent.get(name, 0) for name in CAUSED) if system.is_mesh else sum(count for _, count in found)
    values = {
        "messages at the centre for 1,000 pairs": round(1000 * messages / decisions, 1),
        "counted as": "messages to the ledger" if system.is_mesh else "requests to the server" if messages else "there is no centre",
        "pairs": decisions,
        "pairs a second": round(decisions / sizes.steady),
    }
    if system.is_mesh:
        values["messages a second that go by time"] = round((sum(sent.values()) - messages) / sizes.steady, 1)
    return values
