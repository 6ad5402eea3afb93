"""A short run of cluster/chaos; and that it leaves nothing behind, even when it is interrupted.

On a machine that other work shares, with 2 cores: 5 enforcers are offered 40 calls a second each.
"""

import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time

import pytest

import harness
from harness import eventually

SEED = 20  # of a plan in which every kind of fault comes


class Run:
    """One run, whose folders are all in one of its own."""

    def __init__(self, *arguments):
        self.folder = tempfile.mkdtemp(prefix="chaos-")
        self.process = subprocess.Popen(
            [harness.REPOSITORY / "cluster/chaos", *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            start_new_session=True, env={**os.environ, "PENSTOCK_BIN": harness.BINARY, "TMPDIR": self.folder})

    def left(self):
        """What it has made and not removed: namespaces, mounts, files, processes."""
        found = [path.name for path in pathlib.Path("/run/netns").glob(f"pst{self.process.pid}-*")]
        found += [line for line in pathlib.Path("/proc/mounts").read_text().splitlines() if self.folder in line]
        found += os.listdir(self.folder)
        for path in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                if self.folder.encode() in (path / "environ").read_bytes():
                    found.append(f"process {path.name} {(path / 'cmdline').read_bytes()!r}")
            except OSError:
                continue
        return found

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        shutil.rmtree(self.folder, ignore_errors=True)


@pytest.mark.long
def test_a_short_run(request, tmp_path):
    seed = request.config.getoption("--seed") or SEED
    with Run("--minutes", 0.6, "--seed", seed, "--rate", 40, "--report", tmp_path / "report.json") as run:
        text, _ = run.process.communicate(timeout=400)
        print(text)
        if run.process.returncode == 77:
            pytest.skip(text.strip().splitlines()[-1])
        found = json.loads((tmp_path / "report.json").read_text())
        assert set(found["violations"].values()) == {0}, text
        assert run.process.returncode == 0, text
        if seed == SEED:
            assert all(kind["met"] > 0 for kind in found["faults"].values()), text
        assert found["calls"] > 500 and len(found["calls_per_second_by_node"]) == 5 and min(found["calls_per_second_by_node"].values()) > 1
        assert found["outcomes"]["allow"] > 100 and found["outcomes"]["revoked"] > 0
        assert found["revokes"]["CLOSED"] > 3 and found["revokes_with_fenced_nodes"] > 0 and found["revokes_while_a_node_was_cut_off"] > 0
        assert len(found["fresh_after_faults_s"]) == 2
        assert run.left() == []


@pytest.mark.long
@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
def test_nothing_is_left_after_an_interruption(end):
    with Run("--minutes", 1, "--seed", 1, "--rate", 10) as run:
        deadline = time.monotonic() + 60
        while (line := run.process.stdout.readline()) and "in namespaces" not in line:
            assert time.monotonic() < deadline
        if run.process.poll() == 77:
            pytest.skip("namespaces cannot be made here")
        # Into the middle of the first faults.
        time.sleep(4)
        assert len(run.left()) > 15, "the run is under way, and not all of it is seen"
        run.process.send_signal(end)
        assert run.process.wait(60) == 130
        eventually("nothing left", lambda: run.left() == [], timeout=5)
