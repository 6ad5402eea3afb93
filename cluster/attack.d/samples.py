"""Memory, descriptors and disk of every process, once a second; and whether it is there at all."""

import os
import pathlib
import threading
import time


def disk_mb(folder):
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.stat(os.path.join(place, name)).st_blocks * 512
            except OSError:
                continue
    return total / 1e6


def memory_mb(pid):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise OSError("no longer there")


class Sampler:
    """Starts again what has ended, as a supervisor would, and counts it."""

    def __init__(self, stage):
        self.stage = stage
        self.began = time.monotonic()
        self.samples = {name: [] for name in stage.nodes}  # (seconds, memory MB, files, disk MB)
        self.deaths = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def start(self):
        self._thread.start()

    def end(self):
        self._stop.set()
        self._thread.join(30)

    def _run(self):
        while not self._stop.wait(1):
            for name, node in self.stage.nodes.items():
                if not node.is_running:
                    self._revive(node)
                try:
                    files = len(os.listdir(f"/proc/{node.pid}/fd"))
                    self.samples[name].append((time.monotonic() - self.began, memory_mb(node.pid), files, disk_mb(node.data)))
                except OSError:
                    continue

    def _revive(self, node):
        last = next((line for line in reversed(node.log().splitlines()) if "Assertion" in line or "Fatal" in line), node.log()[-200:])
        self.deaths.append(f"{node.name} ended with {node.process.returncode} after {time.monotonic() - self.began:.0f} s: {last.strip()[:200]}")
        node.process = None
        node.spawn()

    def now(self, name):
        return self.samples[name][-1] if self.samples[name] else (0, 0, 0, 0)

    def summary(self, name):
        """Start, peak and end of each, and growth a minute from a third of the run to its end."""
        rows = self.samples[name] or [(0, 0, 0, 0)]
        third = rows[len(rows) // 3]
        minutes = max(1e-3, (rows[-1][0] - third[0]) / 60)
        return {
            what: {
                "start": round(rows[0][column], 1), "peak": round(max(row[column] for row in rows), 1), "end": round(rows[-1][column], 1),
                "per_minute": round((rows[-1][column] - third[column]) / minutes, 1)}
            for what, column in (("memory_mb", 1), ("files", 2), ("disk_mb", 3))}
