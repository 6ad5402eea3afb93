"""The simulator: a sweep over seeds, its replay, and the mutants that it must catch.

It is built alone and optimised, in a package of its own, since a debug build is too slow to see much.
"""

import re
import subprocess
import sys

import pytest

import harness

sys.path.insert(0, str(harness.REPOSITORY / "cluster" / "simulator"))
import build  # noqa: E402
from mutants import MUTANTS  # noqa: E402


@pytest.fixture(scope="module")
def program():
    return build.build()


def run(program, *arguments):
    done = subprocess.run([program, *map(str, arguments)], capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.long
def test_sweep_finds_no_violation_and_misses_no_kind_of_fault(program, request):
    seed = request.config.getoption("--seed") or 1
    out = run(program, "--seed", seed, "--seconds", 120, "--nodes", "3,5,10,25", "--steps", 20_000)
    print(out.splitlines()[0])
    assert "VIOLATION" not in out, out
    # Faults, gaps, fences, CLOSED, PARTIAL, LIFTED: a sweep without one of them has shown nothing about it.
    assert "never occurred" not in out, out


def test_seed_replays_its_run_exactly(program):
    arguments = ("--seed", 11, "--seeds", 2, "--nodes", "7", "--steps", 15_000)
    first, second = (re.sub(r"in [0-9.]+ s: \d+ steps a second", "", run(program, *arguments)) for _ in range(2))
    assert first == second
    assert first != re.sub(r"in [0-9.]+ s: \d+ steps a second", "", run(program, "--seed", 12, *arguments[2:]))


def test_fifty_nodes_run(program):
    assert "VIOLATION" not in run(program, "--seed", 5, "--seeds", 3, "--nodes", "50", "--steps", 30_000)


def test_every_mutant_of_the_table_is_caught():
    assert len(MUTANTS) >= 20
    assert len({mutant.number for mutant in MUTANTS}) == len(MUTANTS)
    done = subprocess.run([sys.executable, harness.REPOSITORY / "cluster" / "mutants"], capture_output=True, text=True, timeout=1200)
    print(done.stdout)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "MISSED" not in done.stdout
