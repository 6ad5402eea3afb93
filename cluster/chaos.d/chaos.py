"""Rounds of faults under load."""

import dataclasses
import threading
import time

import freshness
import schedule
from faults import CUTTING, KINDS


@dataclasses.dataclass
class Happened:
    kind: str
    node: str
    begun: float  # before anything was broken
    broken: float  # from here …
    mending: float  # … to here it was certainly broken
    mended: float
    met: int


class Chaos:
    def __init__(self, cluster, history, say):
        self.cluster, self.history, self.say = cluster, history, say
        self.happened = []
        self.fresh, self.restarts = [], []  # seconds, one of each per round
        self.liveness = []  # what contradicts G7
        self.stopping = threading.Event()

    def round(self, planned):
        begun = time.monotonic()
        threads = [threading.Thread(target=self._perform, args=(fault, begun)) for fault in planned]
        for thread in threads:
            thread.start()
        try:
            for thread in threads:
                thread.join()
        except BaseException:
            # What is broken is mended before anything is taken down: a process that is started after that would stay.
            self.stopping.set()
            for thread in threads:
                thread.join()
            raise
        healed = time.monotonic()
        for node in self.cluster.nodes.values():
            if not node.is_running:
                self.history.failures.append(f"{node.name} ended by itself: {node.log()[-2000:]}")
                node.process = None
                node.spawn()
        restart, fresh = freshness.watch(self.cluster, healed)
        if fresh is None:
            states = {node.name: node.get("/readyz?verbose") for node in self.cluster.enforcers if node.is_running}
            self.liveness.append(f"not all nodes were fresh {freshness.PATIENCE:.0f} s after faults had stopped: {states}")
        else:
            self.restarts.append(restart)
            self.fresh.append(fresh)
            self.say(f"{len(planned)} faults mended; processes and views back after {restart:.2f} s, all fresh {fresh:.2f} s later")
        self.history.stop.wait(schedule.CALM)

    def _perform(self, fault, begun):
        random_here = schedule.random.Random(fault.seed)
        node = self.cluster.nodes[fault.node]
        if self.stopping.wait(max(0.0, begun + fault.at - time.monotonic())):
            return
        marks = []

        def hold(share=1.0):
            marks.append(time.monotonic())
            self.stopping.wait(fault.seconds * share)
            marks.append(time.monotonic())
        # Mending takes its time on a busy machine: the next fault of the same node waits for it.
        with node.fault:
            started = time.monotonic()
            try:
                met = KINDS[fault.kind][0](self.cluster, node, random_here, hold)
                self.happened.append(Happened(fault.kind, fault.node, started, marks[0], marks[-1], time.monotonic(), met))
            except Exception as error:
                self.history.failures.append(f"{fault.kind} at {fault.node}: {error!r}")

    @property
    def cuts(self):
        """(node, begin, end) while no acknowledgement could come from it."""
        return [(fault.node, fault.broken, fault.mending) for fault in self.happened if fault.kind in CUTTING]

    @property
    def ledger_troubles(self):
        return [(fault.begun, fault.mended) for fault in self.happened if fault.node == "ledger"]
