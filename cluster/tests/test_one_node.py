"""One node's keys, and one agent's credential, against others' money: incarnations, debts, bounds of amounts, ids and holds."""

import concurrent.futures
import os
import time

import pytest

from harness import Mesh, eventually, question, reason
from peer import ACK, BUDGETS, DECISIONS, ECHO, RECEIPT, RESERVE, STATUS, SUBMIT, Peer, field, refusals, request, signed, signing_key
from test_budgets import Holds, call, shown

# Events' kinds, as in penstock.proto.
SPEND, CLOSED, BATCH, DEBT = 28, 29, 30, 34
LIMIT = 1 << 46


@pytest.fixture(scope="module")
def mesh():
    with Mesh(enforcers=2) as mesh:
        mesh.add_member("enforcer", "hostile")
        yield mesh


@pytest.fixture(scope="module")
def hostile(mesh):
    with Peer(mesh, "hostile") as peer:
        yield peer


def incarnation(node, grant):
    """Of a node, as whoever was given a permit sees it."""
    return bytes.fromhex(node.evaluate(grant["credential"])["context"]["decision_id"].split("-")[0])


def submit(mesh, number, kind, content):
    return request(number, SUBMIT, field(1, signed("hostile", signing_key(mesh, "hostile"), kind, content)))


def debt(incarnation, decision, grant, amount, unit="usd"):
    return field(1, incarnation) + field(2, decision) + field(3, grant["grant_id"]) + field(4, field(1, unit) + field(2, amount))


def test_an_incarnation_is_its_nodes_in_every_message(mesh, hostile):
    grant = mesh.grant("--budget", "usd=1000")
    mesh.wait_applied()
    assert call(mesh[1], grant, 1, "usd") == "allow"
    taken, use = incarnation(mesh[1], grant), field(1, 1)
    reserve = field(1, taken) + field(2, os.urandom(16)) + field(3, grant["grant_id"]) + field(4, "usd") + field(5, 1) + field(6, 1)
    batch = field(1, taken) + field(2, 1) + field(3, 1) + field(4, bytes(32))
    before = mesh.status()
    for restarted in (False, True):
        if restarted:
            # What the ledger knew of leases is gone; who owns an incarnation is in the log.
            mesh.ledger.stop()
            mesh.ledger.start()
        replies = hostile.ask_all([
            request(1, RESERVE, reserve), request(2, ECHO, field(1, taken) + field(2, 7)), request(3, ACK, field(1, taken) + field(6, 1)),
            submit(mesh, 4, DEBT, debt(taken, 9, grant, 1)), submit(mesh, 5, SPEND, field(1, taken) + field(2, use)),
            submit(mesh, 6, CLOSED, field(1, taken) + field(2, use)), submit(mesh, 7, CLOSED, field(1, taken) + field(4, 1)), submit(mesh, 8, BATCH, batch),
            request(9, DECISIONS, field(1, taken) + field(2, 1) + field(3, 1) + field(4, b"x") + field(5, b"y")),
        ])
        assert refusals(replies) == {"not_permitted": 9}
    after = mesh.status()
    assert after["counters"].get("refused_not_permitted", 0) >= 9
    own = {"debt_recorded", "spend_reported", "slice_closed", "slice_reserved"}
    assert not [row for row in mesh.log() if row["position"] > before["position"] and row["kind"] in own and row["origin"] == "hostile"]
    # It goes on as before, and its predecessor's slices are closed at once.
    eventually("it is served again", lambda: call(mesh[1], grant, 1, "usd") == "allow")
    mesh[1].kill()
    mesh[1].start()
    eventually("nothing of the predecessor's is open", lambda: shown(mesh, grant["grant_id"])["settled"] == 2, timeout=10)


def test_only_operators_auditors_and_the_node_itself_are_told_an_incarnation(mesh, hostile):
    mesh.add_member("auditor", "watcher")
    grant = mesh.grant("--budget", "usd=100")
    mesh.wait_applied()
    assert call(mesh[1], grant, 1, "usd") == "allow"
    name = incarnation(mesh[1], grant)
    revoke = mesh.revoke("--run", "nobody")
    messages = [
        request(1, STATUS, b""), request(2, RECEIPT, field(1, revoke["position"])), request(3, BUDGETS, field(1, grant["grant_id"])),
        request(4, BUDGETS, field(2, "enforcer-1")),
    ]
    for role, told in (("hostile", False), ("issuer", False), ("watcher", True), ("operator", True), ("enforcer-1", True)):
        with Peer(mesh, role) as peer:
            for message in messages:
                reply = peer.ask(message)
                body = b"".join(value for number, value in reply.items() if isinstance(value, bytes))
                assert (name in body) == told, (role, message)


def test_a_debt_told_ahead_swallows_nothing(mesh, hostile):
    grant = mesh.grant("--budget", "usd=10000")
    mesh.wait_applied()
    permit = Holds(mesh[1], grant).hold(amounts={"usd": 5})
    name, number = permit.split("-")[:2]
    ahead = [submit(mesh, n, DEBT, debt(bytes.fromhex(name), n, grant, 1)) for n in range(int(number), int(number) + 5)]
    assert refusals(hostile.ask_all(ahead)) == {"not_permitted": 5}
    assert Holds(mesh[1], grant).settle(permit, usd=9000)[0] == 204
    eventually("all of it is charged", lambda: (row := shown(mesh, grant["grant_id"]))["settled"] == 9000 and len(row["open_debts"]) == 1)
    assert call(mesh[1], grant, 1, "usd") == "budget_frozen"
    eventually("everywhere", lambda: call(mesh[2], grant, 1, "usd") == "budget_frozen")


def test_a_call_id_outlives_a_restart(mesh):
    """Stopped or killed, once and again; a call under way when it was killed is charged."""
    grant = mesh.grant("--budget", "usd=100")
    mesh.wait_applied()
    node = mesh[2]
    assert call(node, grant, 1, "usd", call_id="once") == "allow"
    assert isinstance(Holds(node, grant).hold(amounts={"usd": 5}, call_id="open"), str)
    for end in (node.kill, node.stop):
        end()
        node.start()
        node.wait_ready()
        for name in ("once", "open"):
            answer = eventually("followed", lambda: (heard := call(node, grant, 1, "usd", call_id=name)) not in ("no_view", "stale_view", "unknown_credential") and heard)
            assert answer == "already_settled"
    assert call(node, grant, 1, "usd", call_id="another") == "allow"
    eventually("charged once", lambda: shown(mesh, grant["grant_id"])["settled"] == 7)


@pytest.mark.parametrize("amount", [LIMIT + 1, LIMIT + 2, 1 << 62, (1 << 63) - 1])
def test_a_settlement_that_no_budget_can_be_charged_with_is_refused(mesh, amount):
    grant = mesh.grant("--budget", "usd=1000")
    mesh.wait_applied()
    holds = Holds(mesh[1], grant)
    permit = holds.hold(amounts={"usd": 2})
    status, problem = holds.settle(permit, usd=amount)
    assert (status, "the hold stands" in problem["detail"]) == (400, True)
    assert call(mesh[1], grant, amount, "usd") == "amount_over_limit"
    assert holds.settle(permit, usd=LIMIT)[0] == 204
    eventually("it is charged", lambda: shown(mesh, grant["grant_id"])["settled"] == LIMIT)
    for node in mesh.enforcers:
        eventually("frozen", lambda: call(node, grant, 1, "usd") == "budget_frozen")
        assert reason(node.evaluate(grant["credential"])) == "budget_frozen", "whatever it asks for"


def test_an_amount_of_nothing_passes_no_spent_and_no_frozen_budget(mesh):
    grant = mesh.grant("--budget", "usd=10")
    mesh.wait_applied()
    holds = Holds(mesh[1], grant)
    unnamed = holds.hold()
    assert call(mesh[1], grant, 10, "usd") == "allow"
    for node in mesh.enforcers:
        for _ in range(5):
            assert Holds(node, grant).hold(amounts={"usd": 0}) in ("budget_exhausted", "budget_held_elsewhere")
    # A unit that was not held can still be owed, once: the debt freezes the grant.
    assert holds.settle(unnamed, usd=500)[0] == 204
    assert [holds.hold(amounts={"usd": 0}), holds.hold(), call(mesh[1], grant, 1, "usd")] == ["budget_frozen"] * 3
    eventually("everywhere", lambda: Holds(mesh[2], grant).hold() == "budget_frozen")
    row = eventually("charged", lambda: (row := shown(mesh, grant["grant_id"]))["settled"] == 510 and row)
    assert (row["debt"], len(row["open_debts"])) == (500, 1)
    # A node that starts anew, from a snapshot, freezes it as well.
    mesh[2].stop()
    mesh[2].start()
    assert reason(mesh[2].evaluate(grant["credential"])) == "budget_frozen"
    mesh.run("budget accept-debt", *row["open_debts"], "--reason", "seen")
    mesh.wait_applied()
    assert [reason(node.evaluate(grant["credential"])) for node in mesh.enforcers] == ["allow"] * 2
    assert call(mesh[1], grant, 1, "usd") == "budget_exhausted"


def test_a_grants_holds_and_ids_have_their_share(mesh):
    grant, other = mesh.grant(), mesh.grant()
    mesh.wait_applied()
    holds, before = Holds(mesh[1], grant), mesh[1].metrics().get("penstock_calls_held", 0)
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        permits = list(pool.map(lambda number: holds.hold(call_id=f"call-{number}"), range(1100)))
    assert permits.count("busy") == 1100 - 1024
    assert mesh[1].metrics()["penstock_calls_held"] == before + 1024
    assert reason(mesh[1].evaluate(grant["credential"])) == "allow", "one that holds nothing"
    assert Holds(mesh[1], other).hold() != "busy", "others go on"
    answer = holds.ask("/v1/holds", question(grant["credential"]))[1]
    assert answer["context"]["retry_after_ms"] > 0
    first = next(permit for permit in permits if permit != "busy")
    assert holds.release(first)[0] == 204
    assert holds.hold() != "busy"
    assert mesh[1].metrics()['penstock_decisions_total{decision="deny",reason="busy"}'] >= 77
    status, problem = holds.ask("/v1/holds", question(grant["credential"], call_id="i" * 257))
    assert status == 400 and "call_id" in problem["detail"]
    started = time.monotonic()
    receipt = mesh.revoke("--grant", grant["grant_id"])
    assert receipt["state"] == "CLOSED" and time.monotonic() - started < 5
