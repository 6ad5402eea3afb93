"""What a journal proves of money that was not spent: nothing, where another process may have had the files."""

import os
import shutil

import pytest

from harness import Mesh, eventually, reason


@pytest.fixture
def mesh():
    with Mesh(max_staleness="1s", enforcers=0) as mesh:
        mesh.join("enforcer-1").start()
        mesh.run("budget create", "team", "--unit", "calls", "--ceiling", "2000")
        yield mesh


def linked(folder, to):
    """As `cp -al` does, without the lock's file: whoever means harm removes that."""
    shutil.copytree(folder, to, copy_function=os.link, ignore=shutil.ignore_patterns("lock"))


def spent(mesh, grant, node, calls=50):
    return sum(reason(node.evaluate(grant["credential"], amounts={"calls": 1}, patience_ms=3000)) == "allow" for _ in range(calls))


def test_a_second_process_on_links_to_the_journal_is_refused(mesh):
    node = mesh[1]
    grant = mesh.grant("--draw", "team")
    mesh.wait_applied()
    assert spent(mesh, grant, node) == 50
    second = node.folder.parent / "second"
    shutil.copytree(node.folder, second, ignore=shutil.ignore_patterns("data", "*.sock"))
    linked(node.data, second / "data")
    other = mesh.node("second")
    assert "another process uses this journal" in other.fails_to_start()
    assert spent(mesh, grant, node) == 50


def test_a_linked_journal_is_charged_in_full(mesh):
    node = mesh[1]
    grant = mesh.grant("--draw", "team")
    mesh.wait_applied()
    assert spent(mesh, grant, node) == 50
    node.kill()
    aside = node.folder / "aside"
    os.rename(node.data, aside)
    linked(aside, node.data)
    node.start()

    def shown():
        (row,) = mesh.run("budget show", "team").json
        return row
    # More than the 50 that were spent: whatever was in a slice counts as spent.
    row = eventually("what was out is charged", lambda: (row := shown())["settled"] > 50 and row["out"] == 0 and row, timeout=30)
    assert row["settled"] + row["unallocated"] == 2000


@pytest.mark.parametrize("is_shipped", [True, False])
def test_an_older_journal_put_back_in_place_is_charged_in_full(mesh, is_shipped):
    node = mesh[1]
    grant = mesh.grant("--draw", "team")
    mesh.wait_applied()
    assert spent(mesh, grant, node) == 50
    files = sorted((node.data / "journal").glob("*.journal"))
    older = {file: file.read_bytes() for file in files}
    # What follows lies in slices that the node has already: no new segment, no word of the ledger tells of it.
    assert spent(mesh, grant, node, calls=3) == 3
    if is_shipped:
        eventually("shipped", lambda: len(mesh.run("audit", "--decision", "allow", "--limit", "1000").json) == 53)
    node.kill()
    for file, text in older.items():
        with open(file, "r+b") as opened:
            opened.write(text)
    node.start()

    def shown():
        (row,) = mesh.run("budget show", "team").json
        return row
    row = eventually("what was out is charged", lambda: (row := shown())["settled"] > 53 and row["out"] == 0 and row, timeout=30)
    assert row["settled"] + row["unallocated"] == 2000


def test_what_follows_a_lost_journal_is_shipped(mesh):
    node = mesh[1]
    grant = mesh.grant()
    mesh.wait_applied()

    def shipped():
        return len(mesh.run("audit", "--decision", "allow", "--grant", grant["grant_id"], "--limit", "1000").json)
    for _ in range(20):
        assert reason(node.evaluate(grant["credential"])) == "allow"
    eventually("shipped", lambda: shipped() == 20)
    node.kill()
    shutil.move(node.data / "journal", node.data / "journal.lost")
    node.start()
    for _ in range(3):
        assert reason(node.evaluate(grant["credential"])) == "allow"
    eventually("shipped from where it goes on", lambda: shipped() == 23, timeout=30)


def test_a_killed_node_proves_what_it_did_not_spend(mesh):
    node = mesh[1]
    grant = mesh.grant("--draw", "team")
    mesh.wait_applied()
    assert spent(mesh, grant, node) == 50
    node.kill()
    node.start()
    eventually("given back", lambda: (row := mesh.run("budget show", "team").json[0])["settled"] == 50 and row["out"] == 0, timeout=30)
