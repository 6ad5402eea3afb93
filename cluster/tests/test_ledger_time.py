"""The ledger's wall clock is set wrong, while it runs and while it is down: what has expired stays expired, and a restriction
stands for as long as it was made for, until an operator accepts the clock."""

import os
import time

import pytest

from harness import Clock, Mesh, eventually, reason

pytestmark = pytest.mark.skipif(Clock.LIBRARY is None, reason="needs faketime")
HOUR, DAY = 3600, 86400


class Clocked(Mesh):
    """A mesh whose ledger has a clock that the test sets."""

    def __init__(self, **options):
        super().__init__(start=False, max_staleness="2s", **options)
        self.clock = Clock(self.ledger)
        self.ledger.start()
        self.join("enforcer-1").start()

    def asks(self, grant):
        return reason(self[1].evaluate(grant["credential"]))

    def leap(self):
        return self.status()["clock_leap_ms"]

    def step(self, seconds):
        """Sets the clock, and waits until the ledger has noticed and every lease is from after that."""
        self.clock.set(seconds)
        eventually("the leap is noticed", lambda: abs(self.leap() - seconds * 1000) < 500)
        time.sleep(1)

    def holds(self, grant, answer, seconds=1.5):
        """The node gives this answer and no other, but for moments in which a busy machine keeps it from being fresh."""
        heard, end = set(), time.monotonic() + seconds
        while time.monotonic() < end or answer not in heard and time.monotonic() < end + 10:
            heard.add(self.asks(grant))
            assert heard <= {answer, "stale_view"}
            time.sleep(0.02)
        assert answer in heard

    def restart(self, node):
        node.kill()
        node.start()
        self[1].wait_ready()


@pytest.fixture
def mesh():
    with Clocked() as mesh:
        yield mesh


@pytest.mark.parametrize("step", [-4, -HOUR, -DAY])
def test_an_expired_grant_stays_expired_when_the_clock_goes_back(mesh, step):
    lives, dies = mesh.grant("--ttl", "1h"), mesh.grant("--ttl", "2s")
    eventually("expired", lambda: mesh.asks(dies) == "expired")
    mesh.step(step)
    mesh.holds(dies, "expired")
    mesh.holds(lives, "allow", 0.1)
    mesh.restart(mesh[1])
    mesh.holds(dies, "expired")
    # The leap is noticed anew, from what lies beside the log.
    mesh.restart(mesh.ledger)
    assert abs(mesh.leap() - step * 1000) < 500
    mesh.holds(dies, "expired")
    # Under another boot, or in another folder, the log alone says how late it was.
    mesh.ledger.kill()
    os.unlink(mesh.ledger.data / "time")
    mesh.ledger.start()
    assert mesh.leap() < -1500
    mesh.restart(mesh[1])
    mesh.holds(dies, "expired")
    mesh.holds(lives, "allow", 0.1)
    assert mesh.run("grant issue", "--agent", "a", "--allow", "*", "--resource", "tool:*", "--ttl", "1h").code == 0


def test_a_clock_that_went_back_while_the_ledger_was_down_is_noticed(mesh):
    dies = mesh.grant("--ttl", "2s")
    eventually("expired", lambda: mesh.asks(dies) == "expired")
    mesh.ledger.kill()
    mesh.clock.set(-HOUR)
    mesh.ledger.start()
    assert abs(mesh.leap() + HOUR * 1000) < 500
    mesh[1].wait_ready()
    mesh.holds(dies, "expired")
    mesh.ledger.kill()
    mesh.clock.set(0)
    mesh.ledger.start()
    assert mesh.leap() == 0


def test_a_revoke_stands_for_its_time_though_the_clock_goes_ahead(mesh):
    revoked, other, short = mesh.grant("--ttl", "3h"), mesh.grant("--ttl", "3h"), mesh.grant("--ttl", "30m")
    mesh.revoke("--run", revoked["run_id"], "--for", "30m")
    mesh.step(HOUR)
    # What may have expired is denied; the rest goes on.
    mesh.holds(short, "expired", 0.1)
    mesh.holds(other, "allow", 0.1)
    mesh.holds(revoked, "revoked")
    for node in (mesh.ledger, mesh[1]):
        mesh.restart(node)
        assert abs(mesh.leap() - HOUR * 1000) < 500
        mesh.holds(revoked, "revoked")
    # One that is made now ends no sooner than it says, whichever clock is right.
    mesh.revoke("--run", other["run_id"], "--for", "3s")
    mesh.holds(other, "revoked", 5)
    mesh.clock.set(0)
    eventually("the clock is right again", lambda: mesh.leap() == 0)
    assert "the wall clock has leapt" in mesh.ledger.log() and "agrees with ledger time again" in mesh.ledger.log()
    mesh.holds(revoked, "revoked")
    eventually("the grant lives", lambda: mesh.asks(short) == "allow")


def test_a_revoke_ends_by_the_continuous_clock_while_the_leap_is_held(mesh):
    grant = mesh.grant("--ttl", "3h")
    mesh.revoke("--run", grant["run_id"], "--for", "8s")
    made = time.monotonic()
    mesh.step(DAY - HOUR)
    mesh.clock.set(HOUR)
    while time.monotonic() < made + 7.5:
        assert mesh.asks(grant) in {"revoked", "stale_view"}
        time.sleep(0.05)
    eventually("lifted", lambda: mesh.asks(grant) == "allow", timeout=5)
    assert mesh.leap() > 0


def test_an_operator_accepts_a_leap(mesh):
    short, long = mesh.grant("--ttl", "30m"), mesh.grant("--ttl", "10h")
    mesh.revoke("--run", long["run_id"], "--for", "30m")
    assert mesh.status()["warnings"] == []
    nothing = mesh.run("time accept", "--yes")
    assert nothing.json["clock_leap_ms"] == 0 and "position" not in nothing.json
    mesh.step(HOUR)
    status = mesh.status()
    assert any("wall clock has leapt 3600.0 s ahead" in warning for warning in status["warnings"]), status["warnings"]
    shown = mesh.run("time show").json
    assert shown["earliest"] == shown["continued"] < shown["latest"]
    dry = mesh.run("time accept", "--dry-run")
    assert "ends 1 restrictions, and lets 0 expired grants" in dry.err
    accepted = mesh.run("time accept", "--yes", "--reason", "it was an hour slow").json
    assert mesh.leap() == 0 and mesh.status()["warnings"] == []
    row = next(row for row in mesh.log() if row["kind"] == "time_accepted")
    assert row["position"] == accepted["position"] and row["origin"] != "ledger"
    eventually("the revoke has ended", lambda: mesh.asks(long) == "allow")
    mesh.holds(short, "expired", 0.1)
    # It stays accepted, in another process and from the log alone.
    mesh.restart(mesh.ledger)
    assert mesh.leap() == 0
    mesh.ledger.kill()
    os.unlink(mesh.ledger.data / "time")
    mesh.ledger.start()
    assert mesh.leap() == 0
    # The acceptance was wrong: another one puts it right.
    mesh.clock.set(0)
    eventually("noticed", lambda: mesh.leap() < -3_500_000)
    mesh.holds(short, "expired")
    assert "lets 1 expired grants live again" in mesh.run("time accept", "--yes").err
    eventually("lives again", lambda: mesh.asks(short) == "allow")


def test_no_leap_opens_a_budgets_window(mesh):
    if time.time() % HOUR > HOUR - 60:  # the hour would really end meanwhile
        time.sleep(61)
    mesh.run("budget create", "hourly", "--unit", "calls", "--ceiling", 3, "--window", "1h", "--for", "agent=spender")
    grant = mesh.grant("--ttl", "10h", agent="spender")

    def calls():
        return [reason(mesh[1].evaluate(grant["credential"], amounts={"calls": 1})) for _ in range(4)]

    assert calls() == ["allow"] * 3 + ["budget_exhausted"]
    for leap in (-HOUR, HOUR):
        mesh.step(leap)
        assert calls() == ["budget_exhausted"] * 4
    mesh.run("time accept", "--yes")
    eventually("the next hour's window is open", lambda: "allow" in calls())
