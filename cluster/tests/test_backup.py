"""A backup of the log, made while the ledger runs, and what a ledger makes of one that was restored."""

import shutil

import pytest

from harness import Mesh, eventually, penstock, reason


def backup(mesh, name="backup"):
    path = mesh.dir / f"{name}.sqlite"
    return path, mesh.run("log backup", str(path)).json


def restore(mesh, path, *arguments, expect=0):
    """Without the ledger's running."""
    return penstock("log", "restore", path, "--data", mesh.ledger.data, "--yes", "-o", "json", *arguments, expect=expect)


def quiet(mesh):
    """Until the log has stopped growing: what nodes ship of their last decisions is an event too."""
    last = [mesh.head(), 0]

    def is_quiet():
        head = mesh.head()
        last[:] = [head, last[1] + 1] if head == last[0] else [head, 0]
        return last[1] >= 8
    eventually("the log is quiet", is_quiet, every=0.25)
    if all(node.is_running for node in mesh.enforcers):
        mesh.wait_applied()


def restore_older(mesh, path):
    """Puts back a log that the nodes are ahead of: nobody serves."""
    mesh.ledger.kill()
    shutil.rmtree(mesh.ledger.data)
    restore(mesh, path)
    mesh.ledger.start(wait=False)
    eventually("the ledger refuses", lambda: "folded another log" in mesh.status()["halted"])


def move_data_away(mesh):
    for node in mesh.enforcers:
        node.stop()
        node.data.rename(node.data.with_name("data.old"))


def restore_and_start(mesh, path, *arguments):
    mesh.ledger.kill()
    shutil.rmtree(mesh.ledger.data)
    restore(mesh, path, *arguments)
    mesh.ledger.start(wait=False)
    mesh.ledger.wait_serving()


def test_backup_is_made_while_the_ledger_runs_and_never_over_a_file():
    with Mesh(enforcers=1) as mesh:
        for _ in range(5):
            mesh.grant()
        head = mesh.head()
        path, report = backup(mesh)
        assert head <= report["position"] <= mesh.head()
        assert path.stat().st_mode & 0o777 == 0o600
        assert "exists" in mesh.run("log backup", str(path), expect=1).error["message"]
        assert not (mesh.dir / "backup.sqlite.partial").exists()


def test_restored_log_that_nobody_is_ahead_of_is_served_in_a_new_epoch():
    with Mesh(enforcers=2) as mesh:
        kept, gone = mesh.grant(), mesh.grant()
        mesh.revoke("--grant", gone["grant_id"])
        quiet(mesh)
        path, report = backup(mesh)
        restore_and_start(mesh, path)
        eventually("the restored log is served", lambda: not mesh.status()["halted"])
        assert not (mesh.ledger.data / "restored.json").exists()
        for node in mesh.enforcers:
            eventually(f"{node.name} ready", node.is_ready)
            assert reason(node.evaluate(kept["credential"], patience_ms=3000)) == "allow"
            assert reason(node.evaluate(gone["credential"])) == "revoked"
        epochs = [row for row in mesh.run("log show").json if row["kind"] == "epoch_opened"]
        assert epochs[-1]["position"] > report["position"]
        assert mesh.run("log verify").json["ok"]


def test_restored_log_cannot_undo_a_revoke():
    with Mesh(enforcers=2) as mesh:
        grant = mesh.grant()
        quiet(mesh)
        path, _ = backup(mesh)
        mesh.revoke("--grant", grant["grant_id"])
        restore_older(mesh, path)
        for command in (["grant issue", "--agent", "a", "--allow", "*", "--resource", "tool:*"], ["budget create", "b", "--unit", "calls", "--ceiling", "1"]):
            assert mesh.run(*command, expect=2).error["code"] == "halted"
        for node in mesh.enforcers:
            for _ in range(20):
                assert reason(node.evaluate(grant["credential"])) in {"revoked", "stale_view", "no_view"}


def test_restored_ledger_waits_for_a_node_that_is_down_over_its_own_restarts():
    with Mesh(enforcers=2) as mesh:
        grant = mesh.grant()
        quiet(mesh)
        path, _ = backup(mesh)
        mesh[2].stop()
        quiet(mesh)
        second, _ = backup(mesh, "second")
        restore_and_start(mesh, second)
        for _ in range(2):
            eventually("it waits", lambda: "enforcer-2" in mesh.status()["halted"])
            assert mesh.run("budget create", "b", "--unit", "calls", "--ceiling", "1", expect=2).error["code"] == "recovering"
            # A lease of before may last its second.
            eventually("no lease", lambda: reason(mesh[1].evaluate(grant["credential"])) in {"stale_view", "no_view"})
            mesh.ledger.kill()
            mesh.ledger.start(wait=False)
            mesh.ledger.wait_serving()
        mesh[2].start()
        eventually("it serves", lambda: not mesh.status()["halted"])
        assert reason(mesh[2].evaluate(grant["credential"], patience_ms=3000)) == "allow"


def test_operator_may_decide_not_to_wait():
    with Mesh(enforcers=2) as mesh:
        grant = mesh.grant()
        mesh[2].stop()
        quiet(mesh)
        path, _ = backup(mesh)
        mesh.ledger.kill()
        assert restore(mesh, path, "--without", "nobody", expect=4)
        restore(mesh, path, "--without", "enforcer-2")
        mesh.ledger.start(wait=False)
        mesh.ledger.wait_serving()
        eventually("it serves", lambda: not mesh.status()["halted"])
        eventually("ready", mesh[1].is_ready)
        assert reason(mesh[1].evaluate(grant["credential"], patience_ms=3000)) == "allow"


def test_way_out_without_a_newer_backup():
    """As the guide about operating has it, step by step."""
    with Mesh(enforcers=2) as mesh:
        kept, gone = mesh.grant("--budget", "calls=5"), mesh.grant()
        quiet(mesh)
        path, _ = backup(mesh)
        mesh.revoke("--grant", gone["grant_id"])
        restore_older(mesh, path)
        move_data_away(mesh)
        mesh.ledger.stop()
        restore(mesh, path, "--without", "enforcer-1", "--without", "enforcer-2")
        mesh.ledger.start()
        assert mesh.revoke("--grant", gone["grant_id"])["state"] == "CLOSED"
        for node in mesh.enforcers:
            node.start()
            assert reason(node.evaluate(gone["credential"], patience_ms=3000)) == "revoked"
            assert reason(node.evaluate(kept["credential"], amounts={"calls": 1}, patience_ms=3000)) == "allow"
        assert mesh.run("log verify").json["ok"]


def test_node_without_its_data_folder_has_no_word_to_give():
    """An empty folder may be a disk that was not mounted: only an operator can say that nothing is to be waited for."""
    with Mesh(enforcers=1) as mesh:
        grant = mesh.grant()
        quiet(mesh)
        path, _ = backup(mesh)
        mesh.revoke("--grant", grant["grant_id"])
        restore_older(mesh, path)
        move_data_away(mesh)
        mesh.ledger.stop()
        mesh.ledger.start()
        mesh[1].start(wait=False)
        for _ in range(20):
            eventually("its door is open", lambda: mesh[1].socket.exists())
            assert reason(mesh[1].evaluate(grant["credential"], patience_ms=100)) in {"stale_view", "no_view"}
        assert "enforcer-1" in mesh.status()["halted"]


@pytest.mark.parametrize("damage", ["flipped", "cut", "foreign", "running"])
def test_what_is_no_backup_of_this_log_is_refused(damage):
    with Mesh(enforcers=0) as mesh, Mesh(enforcers=0, mesh="other") as other:
        for _ in range(3):
            mesh.grant()
        path, _ = backup(other if damage == "foreign" else mesh)
        if damage != "running":
            mesh.ledger.stop()
        if damage == "flipped":
            content = bytearray(path.read_bytes())
            at = content.index(b"grt_")
            content[at] ^= 1
            path.write_bytes(content)
        elif damage == "cut":
            path.write_bytes(path.read_bytes()[: 4096 * 2])
        if damage == "foreign":
            # It is a sound log; whose it is, only the identity knows.
            restore(mesh, path)
            assert "mesh 'other'" in mesh.ledger.fails_to_start()
        else:
            assert restore(mesh, path, expect=1).error["message"]
            assert not (mesh.ledger.data / "restored.json").exists()
