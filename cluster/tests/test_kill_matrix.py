"""An enforcer that is killed, loses its disk or is stopped at each step of a call: nothing is spent twice, and nothing is
refunded that may have been spent. Calls that were really made are counted here, not by the mesh."""

import contextlib
import json
import shutil
import time

import pytest

from harness import Mesh, eventually, question, reason

CEILING, HELD, COST, BEFORE = 40, 4, 2, 3
STEPS = ["before hold", "after hold", "after call", "after settle", "before report"]


class Agent:
    """Works on one grant through node 1 as far as its step. Each call holds 2 and costs 1."""

    def __init__(self, mesh, step):
        self.mesh, self.step, self.made, self.permits = mesh, step, 0, []
        self.grant = mesh.grant("--budget", f"calls={CEILING}")

    def ask(self, path, body):
        with contextlib.closing(self.mesh[1].door()) as door:
            status, text, _ = door.ask("POST", path, body)
        return status, json.loads(text) if text else None

    def hold(self):
        status, answer = self.ask("/v1/holds", question(self.grant["credential"], amounts={"calls": COST}, patience_ms=3000))
        assert status == 200 and answer["decision"], answer
        return answer["context"]["permit"]["id"]

    def settle(self, permit):
        return self.ask(f"/v1/holds/{permit}/settle", {"amounts": {"calls": 1}})[0]

    def work(self):
        for _ in range(BEFORE):
            permit = self.hold()
            self.made += 1
            assert self.settle(permit) == 204
        if self.step == "before report":
            eventually("reported", lambda: self.row()["settled"] == BEFORE)
        if self.step != "before hold":
            self.permits = [self.hold() for _ in range(HELD)]
        if self.step not in ("before hold", "after hold"):
            self.made += HELD
        if self.step in ("after settle", "before report"):
            assert {self.settle(permit) for permit in self.permits} == {204}

    def row(self):
        (row,) = self.mesh.run("budget show", self.grant["grant_id"]).json
        assert row["settled"] + row["out"] + row["unallocated"] == row["ceiling"] + row["debt"] + row["overcommitted"], row
        return row

    def drain(self, number, patience=3000):
        """Spends one call at a time until a denial. Returns why."""
        while True:
            answer = reason(self.mesh[number].evaluate(self.grant["credential"], amounts={"calls": 1}, patience_ms=patience))
            if answer != "allow":
                return answer
            self.made += 1
            assert self.made <= CEILING, f"{self.step}: more calls were made than the ceiling allows"

    @property
    def charged(self):
        """What the journal proves as spent, or cannot prove unspent: open holds in full."""
        return BEFORE + {"before hold": 0, "after hold": HELD * COST, "after call": HELD * COST}.get(self.step, HELD)


@pytest.fixture
def agents():
    with Mesh(enforcers=2) as mesh:
        agents = [Agent(mesh, step) for step in STEPS]
        mesh.wait_applied()
        for agent in agents:
            agent.work()
        yield agents


def test_killed_and_back_with_its_journal(agents):
    mesh = agents[0].mesh
    mesh[1].kill()
    mesh[1].start()
    for agent in agents:
        row = eventually(f"{agent.step}: its slices closed", lambda: (row := agent.row())["out"] == 0 and row)
        assert row["settled"] == agent.charged, agent.step
        assert agent.drain(2) == "budget_exhausted"
        never_made = HELD * COST if agent.step == "after hold" else HELD * (COST - 1) if agent.step == "after call" else 0
        assert agent.made == CEILING - never_made, agent.step


def test_killed_and_its_disk_lost(agents):
    mesh = agents[0].mesh
    mesh[1].kill()
    shutil.rmtree(mesh[1].data)
    mesh[1].start()
    for agent in agents:
        # What its slices still had is charged until an operator decides: it is held elsewhere, not exhausted.
        left = eventually(f"{agent.step}: silent", lambda: agent.row()["stranded"])
        assert [agent.drain(number, 1000) for number in (2, 1)] == ["budget_held_elsewhere"] * 2
        assert CEILING - left <= agent.made + HELD * COST
    mesh.run("budget reclaim", "enforcer-1", "--spent", "--reason", "its disk is gone")
    for agent in agents:
        assert agent.drain(2) == "budget_exhausted"
        row = eventually("told", lambda: (row := agent.row())["out"] == 0 and row)
        assert row["settled"] == CEILING >= agent.made


def test_stopped_beyond_its_lease_and_woken(agents):
    mesh = agents[0].mesh
    mesh[1].pause()
    eventually("gone", lambda: [row["state"] for row in mesh.status()["nodes"] if row["node"] == "enforcer-1"] != ["fresh"])
    for agent in agents:
        assert agent.drain(2, 1000) == "budget_held_elsewhere", agent.step
    mesh[1].resume()
    mesh[1].wait_ready()
    for agent in agents:
        # The holds are what they were: what was under way goes on, and is ended as ever.
        if agent.step == "after hold":
            agent.made += HELD
        if agent.step in ("after hold", "after call"):
            assert {agent.settle(permit) for permit in agent.permits} == {204}
        assert agent.drain(2) == "budget_exhausted" and agent.made == CEILING, (agent.step, agent.made)


def test_a_retry_at_another_node_is_charged_there(agents):
    """Ids are each node's own: a retry elsewhere is another call, within the same ceiling."""
    agent = agents[0]
    for number in (1, 2, 1, 2):
        answer = reason(agent.mesh[number].evaluate(agent.grant["credential"], amounts={"calls": 1}, call_id="same", patience_ms=3000))
        assert answer == ("allow" if agent.made < BEFORE + 2 else "already_settled")
        agent.made += answer == "allow"
    eventually("reported", lambda: agent.row()["settled"] == BEFORE + 2)
    assert agent.drain(2) == "budget_exhausted" and agent.made == CEILING
