"""2 and 5. Bursts of four times the remainder of a budget, from every client at once."""

import contextlib
import time

from provider import Caller
from spending import DENIED, HELD, USD, hold, spend
from workers import ready, together

BURST = 4


def burst(pipe, system, provider, budget, place, calls, patience, parts):
    made = []
    with contextlib.closing(system.client(budget, place)) as client, contextlib.closing(Caller(provider, system.key(budget))) as caller:
        ready(pipe)
        for number in range(calls):
            one = spend(client, caller, f"{place}-{number}", patience, parts[number % len(parts)])
            made.append(one)
            # Whoever has waited in vain once goes on at once: the rest of the burst is asked one more time each.
            patience = patience if one.outcome in (HELD, DENIED) else 0
    return made


def fill(pipe, system, provider, budget, calls):
    with contextlib.closing(system.client(budget, 0)) as client, contextlib.closing(Caller(provider, system.key(budget))) as caller:
        ready(pipe)
        return [spend(client, caller, f"before-{number}") for number in range(calls)]


def run_burst(system, provider, sizes, nodes, ceiling, parts, prefill=0, slack=1):
    budget = system.budget(ceiling, slack)
    if prefill:
        together(fill, [(system, provider.path, budget, prefill)])
    each = (ceiling - prefill) * BURST // nodes
    made = [one for made in together(
        burst, [(system, provider.path, budget, place, each, sizes.patience, parts) for place in range(nodes)]) for one in made]
    return made, provider.report(system.key(budget))


def run(system, provider, sizes, nodes):
    """Half of the budget is spent before."""
    ceiling = sizes.ceiling
    made, report = run_burst(system, provider, sizes, nodes, ceiling, (1.0,), ceiling // 2)
    over = max(0, report["usd"] - ceiling * USD)
    return {
        "overspend, % of the ceiling": round(100 * over / (ceiling * USD), 1),
        "overspend, usd_micros": over,
        "spent at the provider, % of the ceiling": round(100 * report["usd"] / (ceiling * USD), 1),
        "burst: calls": len(made),
        "burst: admitted": sum(one.outcome == HELD for one in made),
        "burst: denied for good": sum(one.outcome == DENIED for one in made),
        "burst: told to retry until patience ended": sum(one.outcome not in (HELD, DENIED) for one in made),
    }


def run_denials(system, provider, sizes, nodes):
    """Calls cost all of what they held, half or nothing, so that money comes back while others are denied. It alone is scarce."""
    ceiling = sizes.ceiling
    made, report = run_burst(system, provider, sizes, nodes, ceiling, (1.0, 0.5, 0.0), slack=BURST)
    denied = [one for one in made if one.outcome == DENIED]
    # It was there: a call of the same size that was asked for after the denial was heard was admitted.
    last = max((one.asked for one in made if one.outcome == HELD), default=0)
    first = min((one.heard for one in denied), default=None)
    rows = {
        "phantom denials (a later call was admitted)": sum(one.heard < last for one in denied),
        "denied for good": len(denied),
        "told to retry until patience ended": sum(one.outcome not in (HELD, DENIED) for one in made),
        "use of the ceiling at the first denial for good, %": None,
        "use of the ceiling at the end, %": round(100 * report["usd"] / (ceiling * USD), 1),
        "denials for good by reason": ", ".join(sorted({one.reason for one in denied})) or "-",
    }
    if first is not None:
        spent = sum(usd for when, usd in report["made"] if when <= first)
        rows["use of the ceiling at the first denial for good, %"] = round(100 * spent / (ceiling * USD), 1)
    return rows


def drain(pipe, system, provider, budget, place, patience):
    """Spends until a denial is final, or patience ends. Returns whether it was final."""
    with contextlib.closing(system.client(budget, place)) as client, contextlib.closing(Caller(provider, system.key(budget))) as caller:
        ready(pipe)
        # A budget may be drained more than once.
        began = time.monotonic_ns()
        for number in range(100_000):
            call = f"drain-{place}-{began}-{number}"
            answer, _, _ = hold(client, call, patience)
            if answer.outcome != HELD:
                return answer.outcome == DENIED
            caller.call(call, USD)
            client.settle(answer.ref)
