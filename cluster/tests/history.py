"""What clients and operators of a mesh under faults asked, heard and saw, on the test's own monotonic clock.

`checks.py` and `budget_checks.py` hold it against the guarantees.
"""

import collections
import http.client
import itertools
import json
import random
import subprocess
import threading
import time

import harness
from harness import question
from records import NOTHING, UNITS, Call, Revoke, is_balanced


class History:
    def __init__(self, mesh, seed, teams=None, ttl="1h"):
        self.mesh, self.seed, self.ttl = mesh, seed, ttl
        self.teams = teams or {}  # budget that grants draw calls from -> its ceiling
        self.grants = {}  # run -> grant, with its ceilings and the team it draws on
        self.live = []
        self.calls = collections.deque()
        self.acknowledged = []  # (position, kind, text that the log must have there)
        self.revokes = []
        self.logs = []  # looks at the log, each a list of (position, id)
        self.budgets = []  # budget rows seen out of balance
        self.failures = []
        self.stop = threading.Event()
        self._numbers = itertools.count()

    # Load

    def load(self, number, node=None, pause=0.0):
        """Calls until `stop`, at one node or at all; one in four holds first and settles or releases afterwards."""
        random_here, doors = random.Random(f"{self.seed}-load-{number}"), {}
        while not self.stop.is_set():
            at = node or random_here.choice(self.mesh.enforcers)
            door = doors.get(at.name) or doors.setdefault(at.name, at.door(timeout=30))
            # Mostly of the newest grants, or in a long run nearly every call would be of a revoked one.
            runs = self.live[-24:] if random_here.random() < 0.8 else self.live
            run, amounts = random_here.choice(runs), (1, random_here.randint(1, 2000))
            end = random_here.choice(["settle", "release"]) if random_here.random() < 0.25 else None
            self.call(door, at.name, run, amounts, end, actual=(1, random_here.randint(0, amounts[1])))
            if self.calls[-1].outcome == "unknown":
                time.sleep(0.01)
            if pause:
                self.stop.wait(random_here.uniform(0, 2 * pause))

    def call(self, door, node, run, amounts, end=None, actual=NOTHING, patience=500):
        body = question(self.grants[run]["credential"], amounts=dict(zip(UNITS, amounts)), patience_ms=patience)
        asked = time.monotonic()
        decision, least, most = "", NOTHING, NOTHING
        try:
            status, text, _ = door.ask("POST", "/v1/holds" if end else "/access/v1/evaluation", body)
            answer = json.loads(text) if status == 200 else None
            outcome = f"status {status}" if answer is None else harness.reason(answer)
        except (OSError, http.client.HTTPException, json.JSONDecodeError):
            # Not heard: perhaps allowed, perhaps not.
            door.close()
            outcome = "unknown"
        heard = time.monotonic()
        if outcome == "allow":
            decision = answer["context"].get("decision_id", "")
            least, most = self._end(door, answer["context"]["permit"]["id"], amounts, end, actual) if end else (amounts, amounts)
        elif outcome in ("unknown", "stale_view"):
            # Recorded as an allow, perhaps, and voided as the answer left, without the time to record that.
            most = amounts
        self.calls.append(Call(asked, heard, node, run, outcome, decision, least, most))
        return outcome

    @staticmethod
    def _end(door, permit, amounts, end, actual):
        """What a hold may have cost once its end was asked for; unless that was answered, up to all of it."""
        wanted = actual if end == "settle" else NOTHING
        try:
            status, _, _ = door.ask("POST", f"/v1/holds/{permit}/{end}", {"amounts": dict(zip(UNITS, actual))} if end == "settle" else {})
        except (OSError, http.client.HTTPException):
            door.close()
            status = 0
        return wanted, wanted if status == 204 else amounts

    # Operators

    def operate(self, number=0):
        random_here = random.Random(f"{self.seed}-operator-{number}")
        while not self.stop.wait(random_here.uniform(0.2, 1.5)):
            try:
                random_here.choice([self.grant, self.revoke, self.observe])(random_here)
            except Exception as error:
                self.failures.append(f"operator: {error!r}")

    def make_teams(self):
        for name, ceiling in self.teams.items():
            self.mesh.run("budget create", name, "--unit", "calls", "--ceiling", ceiling)

    def grant(self, random_here):
        run = f"run-{next(self._numbers)}"
        # Some are so small that they are spent to the last unit, at several nodes at once.
        ceilings = {"calls": random_here.choice([40, 300, 5000]), "usd_micros": random_here.choice([20_000, 400_000, 10_000_000])}
        team = random_here.choice([None, *self.teams])
        flags = [part for unit, ceiling in ceilings.items() for part in ("--budget", f"{unit}={ceiling}")] + (["--draw", team] if team else [])
        result = self.mesh.run(
            "grant issue", "--run", run, "--agent", "worker", "--allow", "*", "--resource", "tool:*", "--ttl", self.ttl, *flags,
            expect=None, timeout=60)
        if result.code == 0:
            grant = result.json
            self.acknowledged.append((grant["position"], "grant_issued", grant["grant_id"]))
            self.grants[run] = {**grant, "ceilings": ceilings, "team": team}
            self.live.append(run)

    def revoke(self, random_here, timeout="15s"):
        revoked = {revoke.run for revoke in self.revokes}
        candidates = [run for run in list(self.live) if run not in revoked]
        if len(candidates) < 4:
            return self.grant(random_here)
        self.revoke_run(random_here.choice(candidates), timeout)

    def revoke_run(self, run, timeout):
        """The command's exit status, what it wrote to standard error, and the record of what it was answered, if it was."""
        command = [harness.BINARY, "revoke", "--dir", str(self.mesh.dir), "-o", "jsonl", "--run", run, "--timeout", timeout]
        asked = time.monotonic()
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=self.mesh.env)
        line = process.stdout.readline()
        printed = time.monotonic()
        _, err = process.communicate()
        # Without an answer nothing was promised; another operator may choose the run again.
        if not line:
            return process.returncode, err, None
        answer = json.loads(line)
        assert process.returncode == {"CLOSED": 0, "PARTIAL": 5}[answer["state"]], err
        self.acknowledged.append((answer["position"], "restricted", run))
        self.revokes.append(Revoke(run, asked, printed, answer))
        return process.returncode, err, self.revokes[-1]

    def observe(self, _):
        """Looks at log and budgets as they are under way."""
        result = self.mesh.run("log show", expect=None, timeout=60)
        if result.code == 0:
            self.logs.append([(row["position"], row["id"]) for row in result.json])
        result = self.mesh.run("budget list", expect=None, timeout=60)
        if result.code == 0:
            self.budgets += [row for row in result.json if not is_balanced(row)]
