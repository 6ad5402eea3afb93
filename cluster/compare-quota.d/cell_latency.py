"""1. A reserve and a commit on one hot budget: how long the pair takes, and how many a second."""

import json
import subprocess
import time

from spending import pair
from workers import ready, together

WARM_UP = 20


def measure(pipe, system, budget, number, place, pairs):
    client = system.client(budget, place)
    for index in range(WARM_UP):
        pair(client, f"warm-{number}-{index}")
    times, floor = [], []
    ready(pipe)
    began = time.monotonic()
    for index in range(pairs):
        at = time.perf_counter_ns()
        pair(client, f"{number}-{index}")
        times.append(time.perf_counter_ns() - at)
    ended = time.monotonic()
    for _ in range(min(pairs, 500)):
        at = time.perf_counter_ns()
        client.floor()
        floor.append(time.perf_counter_ns() - at)
    return times, floor, began, ended


def run(system, provider, sizes, nodes):
    """One client; many, each at a node; and for ours many at one node."""
    rows = {}
    settings = [("1 client", 1, False), (f"{nodes} clients", nodes, True)]
    if system.places > 1:
        settings.append((f"{nodes} clients at 1 node", nodes, False))
    for label, clients, spread in settings:
        budget = system.budget(1 << 22)
        each = sizes.pairs // (1 if clients == 1 else 2)
        found = together(measure, [(system, budget, number, number if spread else 0, each) for number in range(clients)])
        times = sorted(time for one in found for time in one[0])
        floors = sorted(time for one in found for time in one[1])
        lasted = max(one[3] for one in found) - min(one[2] for one in found)
        for name, share in (("p50", 0.5), ("p99", 0.99), ("p99.9", 0.999), ("max", 1)):
            rows[f"{label}: {name}, µs"] = round(at(times, share) / 1000, 1)
        rows[f"{label}: pairs a second"] = round(len(times) / lasted)
        rows[f"{label}: an empty round trip, p50, µs"] = round(at(floors, 0.5) / 1000, 1)
        rows[f"{label}: n"] = len(times)
    return rows


def at(ordered, share):
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def in_process(binary):
    """The figure without a door, where the binary has that benchmark."""
    # Asked for the help of what it does not know, it gives that of the rest.
    shown = subprocess.run([binary, "bench", "spend", "--help"], capture_output=True, text=True)
    if shown.returncode != 0 or "penstock bench spend" not in shown.stdout:
        return {}
    done = subprocess.run([binary, "bench", "spend", "-o", "json"], capture_output=True, text=True, timeout=600, check=True)
    rows = {}
    for cell in json.loads(done.stdout):
        settings = ", ".join(f"{key} {value}" for key, value in sorted(cell.get("settings", {}).items()))
        label = f"in process, {cell['benchmark']} ({settings})"
        rows[f"{label}: p50, µs"] = cell["p50_ns"] / 1000
        rows[f"{label}: a second"] = cell["per_second"]
    return rows
