"""cluster/compare-quota: every system, cell by cell. See there."""

import contextlib
import json
import os
import pathlib
import shutil
import signal
import sys
import tempfile
import time
import traceback

import cell_faults
import cell_forgotten
import cell_kill
import cell_latency
import cell_messages
import cell_overspend
import cell_retries
import cell_shift
import machine
import report
import sizes
from arguments import arguments
from guard_peer import Guard
from ours import Ours
from postgres_peer import Postgres
from provider import Provider
from redis_peer import Redis

CELLS = {
    "latency": cell_latency.run, "overspend": cell_overspend.run, "kill": cell_kill.run, "retries": cell_retries.run,
    "denials": cell_overspend.run_denials, "shift": cell_shift.run, "messages": cell_messages.run, "forgotten": cell_forgotten.run,
    "faults": cell_faults.run}
MESH_ONLY = {"faults"}


def system(name, folder, chosen, binary):
    if name == "ours":
        return Ours(folder, chosen.nodes, binary)
    if name == "agentbudget":
        return Guard(folder)
    return (Redis if name.startswith("redis") else Postgres)(folder, name.split("-")[1])


def run(chosen, folder, say):
    """One system after the other, so that none is measured while another works."""
    binary = os.environ["PENSTOCK_BIN"]
    size = sizes.QUICK if chosen.quick else sizes.FULL
    result = {
        "machine": machine.facts(binary), "settings": {"quick": chosen.quick, "clients": chosen.nodes, **size._asdict()}, "systems": {}, "cells": [],
        "failures": []}
    provider = Provider(folder)
    try:
        for name in chosen.system:
            with contextlib.ExitStack() as ends:
                try:
                    one = system(name, folder, chosen, binary)
                    ends.callback(stop, one, result)
                    one.start()
                    result["systems"][name] = one.settings
                    for cell in chosen.only:
                        if cell in MESH_ONLY and not one.is_mesh:
                            continue
                        say(f"{name}: {cell}")
                        values = CELLS[cell](one, provider, size, chosen.nodes)
                        result["cells"].append({"cell": cell, "system": name, "values": values})
                        # Too long for a short run.
                        if name == "ours" and cell == "latency" and not chosen.quick:
                            values.update(cell_latency.in_process(binary))
                except Exception as error:
                    result["failures"].append(f"{name}: {str(error) or repr(error)}".strip().splitlines()[-1])
                    say(traceback.format_exc())
    finally:
        provider.stop()
    return result


def stop(one, result):
    try:
        one.stop()
    except Exception as error:
        result["failures"].append(f"{one.name} does not stop in order: {error}")


def is_good(result):
    """Whether ours kept what it promises."""
    ours = [row["values"] for row in result["cells"] if row["system"] == "ours"]
    broken = [
        f"{measure}: {value}" for values in ours for measure, value in values.items()
        if measure.startswith(("overspend", "phantom denials", "acknowledged pairs that are forgotten")) and value]
    result["failures"] += [f"ours broke a promise: {one}" for one in broken]
    return not result["failures"]


def interrupted(*_):
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise KeyboardInterrupt


def main():
    chosen = arguments()
    signal.signal(signal.SIGINT, interrupted)
    signal.signal(signal.SIGTERM, interrupted)
    began = time.monotonic()
    # PostgreSQL's own user must be able to walk through it.
    folder = pathlib.Path(tempfile.mkdtemp(prefix="pst-"))
    folder.chmod(0o711)
    try:
        result = run(chosen, folder, lambda text: print(f"{time.monotonic() - began:7.1f} s  {text}", file=sys.stderr, flush=True))
    except KeyboardInterrupt:
        print("cluster/compare-quota: interrupted", file=sys.stderr)
        return 130
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    good = is_good(result)
    print(json.dumps(result, indent=1) if chosen.output == "json" else report.text(result))
    for failure in result["failures"]:
        print(f"cluster/compare-quota: {failure}", file=sys.stderr)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
