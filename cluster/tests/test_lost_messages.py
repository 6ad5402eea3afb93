"""Publications that never arrive: what is missing is fetched, and revokes still reach the node."""

import json
import threading
import time

import pytest

from harness import Mesh, Prober, eventually, reason
from relay import Relay


@pytest.fixture
def lossy():
    """A mesh of two enforcers; the first one hears both publishers through relays."""
    with Mesh(max_staleness="2s", enforcers=2) as mesh:
        mesh[1].stop()
        path = mesh[1].folder / "member.json"
        member = json.loads(path.read_text())
        relays = []
        for lane in ("log", "urgent"):
            host, port = member["ledger"][lane].removeprefix("tcp://").split(":")
            relays.append(Relay((host, int(port))))
            member["ledger"][lane] = f"tcp://127.0.0.1:{relays[-1].port}"
        path.write_text(json.dumps(member))
        mesh[1].start()
        yield mesh, relays
        for relay in relays:
            relay.close()


def everything_reaches(mesh):
    """Grants and a revoke arrive in good time at every node, by whatever way."""
    for _ in range(3):
        grant = mesh.grant()
        mesh.wait_applied(grant["position"])
        assert reason(mesh[1].evaluate(grant["credential"], at_least=grant["position"])) == "allow"
        revoked = mesh.revoke("--run", grant["run_id"])
        assert revoked["state"] == "CLOSED"
        # Its incarnation of before the relays has ended, and is listed as fenced.
        assert [node["node"] for node in revoked["nodes"] if node["state"] == "enforced"] == ["enforcer-1", "enforcer-2"], revoked
        assert reason(mesh[1].evaluate(grant["credential"])) == "revoked"


def test_passing(lossy):
    everything_reaches(lossy[0])


@pytest.mark.parametrize("mode", ["stall", "refuse"])
def test_nothing_comes_through(lossy, mode):
    mesh, relays = lossy
    live = mesh.grant()
    mesh.wait_applied()
    for relay in relays:
        relay.mode = mode
        if mode == "refuse":
            relay.cut()
    with Prober(mesh[1], live["credential"]) as prober:
        everything_reaches(mesh)
        eventually("probes", lambda: len(prober.answers) > 50)
    assert prober.heard() == {"allow"}, "the node did not stay fresh"
    if mode == "stall":
        assert relays[0].swallowed > 0 and relays[1].swallowed > 0
    for relay in relays:
        relay.mode = "pass"
        relay.cut()
    everything_reaches(mesh)


def test_only_the_urgent_lane_is_lost(lossy):
    mesh, (_, urgent) = lossy
    urgent.mode = "stall"
    everything_reaches(mesh)


def test_only_the_log_is_lost(lossy):
    mesh, (log, _) = lossy
    log.mode = "stall"
    everything_reaches(mesh)


def test_connections_that_flap(lossy):
    mesh, relays = lossy
    live = mesh.grant()
    mesh.wait_applied()
    stop = threading.Event()

    def flap():
        while not stop.wait(0.15):
            for relay in relays:
                relay.cut()
    thread = threading.Thread(target=flap)
    thread.start()
    try:
        with Prober(mesh[1], live["credential"]) as prober:
            begun = time.monotonic()
            while time.monotonic() - begun < 5:
                everything_reaches(mesh)
        assert prober.heard() == {"allow"}
    finally:
        stop.set()
        thread.join()
    assert mesh.run("log verify").json["ok"]
