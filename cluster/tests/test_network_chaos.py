"""A short run of cluster/chaos; and that it leaves nothing behind, even when it is interrupted.

On a machine that other work shares, with 2 cores: 5 enforcers are offered 40 calls a second each.
"""

import json
import os
import pathlib
import signal
import subprocess
import time

import pytest

import harness
from harness import eventually

CHAOS = harness.REPOSITORY / "cluster/chaos"
SEED = 20  # of a plan in which every kind of fault comes


def chaos(*arguments):
    return subprocess.Popen(
        [CHAOS, *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
        env={**os.environ, "PENSTOCK_BIN": harness.BINARY})


def left_behind():
    """What a run makes outside of its own processes, and those."""
    spaces = {path.name for path in pathlib.Path("/run/netns").glob("pst*")}
    mounts = {line.split()[1] for line in pathlib.Path("/proc/mounts").read_text().splitlines() if "/pst-" in line}
    folders = {str(path) for path in pathlib.Path("/tmp").glob("pst-*")}
    processes = set()
    for path in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        try:
            command = path.read_bytes()
        except OSError:
            continue
        if b"chaos.d" in command or b"/pst-bin-" in command:
            processes.add(path.parent.name)
    return spaces | mounts | folders | processes


@pytest.mark.long
def test_a_short_run(request, tmp_path):
    before = left_behind()
    seed = request.config.getoption("--seed") or SEED
    process = chaos("--minutes", 0.6, "--seed", seed, "--rate", 40, "--report", tmp_path / "report.json")
    text, _ = process.communicate(timeout=400)
    print(text)
    if process.returncode == 77:
        pytest.skip(text.strip().splitlines()[-1])
    found = json.loads((tmp_path / "report.json").read_text())
    assert set(found["violations"].values()) == {0}, text
    assert process.returncode == 0, text
    if seed == SEED:
        assert all(kind["met"] > 0 for kind in found["faults"].values()), text
    assert found["calls"] > 500 and len(found["calls_per_second_by_node"]) == 5 and min(found["calls_per_second_by_node"].values()) > 1
    assert found["outcomes"]["allow"] > 100 and found["outcomes"]["revoked"] > 0
    assert found["revokes"]["CLOSED"] > 3 and found["revokes_with_fenced_nodes"] > 0 and found["revokes_while_a_node_was_cut_off"] > 0
    assert len(found["fresh_after_faults_s"]) == 2
    assert left_behind() <= before


@pytest.mark.long
def test_nothing_is_left_after_an_interruption():
    before = left_behind()
    process = chaos("--minutes", 1, "--seed", 1, "--rate", 10)
    try:
        deadline = time.monotonic() + 60
        while (line := process.stdout.readline()) and "in namespaces" not in line:
            assert time.monotonic() < deadline
        if process.poll() == 77:
            pytest.skip("namespaces cannot be made here")
        assert left_behind() - before, "the run is under way, and nothing of it is seen"
        # Into the middle of the first faults.
        time.sleep(5)
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 130
    finally:
        process.kill()
        process.stdout.close()
    eventually("nothing left", lambda: left_behind() <= before, timeout=5)
