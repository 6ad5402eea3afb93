"""Everybody at once at their worst, for a short time: a run of cluster/attack, whose ten minutes are run by hand."""

import json
import os
import pathlib
import subprocess
import sys

import harness

ATTACK = pathlib.Path(__file__).parents[1] / "attack.d"
sys.path.insert(0, str(ATTACK))
import bounds

SECONDS = 30
# A debug build's turn, and the others that share the machine, after the moment at which the ledger may close.
SLACK_MS = 1000
# What a busy machine may take from honest calls is tried again; what must hold is asserted each time.
TRIES = 3
# A slice that came too late for its call: of a debug build's time, and transient.
PENDING, PENDING_SHARE = "budget_pending", 0.05


def run(folder, seed):
    report = folder / f"{seed}.json"
    done = subprocess.run(
        [sys.executable, str(ATTACK / "run.py"), "--minutes", str(SECONDS / 60), "--seed", str(seed), "--lease", "4s", "--enforcers", "2", "--json", str(report)],
        env={**os.environ, "PENSTOCK_BIN": str(harness.BINARY)}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=300)
    assert report.exists(), done.stdout[-3000:]
    print(done.stdout)
    return json.loads(report.read_text())


def test_everybody_at_once(tmp_path):
    for seed in range(1, TRIES + 1):
        found = run(tmp_path, seed)
        revokes, honest = found["revokes"], found["honest"]
        assert not found["deaths"]
        assert not any(found["violations"].values()), found["violations"]
        assert revokes["asked"] >= 3 and revokes["closed"] == revokes["asked"], revokes
        assert revokes["ledger_ms"]["max"] <= revokes["bound_ms"] + SLACK_MS, revokes
        assert honest["calls"] > 100 and honest["grants_refused"] == 0, honest
        for name, row in found["processes"].items():
            memory = row["memory_mb"]
            assert memory["peak"] <= memory["start"] + bounds.MEMORY_PEAK_MB["ledger" if name == "ledger" else "enforcer"], (name, memory)
        # Every group of attackers was there, and pushed.
        assert set(found["attackers"]) == {"strangers", "auditor", "enforcer", "caller", "agent"}
        for group, row in found["attackers"].items():
            assert all(pushed.get("steps", 0) for pushed in row["pushed"].values()), (group, row["pushed"])
        pending = honest["outcomes"].get(PENDING, 0) / honest["calls"]
        if honest["decided"] + pending >= bounds.DECIDED_SHARE and pending <= PENDING_SHARE:
            return
    raise AssertionError(honest)
