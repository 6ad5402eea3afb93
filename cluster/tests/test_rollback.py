"""A log of record that was put back to an older copy: nobody serves on the strength of it."""

import shutil
import time

import pytest

from harness import Mesh, Prober, eventually, reason


def rolled_back(mesh, *, before_the_old_copy_comes_back=lambda: None):
    """Lets the enforcers see more of the log than the ledger will know afterwards. Returns a grant they all know."""
    known = mesh.grant()
    mesh.wait_applied()
    mesh.ledger.stop()
    copy = mesh.dir / "copy"
    shutil.copytree(mesh.ledger.data, copy)
    mesh.ledger.start()
    for node in mesh.enforcers:
        node.wait_ready()
    for _ in range(5):
        mesh.grant()
    mesh.revoke("--agent", "somebody")
    mesh.wait_applied()
    before_the_old_copy_comes_back()
    mesh.ledger.kill()
    shutil.rmtree(mesh.ledger.data)
    shutil.copytree(copy, mesh.ledger.data)
    mesh.ledger.start()
    return known


# A node that the ledger told of the contradiction halts; one that the halted ledger refused merely goes stale.
DENIALS = {"no_view", "stale_view"}


def all_halted(mesh, grant):
    eventually("the ledger halts", lambda: mesh.status()["halted"])
    for node in mesh.enforcers:
        eventually(f"{node.name} not ready", lambda: not node.is_ready())
        eventually(f"{node.name} denies", lambda: reason(node.evaluate(grant["credential"])) in DENIALS)
    assert any("halted" in node.get("/readyz?verbose")[1].replace("not halted", "") for node in mesh.enforcers)
    assert "has folded another log" in mesh.status()["halted"]


def refuses_everything(mesh):
    for command in (
        ["grant issue", "--agent", "a", "--allow", "*", "--resource", "tool:*"], ["revoke", "--agent", "a"],
        ["node token", "--role", "enforcer"], ["budget create", "b", "--unit", "calls", "--ceiling", "1"],
    ):
        assert mesh.run(*command, expect=2).error["code"] in ("halted", "diverged")


def test_running_enforcers_and_the_ledger_stop():
    with Mesh(enforcers=2) as mesh:
        known = rolled_back(mesh)
        all_halted(mesh, known)
        position = mesh.head()
        refuses_everything(mesh)
        time.sleep(1.5)
        assert mesh.head() == position
        assert {reason(node.evaluate(known["credential"])) for node in mesh.enforcers} <= DENIALS


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_enforcers_that_were_restarted_remember_what_they_saw(end):
    with Mesh(enforcers=2) as mesh:
        def end_enforcers():
            # What was seen is noted once a second; a clean stop notes it at once.
            time.sleep(2.5 if end == "kill" else 0)
            for node in mesh.enforcers:
                getattr(node, end)()
                node.socket.unlink(missing_ok=True)
        known = rolled_back(mesh, before_the_old_copy_comes_back=end_enforcers)
        for node in mesh.enforcers:
            node.start(wait=False)
        eventually("sockets", lambda: all(node.socket.exists() for node in mesh.enforcers))
        with Prober(mesh[1], known["credential"]) as first, Prober(mesh[2], known["credential"]) as second:
            all_halted(mesh, known)
            time.sleep(1)
        for prober in (first, second):
            assert prober.heard() - {"unreachable"} == {"no_view"}
        refuses_everything(mesh)


def test_putting_the_newest_log_back_heals():
    with Mesh(enforcers=1) as mesh:
        newest = mesh.dir / "newest"

        def keep():
            mesh.ledger.stop()
            shutil.copytree(mesh.ledger.data, newest)
        known = rolled_back(mesh, before_the_old_copy_comes_back=keep)
        all_halted(mesh, known)
        mesh[1].stop()
        mesh.ledger.stop()
        shutil.rmtree(mesh.ledger.data)
        shutil.copytree(newest, mesh.ledger.data)
        mesh.ledger.start()
        mesh[1].start()
        assert mesh.check(known, expect=0)["decision"] == "allow"
        assert mesh.run("log verify").json["ok"]
