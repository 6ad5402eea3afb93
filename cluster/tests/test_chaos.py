"""SIGKILL at random under load; afterwards the recorded history is held against the guarantees.

A staleness of 2 s: with 2 cores that other work shares, a node that runs must not lose its lease by starvation.
"""

import collections
import random
import threading
import time

import pytest

import budget_checks
import checks
from harness import Mesh
from history import History


def break_things(mesh, history):
    random_here = random.Random(f"{history.seed}-chaos")
    while not history.stop.wait(random_here.uniform(0.3, 2.5)):
        try:
            node = random_here.choice([mesh.ledger, *mesh.enforcers])
            node.kill()
            if random_here.random() < 0.7:
                time.sleep(random_here.uniform(0, 1.5))
            node.spawn()
        except Exception as error:
            history.failures.append(f"chaos: {error!r}")


@pytest.mark.long
def test_sigkill_under_load(request):
    seed = request.config.getoption("--seed") or int(time.time())
    seconds = request.config.getoption("--chaos-seconds")
    print(f"seed {seed}, {seconds} s")
    with Mesh(max_staleness="2s", enforcers=3) as mesh:
        history = History(mesh, seed)
        first = random.Random(seed)
        for _ in range(8):
            history.grant(first)
        threads = [threading.Thread(target=history.load, args=(number,)) for number in range(4)]
        threads += [threading.Thread(target=history.operate), threading.Thread(target=break_things, args=(mesh, history))]
        for thread in threads:
            thread.start()
        time.sleep(seconds)
        history.stop.set()
        for thread in threads:
            thread.join(120)
        assert not any(thread.is_alive() for thread in threads)
        assert history.failures == []
        for node in mesh.nodes.values():
            if not node.is_running:
                node.process = None
                node.spawn()
        mesh.ledger.wait_serving()
        for node in mesh.enforcers:
            node.wait_ready(60)
        counts = collections.Counter(call.outcome for call in history.calls)
        print(f"{len(history.calls)} calls {dict(counts)}; {len(history.revokes)} revokes; {len(history.acknowledged)} acknowledged")
        assert counts["allow"] > 100 and counts["revoked"] > 0, counts

        problems = checks.check_outcomes(history) + checks.check_revocation(history)
        for check in (checks.check_standing, checks.check_log, checks.check_no_phantom_denials, checks.check_evidence, budget_checks.check_budgets):
            problems += [f"{check.__name__}: {problem}" for problem in check(mesh, history)]
        assert problems == [], "\n".join(problems)
