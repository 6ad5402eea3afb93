"""One node in its namespace, with a wall clock to step and a disk to fill."""

import contextlib
import os
import pathlib
import subprocess
import threading

from harness import Node

# Debian has it in a folder of the architecture's.
FAKETIME = str(next(pathlib.Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), "libfaketimeMT.so.1"))


class Host(Node):
    """A node in a namespace of its own, whose wall clock can be another than ours."""

    def __init__(self, mesh, kind, name, config):
        super().__init__(mesh, kind, name, config)
        self.clock = mesh.dir / f"{name}.clock"
        self.logged = 0
        self.fault = threading.Lock()  # one at a time
        # A step while the process runs is seen once a second. CLOCK_BOOTTIME must stay the machine's: leases count on it.
        self.clock_env = {
            "LD_PRELOAD": FAKETIME, "FAKETIME_TIMESTAMP_FILE": str(self.clock), "FAKETIME_CACHE_DURATION": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1"}

    def spawn(self, fake_clock=False):
        assert self.process is None
        self.logged = self.stderr.stat().st_size if self.stderr.exists() else 0
        command = [*self.mesh.network.inside(self.name), self.mesh.binary, self.kind, "--config", self.config]
        with open(self.stderr, "ab") as log:
            # A session of its own: Ctrl-C is for the run, which then stops its nodes in order.
            self.process = subprocess.Popen(
                list(map(str, command)), stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
                env={**self.mesh.env, **(self.clock_env if fake_clock else {})})
        return self

    def set_clock(self, seconds):
        beside = self.clock.with_suffix(".new")
        beside.write_text(f"{seconds:+d}\n")
        beside.replace(self.clock)

    def has_fake_clock(self):
        return "libfaketime" in pathlib.Path(f"/proc/{self.pid}/maps").read_text()

    def is_serving(self):
        """For a ledger: whether this process has said that it serves."""
        return self.is_running and " serving" in self.log()[self.logged:]


class Filler:
    """Takes all room on a small disk, and whatever gets free later, until `stop`."""

    def __init__(self, folder):
        self.path, self.size = folder / "filler", 0
        self.file = open(self.path, "wb")

    def fill(self):
        chunk = 1 << 20
        while chunk >= 4096:
            try:
                os.posix_fallocate(self.file.fileno(), self.size, chunk)
                self.size += chunk
            except OSError:
                chunk //= 2

    def stop(self):
        self.file.close()
        with contextlib.suppress(FileNotFoundError):
            self.path.unlink()
