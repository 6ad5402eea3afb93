"""The Promela model of lease, echo, epoch, urgent lane and barrier: it holds, and each broken rule breaks its claim."""

import re
import shutil
import subprocess

import pytest

from harness import REPOSITORY

MODEL = REPOSITORY / "cluster/model/revocation.pml"

CLOSED = "admitted_after_closed"
BOUND = "admitted_after_bound"
EPOCH = "renewed_in_older_epoch"
CLAIMS = {CLOSED, BOUND, EPOCH}

RAISE = ["-DINCARNATIONS=1", "-DRAISE"]
LIVENESS = ["-DINCARNATIONS=1", "-DLIVENESS"]

# Each breaks one rule, and these claims fall by it.
FAULTS = {
    "LEASE_FROM_RECEIPT": {CLOSED, BOUND},
    "FORGOTTEN_NONCE_ACCEPTED": {CLOSED, BOUND},
    "OLD_EPOCH_ACCEPTED": {EPOCH},
    "GAP_IGNORED": {CLOSED, BOUND, EPOCH},
    "GAP_SKIPPED": {CLOSED, BOUND},
    "VIEW_REBUILT_IN_PLACE": {CLOSED, BOUND},
    "SETTINGS_STRETCH_LEASES": {CLOSED},
    "REVOKE_NOT_LOOKED_AT_AGAIN": {CLOSED, BOUND},
    "LEASE_NOT_LOOKED_AT_AGAIN": {CLOSED, BOUND},
    "URGENT_NOT_APPLIED": {CLOSED},
    "ACK_BEFORE_APPLIED": {CLOSED},
    "ACK_BY_NAME": {CLOSED},
    "END_SAID_EARLY": {CLOSED},
    "ENTERED_AFTER_READ": {CLOSED},
    "READ_FROM_CACHE": {CLOSED, BOUND, EPOCH},
    "OLD_LEDGER_ANSWERS": {CLOSED, BOUND},
    "LEASES_FORGOTTEN": {CLOSED},
    "LEASES_COUNTED_BEFORE_OPENED": {CLOSED},
    "EPOCH_SERVED_BEFORE_OPENED": {EPOCH},
    "ONE_TABLE_OF_SEVERAL": {CLOSED},
    "BOUND_TOO_SHORT": {CLOSED, BOUND},
}
# One incarnation with one echo under way is enough to show most of them.
SEARCHED_WITH = {
    "FORGOTTEN_NONCE_ACCEPTED": ["-DECHOES=1"],
    "ACK_BY_NAME": ["-DECHOES=1"],
    "OLD_EPOCH_ACCEPTED": ["-DINCARNATIONS=1"],
    "SETTINGS_STRETCH_LEASES": [*RAISE, "-DECHOES=1"],
}

# What a search must come by, or its claims would hold of a model that does nothing.
ALWAYS = {
    "leased", "renewed", "lease ran out", "answered too late", "ahead of the log",
    "dropped: unknown nonce", "dropped: old epoch", "waits no more: old epoch", "the old ledger halts",
    "admitted", "admitted within the bound", "admitted under the restarted ledger", "denied: revoked", "denied: stale view",
    "closed: nobody to wait for", "closed: enforced", "closed: fenced", "closed: an earlier ledger",
}
SECOND = {"closed: the second enforced", "closed: the second fenced"}
RAISED = {"closed: ended", "raised lease lasts on"}


class Search:
    """A complete search of the model's states under some switches; `every` goes on after the first counterexample."""

    def __init__(self, folder, switches, optimize="-O0", every=False, liveness=False):
        folder.mkdir()
        for program in ("spin", "gcc"):
            assert shutil.which(program), f"{program} is missing; cluster/install installs it"
        self.run(folder, "spin", *switches, "-a", str(MODEL))
        compiled = ["-DNFAIR=3"] if liveness else ["-DSAFETY", "-DNOFAIR"]
        self.run(folder, "gcc", optimize, "-w", *compiled, "-DMEMLIM=2000", "-o", "pan", "pan.c")
        options = (["-a", "-f"] if liveness else []) + (["-c0"] if every else [])
        self.report = self.run(folder, "./pan", *options, "-m100000", "-w22")
        self.errors = int(re.search(r"errors: (\d+)", self.report)[1])
        self.broken = set(re.findall(r"assertion violated.*?\b(" + "|".join(CLAIMS) + r")\b", self.report))
        self.reached = set(re.findall(r"^reached: (.*)$", self.report, re.MULTILINE))

    @staticmethod
    def run(folder, *command):
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, f"{' '.join(command)}: status {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout

    def assert_holds(self):
        assert self.errors == 0, self.report
        assert "Search not completed" not in self.report and "max search depth" not in self.report, self.report


@pytest.fixture(scope="module", autouse=True)
def binary():
    """In place of the one that copies the built program: the model needs none."""


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    """The two searches of the sound model that together cover it."""
    folder = tmp_path_factory.mktemp("sound")
    return {"two": Search(folder / "two", ["-DWITNESS"], "-O2"), "raise": Search(folder / "raise", [*RAISE, "-DWITNESS"], "-O2")}


@pytest.mark.parametrize("name", ["two", "raise"])
def test_sound_model_keeps_its_claims(sound, name):
    sound[name].assert_holds()


@pytest.mark.parametrize("name, more", [("two", SECOND), ("raise", RAISED)])
def test_sound_model_reaches_every_state_of_interest(sound, name, more):
    assert sound[name].reached == ALWAYS | more


@pytest.mark.parametrize("fault", FAULTS)
def test_broken_rule_breaks_its_claims(tmp_path, fault):
    switches = SEARCHED_WITH.get(fault, ["-DINCARNATIONS=1", "-DECHOES=1"])
    search = Search(tmp_path / "search", [f"-D{fault}", *switches], every=True)
    assert search.broken == FAULTS[fault], search.report


def test_every_switch_of_the_model_is_searched():
    switches = set(re.findall(r"^#ifn?def (\w+)", MODEL.read_text(), re.MULTILINE))
    assert switches == {*FAULTS, "RAISE", "LIVENESS", "LOG_NEVER_FOLLOWED", "FENCE_FROM_DURABLE", "INCARNATIONS", "ECHOES", "WITNESS"}


def test_open_barrier_settles(tmp_path):
    Search(tmp_path / "search", LIVENESS, liveness=True).assert_holds()


def test_node_that_asks_and_never_follows_holds_a_barrier_open(tmp_path):
    search = Search(tmp_path / "search", [*LIVENESS, "-DLOG_NEVER_FOLLOWED"], liveness=True)
    assert "acceptance cycle" in search.report


def test_fence_need_not_move_once_the_revoke_is_durable(tmp_path):
    """What the barrier could do: then not even that node holds it open."""
    Search(tmp_path / "safe", ["-DINCARNATIONS=1", "-DFENCE_FROM_DURABLE"]).assert_holds()
    Search(tmp_path / "live", [*LIVENESS, "-DLOG_NEVER_FOLLOWED", "-DFENCE_FROM_DURABLE"], liveness=True).assert_holds()
