"""Nodes that do not answer: a revoke waits until they can only deny, and they never allow again by mistake.

The meshes here have a staleness of 2 s: with 2 cores that other work shares, a running node must not lose its lease.
"""

import shutil
import time

from harness import Mesh, Prober, eventually, penstock

BOUND = 2.0 * 1.001 + 0.05


def by_node(revoked):
    return {node["node"]: node for node in revoked["nodes"]}


def test_a_stopped_node_is_fenced_and_never_allows_again():
    with Mesh(max_staleness="2s", enforcers=2) as mesh:
        grant, other = mesh.grant(), mesh.grant()
        mesh.wait_applied()
        with Prober(mesh[1], grant["credential"]) as old, Prober(mesh[1], grant["credential"], pause=0) as second, Prober(mesh[1], other["credential"]) as live:
            eventually("allows", lambda: "allow" in old.heard() and "allow" in second.heard() and "allow" in live.heard())
            mesh[1].pause()
            paused = time.monotonic()
            # A call that arrives while the node cannot run is answered when it can again.
            with Prober(mesh[1], grant["credential"]) as queued, Prober(mesh[1], other["credential"]) as queued_live:
                revoked = mesh.revoke("--run", grant["run_id"])
                closed = time.monotonic()
                nodes = by_node(revoked)
                assert revoked["state"] == "CLOSED"
                assert (nodes["enforcer-1"]["state"], nodes["enforcer-2"]["state"]) == ("fenced", "enforced")
                # The last echo was at most a quarter of the staleness before it was stopped.
                assert 0.5 * BOUND < closed - paused < BOUND + 1.5
                assert revoked["bound_ms"] == 2052
                # It wakes while the ledger cannot answer, so that nothing makes it fresh before it decides.
                mesh.ledger.pause()
                resumed = time.monotonic()
                mesh[1].resume()
                eventually("stale", lambda: "stale_view" in live.heard(since=resumed))
                assert not {"allow"} & (old.heard(since=resumed) | live.heard(since=resumed))
                mesh.ledger.resume()
                mesh[1].wait_ready()
                eventually("fresh again", lambda: "allow" in live.heard(since=resumed))
                eventually("revoked there", lambda: "revoked" in old.heard(since=resumed))
                time.sleep(0.5)
        for prober in (old, second, queued):
            assert prober.allows_asked_after(paused) == []
        late = set().union(*(prober.heard(since=paused) for prober in (old, second, queued)))
        assert "revoked" in late and late <= {"revoked", "stale_view", "no_view"}, late
        assert queued_live.answers[0][2] == "stale_view", queued_live.answers[:3]


def test_partial_names_the_pending_node_and_is_closed_later():
    with Mesh(max_staleness="2s", enforcers=2) as mesh:
        mesh[2].pause()
        begun = time.monotonic()
        partial = mesh.revoke("--agent", "a", "--timeout", "200ms", expect=5)
        assert time.monotonic() - begun < 1.5
        nodes = by_node(partial)
        assert partial["state"] == "PARTIAL"
        assert (nodes["enforcer-1"]["state"], nodes["enforcer-2"]["state"]) == ("enforced", "pending")
        assert 0 < nodes["enforcer-2"]["fenced_by"] <= 2052
        assert [row["position"] for row in mesh.status()["barriers"]] == [partial["position"]]

        def shown():
            return mesh.run("receipt show", partial["position"]).json
        assert shown()["barrier"]["state"] == "PARTIAL"
        receipt = eventually("closed", lambda: (found := shown())["barrier"]["state"] == "CLOSED" and found)
        assert BOUND / 2 < time.monotonic() - begun < BOUND + 3
        assert by_node(receipt["barrier"])["enforcer-2"]["state"] == "fenced"
        assert mesh.status()["barriers"] == []
        mesh[2].resume()
        mesh[2].wait_ready()


def test_a_killed_node_is_waited_for_and_a_stopped_one_is_not():
    with Mesh(max_staleness="2s", enforcers=2) as mesh:
        mesh[1].kill()
        revoked = mesh.revoke("--agent", "a")
        assert by_node(revoked)["enforcer-1"]["state"] == "fenced" and revoked["elapsed_ms"] > 1000
        mesh[2].stop()
        revoked = mesh.revoke("--agent", "b")
        assert revoked["state"] == "CLOSED" and revoked["elapsed_ms"] < 500


def test_two_processes_under_one_name_are_both_waited_for():
    with Mesh(max_staleness="2s", enforcers=1) as mesh:
        twin_folder = mesh.dir / "twin"
        twin_folder.mkdir()
        for name in ("member.json", "signing.key", "channel.key"):
            shutil.copy2(mesh[1].folder / name, twin_folder / name)
        twin = mesh.node("twin").start()
        incarnations = {row["incarnation"] for row in mesh.status()["nodes"] if row["node"] == "enforcer-1"}
        assert len(incarnations) == 2
        grant = mesh.grant()
        mesh.wait_applied()
        with Prober(twin, grant["credential"]) as prober:
            eventually("allows", lambda: "allow" in prober.heard())
            twin.pause()
            paused = time.monotonic()
            revoked = mesh.revoke("--run", grant["run_id"])
            elapsed = time.monotonic() - paused
            assert revoked["state"] == "CLOSED"
            assert sorted(node["state"] for node in revoked["nodes"]) == ["enforced", "fenced"]
            assert {node["incarnation"] for node in revoked["nodes"]} == incarnations
            assert {node["node"] for node in revoked["nodes"]} == {"enforcer-1"}
            assert elapsed > BOUND / 2
            twin.resume()
            eventually("revoked there", lambda: "revoked" in prober.heard(since=paused))
        assert prober.allows_asked_after(paused) == []


def test_a_ledger_that_has_just_started_counts_leases_it_did_not_give():
    with Mesh(max_staleness="2s", enforcers=1) as mesh:
        grant = mesh.grant()
        mesh.wait_applied()
        with Prober(mesh[1], grant["credential"]) as prober:
            eventually("allows", lambda: "allow" in prober.heard())
            mesh[1].pause()
            mesh.ledger.kill()
            mesh.ledger.start()
            paused = time.monotonic()
            revoked = mesh.revoke("--run", grant["run_id"])
            assert revoked["state"] == "CLOSED"
            assert [(node["node"], node["state"]) for node in revoked["nodes"]] == [("enforcer-1", "fenced")]
            mesh[1].resume()
            eventually("revoked there", lambda: "revoked" in prober.heard(since=paused))
        assert prober.allows_asked_after(paused) == []


def test_while_the_ledger_is_away_leases_run_out_and_come_back():
    with Mesh(max_staleness="2s", enforcers=2) as mesh:
        grant = mesh.grant()
        mesh.wait_applied()
        with Prober(mesh[1], grant["credential"]) as prober:
            mesh.ledger.kill()
            killed = time.monotonic()
            eventually("stale", lambda: "stale_view" in prober.heard(since=killed))
            stale = time.monotonic()
            time.sleep(0.5)
            assert prober.allows_asked_after(max(stale, killed + BOUND)) == []
            result = mesh.run("revoke", "--agent", "x", expect=2, timeout=30)
            assert result.error["code"] == "unreachable"
            mesh.ledger.start()
            back = time.monotonic()
            eventually("fresh again", lambda: "allow" in prober.heard(since=back), timeout=10)
