"""3. SIGKILL between reserve and commit, at each step. The client dies; and of ours, the enforcer instead, or it is stopped
beyond its lease and woken."""

import os
import shutil
import signal
import time

from cell_overspend import drain
from provider import Caller
from spending import HELD, USD, hold, spend
from workers import Worker, together

STEPS = ["before hold", "after hold", "after call", "after settle", "before report"]
CLIENT, NODE, LOST, STOPPED = "client killed", "enforcer killed", "enforcer killed, its folder lost", "enforcer stopped"
STOPPED_FOR = 2.6  # seconds: longer than a lease
REPORTED = 2.5  # seconds in which a node has told the ledger what was settled


def victim(pipe, system, provider, budget, step, sizes, dies):
    """Comes to its step with some calls under way, says so, and dies or waits for its end."""
    client, caller = system.client(budget, 0, sizes.ttl), Caller(provider, system.key(budget))
    for number in range(sizes.in_flight):
        spend(client, caller, f"before-{number}")
    if step == "before report":
        pipe.send("waiting")
        pipe.recv()
    held = []
    if step != "before hold":
        held = [hold(client, f"victim-{number}", 5)[0] for number in range(sizes.in_flight)]
        assert all(answer.outcome == HELD for answer in held), held
    if step not in ("before hold", "after hold"):
        for number in range(sizes.in_flight):
            caller.call(f"victim-{number}", USD)
    if step in ("after settle", "before report"):
        for answer in held:
            client.settle(answer.ref)
    pipe.send("here")
    if dies:
        os.kill(os.getpid(), signal.SIGKILL)
    signal.pause()


def run(system, provider, sizes, nodes):
    rows = {}
    for killed in (CLIENT, NODE, LOST, STOPPED) if system.is_mesh else (CLIENT,):
        rows.update({f"{killed}: {name}": value for name, value in run_once(system, provider, sizes, killed).items()})
    return {"overspend at the worst step, %": max(value for name, value in rows.items() if "overspend" in name), **rows}


def run_once(system, provider, sizes, killed):
    ceiling = sizes.in_flight * 5
    budgets = {step: system.budget(ceiling) for step in STEPS}
    victims = {step: Worker(victim, system, provider.path, budgets[step], step, sizes, killed == CLIENT) for step in STEPS}
    rows = {}
    try:
        for step, one in victims.items():
            assert one.hear(60) == ("waiting" if step == "before report" else "here")
        time.sleep(REPORTED if system.is_mesh else 0)
        if "before report" in victims:
            victims["before report"].tell("on")
            assert victims["before report"].hear(60) == "here"
        if killed == STOPPED:
            stop_enforcer(system, provider, budgets, sizes)
        elif killed != CLIENT:
            rows.update(kill_enforcer(system, budgets, sizes, killed == LOST))
        elif system.has_ttl:
            time.sleep(sizes.ttl + 0.3)
    finally:
        for one in victims.values():
            one.kill()
    # The money that is left goes to others, and to the node that has come back.
    final = together(drain, [(system, provider.path, budgets[step], place, sizes.patience) for step in STEPS for place in range(2)])
    for step in STEPS:
        spent = provider.report(system.key(budgets[step]))["usd"] / USD
        rows[f"{step}: overspend, %"] = round(100 * max(0, spent / ceiling - 1), 1)
        rows[f"{step}: never spent, %"] = round(100 * max(0, 1 - spent / ceiling), 1)
    rows["clients that were denied for good in the end"] = f"{sum(final)} of {len(final)}"
    return rows


def stop_enforcer(system, provider, budgets, sizes):
    """Others spend what is left meanwhile."""
    node = system.mesh[1]
    node.pause()
    time.sleep(STOPPED_FOR)
    together(drain, [(system, provider.path, budgets[step], 1, 1) for step in STEPS])
    node.resume()
    node.wait_ready()


def kill_enforcer(system, budgets, sizes, lost):
    node = system.mesh[1]
    node.kill()
    if lost:
        shutil.rmtree(node.data)
    began = time.monotonic()
    node.start()
    rows = {"ready after a restart, s": round(time.monotonic() - began, 2)}
    if not lost:
        closed = all(system.wait_closed(budget, sizes.recover) for budget in budgets.values())
        rows["slices before the kill closed, s"] = round(time.monotonic() - began, 2) if closed else f"not within {sizes.recover}"
    return rows
