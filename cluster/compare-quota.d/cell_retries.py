"""4. Each call is sent one to three times, some of them to another node: how often was it charged?"""

import contextlib
import random

from provider import Caller
from spending import HELD, USD, hold
from workers import ready, together


def storm(pipe, system, provider, budget, number, calls):
    """A time-out makes an agent send a call again: the answer was lost before the call was made, or after it was settled."""
    dice = random.Random(number)
    admitted = set()
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(contextlib.closing(system.client(budget, number + place))) for place in range(2)]
        caller = stack.enter_context(contextlib.closing(Caller(provider, system.key(budget))))
        ready(pipe)
        for index in range(calls):
            call, sends, elsewhere = f"{number}-{index}", dice.randint(1, 3), dice.random() < 0.5
            loses_answer = dice.random() < 0.5
            for send in range(sends):
                client = clients[1 if send and elsewhere else 0]
                answer, _, _ = hold(client, call, 5)
                if answer.outcome != HELD:
                    continue
                admitted.add(call)
                if loses_answer and send < sends - 1:
                    continue
                caller.call(call, USD)
                client.settle(answer.ref)
        # A guard that keeps to itself is asked itself.
        charged = sum(getattr(client, "charged", 0.0) for client in clients)
    return len(admitted), charged


def run(system, provider, sizes, nodes):
    budget = system.budget(1 << 22)
    each = max(1, sizes.retried // nodes)
    found = together(storm, [(system, provider.path, budget, number, each) for number in range(nodes)])
    report = provider.report(system.key(budget))
    distinct = sum(admitted for admitted, _ in found)
    charged = system.charged(budget) if system.is_shared else sum(charged for _, charged in found)
    return {
        "calls": distinct,
        "charged": round(charged),
        "double charges": round(charged) - distinct,
        "double charges, %": round(100 * (charged - distinct) / distinct, 1),
        "calls made twice or more at the provider": report["calls"] - report["distinct"],
    }
