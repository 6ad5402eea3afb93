"""Penstock: a ledger process and enforcer processes; clients speak HTTP to an enforcer's Unix socket."""

import json
import shutil
import socket
import sys
import time
from concurrent.futures import ThreadPoolExecutor

from machine import REPOSITORY
from spending import COST, DENIED, DONE, HELD, LATER, SCOPES, USD, Answer, ceilings, parts

sys.path.insert(0, str(REPOSITORY / "cluster/tests"))
import harness
from relay import Relay

STALENESS = "2s"
PLENTY = 1 << 45


class Ours:
    name = "ours"
    is_mesh = True
    has_ttl = False
    is_shared = True

    def __init__(self, folder, nodes, binary):
        harness.BINARY = str(folder / "penstock")
        shutil.copy2(binary, harness.BINARY)
        self.places, self.number, self.mesh, self.relays = nodes, 0, None, {}
        self.settings = {
            "enforcers": nodes, "max_staleness": STALENESS, "log": "SQLite, synchronous=FULL", "journal": "one at each enforcer, kept",
            "client": "HTTP/1.1 over a Unix socket, keep-alive"}

    def start(self):
        self.mesh = harness.Mesh(max_staleness=STALENESS, enforcers=self.places)
        parent = {}
        for scope in SCOPES[:-1]:
            for unit in COST:
                self.mesh.run("budget create", f"{scope}-{unit}", "--unit", unit, "--ceiling", PLENTY, *parent.get(unit, ()))
                parent[unit] = ("--parent", f"{scope}-{unit}")

    def stop(self):
        if self.mesh:
            self.mesh.close()
        for relay in (relay for relays in self.relays.values() for relay in relays):
            relay.close()

    def budget(self, calls, slack=1):
        """A run with a ceiling of its own under four scopes that have plenty."""
        self.number += 1
        bounds = [flag for unit, most in ceilings(calls, slack).items() for flag in ("--budget", f"{unit}={most}", "--draw", f"{SCOPES[-2]}-{unit}")]
        granted = self.mesh.grant(*bounds, "--ttl", "2h", "--run", f"run-{self.number}")
        self.mesh.wait_applied()
        return granted["grant_id"], granted["credential"]

    def key(self, budget):
        return f"{self.name} {budget[0]}"

    def client(self, budget, place=0, ttl=None):
        return Client(str(self.mesh[place % self.places + 1].socket), budget[1])

    def row(self, budget):
        return next(row for row in self.mesh.run("budget show", budget[0]).json if row["unit"] == "usd_micros")

    def charged(self, budget):
        """Settled, once the nodes have reported, and holds that are open; in calls."""
        last, since = None, time.monotonic()
        # At steady demand a node tells every two seconds.
        while time.monotonic() - since < 3:
            settled = self.row(budget)["settled"]
            if settled != last:
                last, since = settled, time.monotonic()
            time.sleep(0.1)
        return last / USD + sum(node.metrics()["penstock_calls_held"] for node in self.mesh.enforcers)

    def received(self):
        """Messages to the ledger so far, by kind."""
        return self.mesh.status()["counters"]

    def put_relays(self):
        """From here on every enforcer reaches the ledger through relays of its own, which can cut it off."""
        for node in self.mesh.enforcers:
            node.stop()
            path = node.folder / "member.json"
            member = json.loads(path.read_text())
            self.relays[node.name] = []
            for lane in ("requests", "log", "urgent"):
                host, port = member["ledger"][lane].removeprefix("tcp://").split(":")
                relay = Relay((host, int(port)))
                self.relays[node.name].append(relay)
                member["ledger"][lane] = f"tcp://127.0.0.1:{relay.port}"
            path.write_text(json.dumps(member))
            node.spawn()
        for node in self.mesh.enforcers:
            node.wait_ready()

    def cut(self, node, mode):
        for relay in self.relays[node.name]:
            relay.mode = mode
            if mode != "stall":
                relay.cut()

    def crash(self):
        """Everything at once; nothing on disk is touched."""
        with ThreadPoolExecutor() as pool:
            list(pool.map(lambda node: node.kill(), self.mesh.nodes.values()))

    def restart(self):
        self.mesh.ledger.start()
        for node in self.mesh.enforcers:
            node.spawn()
        for node in self.mesh.enforcers:
            node.wait_ready()

    def wait_closed(self, budget, patience):
        """Until nothing of it is out with an incarnation that has ended. Returns whether it came to that."""
        until = time.monotonic() + patience
        while time.monotonic() < until:
            alive = {row["incarnation"] for row in self.mesh.status()["nodes"] if row["state"] == "fresh"}
            if all(slice["incarnation"] in alive for row in self.mesh.run("budget show", budget[0]).json for slice in row["slices"]):
                return True
            time.sleep(0.1)
        return False


class Client:
    """As thin as the peers' client libraries: requests are built once, and answers read by their length."""

    def __init__(self, path, credential):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(30)
        self.socket.connect(path)
        self.file = self.socket.makefile("rb")
        self.question = {
            "subject": {"type": "agent", "id": "a"}, "action": {"name": "tools/call"}, "resource": {"type": "tool", "id": "x"}}
        self.context = {"credential": credential, "amounts": COST}
        self.messages = 0

    def hold(self, call):
        status, body = self._ask("POST", "/v1/holds", {**self.question, "context": {**self.context, "call_id": call}})
        assert status == 200, f"{status} {body}"
        answer = json.loads(body)
        context = answer["context"]
        if answer["decision"]:
            return Answer(HELD, context["permit"]["id"])
        outcome = DONE if context["reason"] == "already_settled" else LATER if context["transient"] else DENIED
        return Answer(outcome, reason=context["reason"], wait=context.get("retry_after_ms", 100) / 1000)

    def settle(self, ref, part=1.0):
        status, body = self._ask("POST", f"/v1/holds/{ref}/settle", {"amounts": parts(part)})
        assert status == 204, f"{status} {body}"

    def release(self, ref):
        status, body = self._ask("POST", f"/v1/holds/{ref}/release", {})
        assert status == 204, f"{status} {body}"

    def floor(self):
        self._ask("GET", "/livez", None)

    def _ask(self, method, path, body):
        content = b"" if body is None else json.dumps(body).encode()
        head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
        self.socket.sendall(head.encode() + content)
        line = self.file.readline()
        if not line:
            raise ConnectionResetError("the enforcer has gone")
        length = 0
        while (header := self.file.readline().rstrip()):
            name, _, value = header.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        return int(line.split()[1]), self.file.read(length)

    def close(self):
        self.file.close()
        self.socket.close()
