"""The mesh that is attacked, with the members whose keys are in wrong hands and the grants of the hostile agent."""

import pathlib
import shutil
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "tests"))
import auditor
import bounds
import harness
import hostile
from harness import Mesh, free_ports

OVERRUNS = 40  # grants that are settled far above their holds, one each


class Stage(Mesh):
    def __init__(self, binary, enforcers, lease):
        self.scratch = pathlib.Path(tempfile.mkdtemp(prefix="pst-bin-"))
        # A copy: a build that goes on beside must not change it.
        harness.BINARY = str(shutil.copy2(binary, self.scratch / "penstock"))
        self.nodes, self.doors = {}, []
        try:
            super().__init__(lease, start=False)
            self.ledger.start()
            for number in range(1, enforcers + 1):
                port = free_ports(1)
                node = self.join(f"enforcer-{number}", f"port: {port}\njournal_megabytes: {bounds.JOURNAL_MB}\n").spawn()
                self.doors.append({"name": node.name, "port": port, "socket": str(node.socket)})
            for node in self.enforcers:
                node.wait_ready()
            # Commands that read take an auditor's identity where there is one: an honest one, the first by name.
            for name in ("auditor", auditor.NAME):
                self.add_member("auditor", name)
            self.add_member("enforcer", hostile.NAME)
            self.make_grants()
        except BaseException:
            self.close(failed=True)
            raise

    def make_grants(self):
        """Bait is what a hostile enforcer may lie about as about its own; the rest is an agent's."""
        self.bait = [self.grant("--budget", "calls=1000000", agent="bait") for _ in range(3)]
        self.credentials = {name: self.grant(agent=name) for name in ("holds", "named", "narrow")}
        self.overrun = [self.grant("--budget", "usd_micros=1000", agent="overrun") for _ in range(OVERRUNS)]
        self.spent = self.grant("--budget", "usd_micros=10", agent="spent")
        self.wait_applied()

    def target(self, seed, chosen):
        """All that attackers are told."""
        return {
            "dir": str(self.dir), "port": self.port, "seed": seed, "chosen": chosen, "doors": self.doors,
            "bait": [grant["grant_id"] for grant in self.bait],
            "credentials": {name: grant["credential"] for name, grant in self.credentials.items()},
            "overrun": [{"grant_id": grant["grant_id"], "credential": grant["credential"]} for grant in self.overrun],
            "spent": {"grant_id": self.spent["grant_id"], "credential": self.spent["credential"]},
        }

    def close(self, failed=False):
        try:
            if hasattr(self, "dir"):
                super().close(failed)
        finally:
            shutil.rmtree(self.scratch, ignore_errors=True)
