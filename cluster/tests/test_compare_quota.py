"""The comparison with peers runs, and in it our mesh spends nothing above a ceiling and denies nothing that it had."""

import json
import os
import shutil
import subprocess
import sys

import pytest

import harness
from harness import REPOSITORY

SCRIPT = REPOSITORY / "cluster/compare-quota.d/run.py"


def compare(*arguments):
    done = subprocess.run(
        [sys.executable, SCRIPT, "-o", "json", *arguments], capture_output=True, text=True, timeout=600,
        env={**os.environ, "PENSTOCK_BIN": harness.BINARY})
    assert done.stdout, done.stderr[-3000:]
    return done, json.loads(done.stdout)


@pytest.mark.long
@pytest.mark.skipif(not shutil.which("redis-server"), reason="cluster/install has not installed the peers")
def test_quick_comparison():
    done, result = compare("--quick")
    assert result["failures"] == [] and done.returncode == 0, done.stderr[-3000:]
    assert result["machine"]["commit"] and set(result["systems"]) >= {"ours", "redis-always", "pg-update", "agentbudget"}
    cells = {(row["system"], row["cell"]): row["values"] for row in result["cells"]}
    assert len(cells) == 6 * 8 + 1
    ours = {cell: values for (system, cell), values in cells.items() if system == "ours"}
    assert ours["overspend"]["overspend, usd_micros"] == 0
    over = {name: value for name, value in ours["kill"].items() if "overspend" in name}
    assert len(over) == 1 + 4 * 5 and not any(over.values()), over
    assert ours["faults"]["overspend, usd_micros"] == 0 and ours["faults"]["burst: admitted"] > 0
    assert ours["denials"]["phantom denials (a later call was admitted)"] == 0
    assert ours["forgotten"]["acknowledged pairs that are forgotten"] == 0
    # The measure can show what it is for: money that time gave back was spent twice, and guards do not know of each other.
    assert cells["redis-always", "kill"]["client killed: after call: overspend, %"] > 0
    assert cells["agentbudget", "overspend"]["overspend, usd_micros"] > 0


def test_what_cannot_be_understood():
    done = subprocess.run([sys.executable, SCRIPT, "--only", "everything"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 64 and "everything" in done.stderr
