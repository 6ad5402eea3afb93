"""What every system is asked for: a reserve before a call, a commit after it, over five scopes and three units."""

import time
from typing import Any, NamedTuple

SCOPES = ["org", "team", "principal", "class", "run"]
# What one call holds, of each unit.
COST = {"usd_micros": 1000, "tokens": 400, "calls": 1}
USD = COST["usd_micros"]

HELD, DENIED, LATER, DONE = "held", "denied", "later", "done"


class Answer(NamedTuple):
    """`DENIED` is final; `LATER` asks to be asked again after `wait` seconds; `DONE`: this call has been charged before."""

    outcome: str
    ref: Any = None
    reason: str = ""
    wait: float = 0.1


def parts(part=1.0):
    """What a call has really cost, where that is a part of what was held. A call is a call."""
    return {unit: amount if unit == "calls" else int(amount * part) for unit, amount in COST.items()}


def ceilings(calls, slack=1):
    """For so many calls at what they hold; `slack` times that in units other than money."""
    return {unit: amount * calls * (1 if unit == "usd_micros" else slack) for unit, amount in COST.items()}


class Spent(NamedTuple):
    """How one call went, with the clock of this machine: when it was first asked and last answered."""

    call: str
    outcome: str
    reason: str
    asked: float
    heard: float


def hold(client, call, patience):
    """Asks until the answer is final or patience is over. Returns the answer, when it was last asked and when heard."""
    until = time.monotonic() + patience
    while True:
        asked = time.monotonic()
        answer = client.hold(call)
        heard = time.monotonic()
        if answer.outcome != LATER or heard >= until:
            return answer, asked, heard
        time.sleep(min(answer.wait, max(0, until - heard)))


def spend(client, provider, call, patience=5.0, part=1.0):
    """One call as an agent makes it: reserve, call, commit; or, with a part of nothing, thinks better of it."""
    answer, asked, heard = hold(client, call, patience)
    if answer.outcome == HELD and not part:
        client.release(answer.ref)
    elif answer.outcome == HELD:
        provider.call(call, parts(part)["usd_micros"])
        client.settle(answer.ref, part)
    return Spent(call, answer.outcome, answer.reason, asked, heard)


def pair(client, call, patience=20.0):
    """Reserve and commit alone, where there is plenty."""
    answer, _, _ = hold(client, call, patience)
    assert answer.outcome == HELD, answer
    client.settle(answer.ref)
