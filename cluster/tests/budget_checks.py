"""Invariants of spend over a recorded history, as `checks.py` has them of the rest."""

import collections
import time

from records import UNITS, is_balanced


def check_budgets(mesh, history):
    """G2, and that nothing is charged that nobody may have spent. Stops the nodes."""
    least, most = charged(history)
    problems = [f"seen under way: {row}" for row in history.budgets]
    problems += [f"out of balance: {row}" for row in budget_rows(mesh, history).values() if not is_balanced(row)]
    problems += wait_for_successors(mesh, history)
    for node in mesh.enforcers:
        try:
            node.stop()
        except AssertionError as error:
            problems.append(str(error))
    for key, row in budget_rows(mesh, history).items():
        if not is_balanced(row):
            problems.append(f"out of balance: {row}")
        if row["out"]:
            problems.append(f"{key}: {row['out']} did not come back after clean stops: {open_slices(mesh, row)}")
        if not least[key] <= row["settled"] <= most[key]:
            problems.append(f"{key}: {row['settled']} settled, clients spent {least[key]} to {most[key]}")
        if least[key] > row["ceiling"]:
            problems.append(f"{key}: clients spent {least[key]} of {row['ceiling']}")
    return problems


def wait_for_successors(mesh, history, patience=60):
    """Successors close what their predecessors held; the rest is closed by a clean stop."""
    current = {row["incarnation"] for row in mesh.status()["nodes"] if row["state"] == "fresh" and row["incarnation"]}
    waiting, deadline = [grant["grant_id"] for grant in history.grants.values()], time.monotonic() + patience
    while True:
        waiting = [
            grant for grant in waiting
            if any(slice["incarnation"] not in current for row in mesh.run("budget show", grant).json for slice in row["slices"])]
        if not waiting:
            return []
        if time.monotonic() > deadline:
            return [f"slices of ended incarnations are not closed: {waiting}"]
        time.sleep(1)


def open_slices(mesh, row):
    """What is out, by slice."""
    rows = [shown for shown in mesh.run("budget show", row["name"].split("/")[0]).json if shown["name"] == row["name"]]
    return ", ".join(
        f"slice {slice['slice']} of {slice['node']} ({slice['used']} of {slice['amount']} reported)"
        for shown in rows for slice in shown["slices"] if slice["used"] < slice["amount"])


def charged(history):
    """The least and the most that each budget may have been charged for, by (run or team, unit)."""
    least, most = collections.Counter(), collections.Counter()
    for call in history.calls:
        team = history.grants[call.run]["team"]
        for unit, low, high in zip(UNITS, call.least, call.most):
            for owner in (call.run, team) if team and unit == "calls" else (call.run,):
                least[owner, unit] += low
                most[owner, unit] += high
    return least, most


def budget_rows(mesh, history):
    """Every budget of the history, by (run or team, unit)."""
    owners = {grant["grant_id"]: run for run, grant in history.grants.items()} | {team: team for team in history.teams}
    rows = mesh.run("budget list", timeout=120).json
    # The list is bounded.
    listed = {row["name"].split("/")[0] for row in rows}
    for name in sorted(owners.keys() - listed):
        rows += mesh.run("budget show", name).json
    found = {}
    for row in rows:
        owner = owners.get(row["name"].split("/")[0])
        if owner:
            found[owner, row["unit"]] = row
            grant = history.grants.get(owner)
            assert row["ceiling"] == (grant["ceilings"][row["unit"]] if grant else history.teams[owner]), row
    return found
