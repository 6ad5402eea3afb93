"""The mesh of a run: a ledger, enforcers and an operator, each in its namespace, on small disks, with clocks to step."""

import contextlib
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "tests"))
import harness
from harness import Mesh
from host import Host
from namespaces import Network, Unavailable, sh


class Cluster(Mesh):
    """Owns everything that a run makes; closing it removes all of it."""

    def __init__(self, binary, enforcers, minutes, max_staleness="2s"):
        self.scratch = pathlib.Path(tempfile.mkdtemp(prefix="pst-bin-"))
        self.mounts, self.network, self.nodes, self.dir = [], None, {}, None
        try:
            self.binary = self.scratch / "penstock"
            shutil.copy2(binary, self.binary)
            names = [f"enforcer-{number}" for number in range(1, enforcers + 1)]
            self.network = Network(["ledger", "operator", *names])
            # Commands of operators and issuers run in a namespace of their own too.
            wrapper = self.scratch / "operator"
            wrapper.write_text(f'#!/bin/sh\nexec {" ".join(self.network.inside("operator"))} {self.binary} "$@"\n')
            wrapper.chmod(0o755)
            harness.BINARY = str(wrapper)
            super().__init__(max_staleness, start=False, host="0.0.0.0", advertise=self.network.address("ledger"))
            self.ledger = self.nodes["ledger"] = Host(self, "ledger", "ledger", self.dir / "ledger.yaml")
            self._check_clocks()
            # Room for the decisions of the whole run, which the ledger keeps.
            self._small_disk(self.ledger.data, f"{64 + int(60 * minutes)}m")
            self.ledger.start()
            for name in names:
                node = self.join(name, "journal_megabytes: 4\n")
                # Four segments of 1 MiB fit, and what a node notes beside them.
                self._small_disk(node.data, "6m")
                node.spawn()
            for node in self.enforcers:
                node.wait_ready()
            # One grant's calls do not fill a journal, and denials do not: it takes many grants' calls.
            self.fillers = [self.grant(agent="filler")["credential"] for _ in range(45)]
        except BaseException:
            self.close(failed=True)
            raise

    def node(self, name, settings=""):
        super().node(name, settings)
        self.nodes[name] = Host(self, "enforcer", name, self.nodes[name].config)
        return self.nodes[name]

    def _small_disk(self, folder, size):
        kept = folder.with_name("kept")
        if folder.exists():
            folder.rename(kept)
        folder.mkdir(mode=0o700)
        try:
            sh("mount", "-t", "tmpfs", "-o", f"size={size},mode=0700", "tmpfs", folder)
        except RuntimeError as error:
            raise Unavailable(f"cannot mount a tmpfs: {error}") from None
        self.mounts.append(folder)
        if kept.exists():
            shutil.copytree(kept, folder, dirs_exist_ok=True)
            shutil.rmtree(kept)

    def _check_clocks(self):
        """That the wall clock can be shifted and the continuous clock is not shifted along."""
        self.ledger.set_clock(86400)
        clocks = "import time; print(time.clock_gettime(time.CLOCK_REALTIME), time.clock_gettime(time.CLOCK_BOOTTIME))"
        done = subprocess.run([sys.executable, "-c", clocks], env={**self.env, **self.ledger.clock_env}, capture_output=True, text=True)
        wall, boot = map(float, done.stdout.split())
        if not abs(wall - time.time() - 86400) < 60 or not abs(boot - time.clock_gettime(time.CLOCK_BOOTTIME)) < 60:
            raise Unavailable(f"faketime does not shift the wall clock alone: {done.stdout}{done.stderr}")

    def close(self, failed=False):
        try:
            if self.dir:
                super().close(failed)
        finally:
            self._end_processes()
            for folder in self.mounts:
                sh("umount", "-l", folder, check=False)
            if self.network:
                self.network.close()
            for folder in filter(None, [self.dir, self.scratch]):
                shutil.rmtree(folder, ignore_errors=True)


    def _end_processes(self):
        """Ends what carries this mesh's marker and did not stop; there is none unless something went wrong."""
        for line in harness.left_behind(self.marker) if self.dir else []:
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(line.split()[0]), signal.SIGKILL)
