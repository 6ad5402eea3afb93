"""Floods, replays and half-open connections against live sockets, while honest nodes keep deciding."""

import contextlib
import hashlib
import itertools
import json
import os
import random
import resource
import shutil
import socket
import threading
import time
import uuid

import pytest
import zmq

from harness import Mesh, Prober, eventually, penstock, reason
from peer import DECISIONS, FETCH, GREETING, STATUS, SUBMIT, Peer, field, parsed, refusals, request, revoke_all, signed, signing_key
from raw_curve import MORE, RawPeer


@pytest.fixture(scope="module")
def mesh():
    # A lease of 2 s: with two processors, what sends the flood takes them from whom it is sent to.
    with Mesh(max_staleness="2s", enforcers=2) as mesh:
        for name in ("auditor", "issuer"):
            mesh.add_member(name, f"a-{name}")
        yield mesh


def memory(mesh):
    """Of the ledger, in MB."""
    return next(int(line.split()[1]) / 1024 for line in open(f"/proc/{mesh.ledger.pid}/status") if line.startswith("VmRSS"))


class Flood:
    """What honest nodes did during it: two probers each, and an operator who revokes in the middle of it."""

    def __init__(self, mesh):
        self.mesh = mesh
        agent = f"doomed-{uuid.uuid4().hex[:8]}"
        grant, doomed = mesh.grant(), mesh.grant(agent=agent)
        mesh.wait_applied()
        self.honest = [Prober(node, grant["credential"], pause=0.01) for node in mesh.enforcers]
        self.doomed = [Prober(node, doomed["credential"], pause=0.01) for node in mesh.enforcers]
        self.before = mesh.status()
        self.revoked = threading.Event()
        self._operator = threading.Thread(target=self._revoke, args=(agent,))

    def _revoke(self, agent):
        time.sleep(0.3)
        with contextlib.suppress(AssertionError):
            self.receipt = self.mesh.revoke("--agent", agent, "--timeout", "10s")
        self.revoked_at = time.monotonic()
        self.revoked.set()

    @property
    def goes_on(self):
        """A flood that is over before the revoke would test nothing."""
        return not self.revoked.is_set()

    def __enter__(self):
        self._stack = contextlib.ExitStack()
        for prober in self.honest + self.doomed:
            self._stack.enter_context(prober)
        eventually("honest calls", lambda: all(prober.answers for prober in self.honest + self.doomed))
        self._operator.start()
        return self

    def __exit__(self, kind, *_):
        ended = time.monotonic()
        self._operator.join(60)
        with self._stack:
            if kind:
                return
            for node in self.mesh.enforcers:
                eventually(f"{node.name} fresh", node.is_ready, timeout=2)
            eventually("calls afterwards", lambda: all(prober.answers[-1][0] > ended for prober in self.honest + self.doomed))
        self._judge(ended)

    def _judge(self, ended):
        receipt = self.receipt
        assert receipt["state"] == "CLOSED" and receipt["elapsed_ms"] <= receipt["bound_ms"], receipt
        assert self.revoked_at < ended, "the flood was over before the revoke had closed"
        for prober in self.doomed:
            assert "allow" in prober.heard(until=self.revoked_at)
            assert not prober.allows_asked_after(self.revoked_at) and "revoked" in prober.heard(since=self.revoked_at)
        answers = [answer for prober in self.honest for answer in prober.answers]
        denied = [answer[2] for answer in answers if answer[2] != "allow"]
        assert set(denied) <= {"stale_view"}, set(denied)
        assert len(denied) <= 0.05 * len(answers), f"{len(denied)} of {len(answers)} calls were denied"
        assert {prober.answers[-1][2] for prober in self.honest} == {"allow"}
        after = self.mesh.status()
        assert after["halted"] == "" and self.mesh.ledger.is_running
        self.counted = {name: count - self.before["counters"].get(name, 0) for name, count in after["counters"].items()}
        # Enforcers report the honest calls' decisions; nobody else has done anything but revoke.
        gained = [row for row in self.mesh.log() if row["position"] > self.before["position"] and row["kind"] != "decision_batch"]
        assert [(row["kind"], row["origin"], row["position"]) for row in gained] == [("restricted", "operator", receipt["position"])], gained
        slowest = max(heard - asked for asked, heard, _ in answers) * 1000
        print(f"\n{len(answers)} honest calls, {len(denied)} stale, slowest {slowest:.0f} ms; revoke closed in {receipt['elapsed_ms']:.0f} ms "
              f"of {receipt['bound_ms']}; counted {({name: count for name, count in self.counted.items() if count})}")


def test_half_open_connections_in_numbers(mesh):
    """More than a process may have descriptors by default: some say nothing, some drip, some end within a frame."""
    noise = random.Random(1)
    resource.prlimit(mesh.ledger.pid, resource.RLIMIT_NOFILE, (1024, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    with Flood(mesh) as flood, contextlib.ExitStack() as stack:
        peers = []
        for number in range(300):
            for port in range(mesh.port, mesh.port + 4):
                peer = stack.enter_context(socket.socket())
                peer.setblocking(False)
                with contextlib.suppress(BlockingIOError):
                    peer.connect(("127.0.0.1", port))
                peers.append(peer)
        for drip in itertools.count():
            if drip > 20 and not flood.goes_on:
                break
            for number, peer in enumerate(peers):
                # A third stay silent; the others say their greeting byte by byte, or noise behind a whole one.
                data = (b"", (GREETING + b"\x04\x26")[drip:drip + 1], (GREETING if drip == 0 else b"") + noise.randbytes(40))[number % 3]
                with contextlib.suppress(OSError):
                    peer.send(data)
            time.sleep(0.05)
        # A newcomer gets through while they are held.
        assert mesh.run("status", timeout=30).json["mesh"] == "penstock"


def test_strangers_with_keys_of_their_own(mesh):
    """Whole CURVE handshakes with keys that nobody knows, again and again, and strangers' floods at the join port."""
    stop = threading.Event()

    def knock():
        while not stop.is_set():
            with contextlib.ExitStack() as stack:
                for port in (mesh.port, mesh.port + 1, mesh.port + 2):
                    for _ in range(10):
                        peer = stack.enter_context(Peer(mesh, port=port)).socket
                        with contextlib.suppress(zmq.Again):
                            peer.send(request(1, STATUS, b"") if port == mesh.port else b"", zmq.DONTWAIT)
                for _ in range(10):
                    peer = stack.enter_context(Peer(mesh, port=mesh.port + 3)).socket
                    for size in (0, 10, 200, 4096, 4097, 70_000, 1 << 21):
                        with contextlib.suppress(zmq.Again):
                            peer.send(os.urandom(size), zmq.DONTWAIT)
                    with contextlib.suppress(zmq.Again):
                        peer.send_multipart([b"a", b"b", b"c"], zmq.DONTWAIT)
                stop.wait(0.5)
    with Flood(mesh) as flood:
        thread = threading.Thread(target=knock)
        thread.start()
        try:
            time.sleep(4)
            flood.revoked.wait(20)
        finally:
            stop.set()
            thread.join(30)
    assert flood.counted.get("refused_join_malformed", 0) > 0, flood.counted
    # Once they are gone, or have spent their second's attempts, somebody with a token joins.
    mesh.add_member("auditor", "after-the-flood")


def test_twenty_thousand_requests_that_the_role_forbids(mesh):
    with Flood(mesh) as flood, Peer(mesh, "a-auditor") as peer:
        key = signing_key(mesh, "a-auditor")
        events = [revoke_all("a-auditor", key) for _ in range(100)]
        codes = refusals(peer.ask_all([request(number, SUBMIT, field(1, events[number % 100])) for number in range(20_000)]))
    assert set(codes) <= {"not_permitted", "busy"} and sum(codes.values()) == 20_000, codes
    assert codes["not_permitted"] > 1000
    assert flood.counted["refused_not_permitted"] == codes["not_permitted"], (flood.counted, codes)
    assert flood.counted.get("refused_busy", 0) == codes.get("busy", 0)


def test_decisions_beside_an_event_that_is_not_theirs(mesh):
    """What seals a batch says which records these are: no other event goes with it, and none of other bytes."""
    mesh.add_member("enforcer", "a-enforcer")
    key, incarnation, records, before = signing_key(mesh, "a-enforcer"), os.urandom(16), b"\x01\0\0\0x", mesh.head()

    def shipped(number, event):
        return request(number, DECISIONS, field(1, incarnation) + field(2, 1) + field(3, 1) + field(4, records) + (field(5, event) if event else b""))

    def seal(digest, first=1):
        return signed("a-enforcer", key, 30, field(1, incarnation) + field(2, first) + field(3, 1) + field(4, digest))
    digest = hashlib.sha256(records).digest()
    wrong = [seal(os.urandom(32)), seal(digest, first=2), revoke_all("a-enforcer", key), b"x", b""]
    with Peer(mesh, "a-enforcer") as peer:
        assert refusals(peer.ask_all([shipped(number, event) for number, event in enumerate(wrong, 1)])) == {"malformed": len(wrong)}
        assert "a-enforcer" not in {row["origin"] for row in mesh.log() if row["position"] > before}
        assert refusals(peer.ask_all([shipped(9, seal(digest))])) == {"taken": 1}
    assert [row["kind"] for row in mesh.log() if row["position"] > before and row["origin"] == "a-enforcer"] == ["decision_batch"]


def test_an_event_that_says_more_than_is_read(mesh):
    """What this version cannot read nobody decides on, and it would fill the log."""
    key, before, junk = signing_key(mesh, "operator"), mesh.head(), field(2000, os.urandom(40_000))
    content = field(1, "padded") + field(2, "calls") + field(3, 10)
    events = [signed("operator", key, 26, content + junk), signed("operator", key, 26, content) + junk, signed("operator", key, 26, content + field(3, 10))]
    with Peer(mesh, "operator") as peer:
        assert refusals(peer.ask_all([request(number, SUBMIT, field(1, event)) for number, event in enumerate(events, 1)])) == {"malformed": 3}
        assert "budget_created" not in {row["kind"] for row in mesh.log() if row["position"] > before}
        assert refusals(peer.ask_all([request(9, SUBMIT, field(1, signed("operator", key, 26, content)))])) == {"taken": 1}


def test_garbage_from_a_member(mesh):
    """A member's channel is open to it, so its bytes reach the decoder."""
    noise = random.Random(2)
    whole = request(7, SUBMIT, field(1, revoke_all("a-issuer", signing_key(mesh, "a-issuer"))))
    messages = []
    for number in range(5000):
        spoilt = bytearray(whole)
        for _ in range(noise.randint(1, 3)):
            spoilt[noise.randrange(len(spoilt))] = noise.randrange(256)
        messages.append(bytes(spoilt[:noise.randint(0, len(spoilt))]) if number % 2 else bytes(spoilt))
    with Flood(mesh) as flood, Peer(mesh, "a-issuer") as peer:
        codes = refusals(peer.ask_all(messages))
        while flood.goes_on:
            peer.ask_all(messages)
    assert codes.get("malformed", 0) > 1000 and flood.counted["refused_malformed"] > 0, codes
    # Spoilt kinds may be questions that an issuer may ask; none is an event.


def test_what_a_subscriber_sends_is_bounded(mesh):
    """A ZeroMQ publisher would keep each filter that a peer subscribes to, and do so within its own calls."""
    noise = random.Random(4)
    refused = RawPeer(mesh, "a-auditor", port=mesh.port + 1, kind="SUB").greet()
    refused.socket.sendall(refused.initiate())
    with pytest.raises(ConnectionError):
        refused.receive()
    peers = [RawPeer(mesh, "a-auditor", port=mesh.port + lane).connect() for lane in (1, 2)]
    # Made before, as a faster attacker would: topics, subscriptions, and messages of many parts.
    sent = [b"".join(
        peer.sealed(b"\x01" + noise.randbytes(250)) + peer.sealed(b"") + peer.sealed(b"x", MORE) + peer.sealed(b"y") for _ in range(20_000))
        for peer in peers]
    before = memory(mesh)
    with Flood(mesh) as flood, contextlib.ExitStack() as stack:
        for peer, data in zip(peers, sent):
            stack.enter_context(peer)
            # Whoever sends much faster than is taken is cut, or cannot send the rest.
            with contextlib.suppress(ConnectionError, TimeoutError):
                peer.socket.sendall(data)
        flood.revoked.wait(20)
    # Whoever is cut before a thousand were taken has not sent them.
    eventually("counted", lambda: (now := mesh.status()["counters"])["malformed_frames"] >= 1000 or now["connections_cut"] >= 1)
    assert memory(mesh) - before < 60, f"{before} MB, then {memory(mesh)} MB"


@pytest.mark.parametrize("port,name,kilobytes", [(0, "a-auditor", 900), (1, "a-auditor", 0.5), (3, None, 8)], ids=["requests", "publications", "join"])
def test_a_message_without_an_end_is_bounded(mesh, port, name, kilobytes):
    """Parts that are never the last: to libzmq they are no message yet, and no high-water mark counts them."""
    before, sent, part = memory(mesh), 0, os.urandom(int(1000 * kilobytes))
    with Flood(mesh) as flood:
        until = time.monotonic() + 3
        peer = RawPeer(mesh, name, port=mesh.port + port).connect()
        while time.monotonic() < until or flood.goes_on:
            try:
                peer.socket.sendall(peer.sealed(part, MORE))
                sent += len(part)
                assert memory(mesh) - before < 300, f"{before} MB, then {memory(mesh)} MB after {sent >> 20} MB of parts"
            except ConnectionError:
                peer.socket.close()
                peer = RawPeer(mesh, name, port=mesh.port + port).connect()
        peer.socket.close()
    assert flood.counted["connections_cut"] >= 1, (sent, flood.counted)
    eventually("its memory is given back", lambda: memory(mesh) - before < 100, timeout=10)


def test_answers_that_are_read_a_little_at_a_time(mesh):
    """The kernel closes a connection that takes nothing; one that takes a little keeps all that it asks for in memory."""
    for number in range(60):
        mesh.grant(*[part for key in "abcd" for part in ("--when", f"{key} == {'p' * 250}")], agent=f"fill-{number}")
    before = memory(mesh)
    with Flood(mesh) as flood:
        until = time.monotonic() + 6
        peer = RawPeer(mesh, "a-auditor").connect()
        while time.monotonic() < until or flood.goes_on:
            try:
                # As many as may wait at once.
                peer.socket.sendall(b"".join(peer.sealed(request(number, FETCH, field(1, 1))) for number in range(1, 30)))
                peer.socket.recv(4096)
                time.sleep(0.01)
                assert memory(mesh) - before < 200, f"{before} MB, then {memory(mesh)} MB"
            except ConnectionError:
                peer.socket.close()
                peer = RawPeer(mesh, "a-auditor").connect()
        peer.socket.close()
    assert flood.counted["connections_cut"] >= 1, flood.counted


def test_connections_of_one_key_are_bounded(mesh):
    """The oldest go, and those that never say anything; libzmq bounds neither."""
    with Flood(mesh) as flood, contextlib.ExitStack() as stack:
        until = time.monotonic() + 14
        silent = [stack.enter_context(RawPeer(mesh, "a-issuer", port=mesh.port + lane).connect()) for lane in (0, 1, 2)]
        for _ in range(10):
            # What one has said is not counted for the next, which has its descriptor.
            with RawPeer(mesh, "a-issuer").connect() as peer:
                peer.socket.sendall(peer.sealed(request(1, STATUS, b"")))
                peer.receive()
            silent.append(stack.enter_context(RawPeer(mesh, "a-issuer").connect()))
        peers = []
        for _ in range(150):
            # So many handshakes of one key are put off as well.
            with contextlib.suppress(ConnectionError):
                peers.append(stack.enter_context(RawPeer(mesh, "a-auditor").connect()))
                peers[-1].socket.sendall(peers[-1].sealed(request(1, STATUS, b"")))
        # Answered before it is too many, or cut; it takes a moment.
        while time.monotonic() < until or flood.goes_on:
            time.sleep(0.1)

        def is_open(peer):
            peer.socket.setblocking(False)
            try:
                while peer.socket.recv(65536):
                    pass
                return False
            except BlockingIOError:
                return True
            except ConnectionError:
                return False
        eventually("the silent are cut", lambda: not any(map(is_open, silent)), timeout=20)
        assert len(peers) > 80 and 32 <= sum(map(is_open, peers)) <= 64
    assert flood.counted["connections_cut"] >= len(peers) - 64, flood.counted


def test_a_valid_request_replayed(mesh):
    """From its own channel it is the same event, from others' it is nothing, and as recorded bytes it is no connection."""
    key = signing_key(mesh, "operator")
    with Peer(mesh, "operator") as peer:
        body = field(1, 1) + field(2, "penstock") + field(3, "operator") + field(4, int(time.time() * 1000)) + field(5, os.urandom(16))
        body += field(26, field(1, "replayed") + field(2, "calls") + field(3, 10))
        event = field(1, body) + field(2, key.sign(b"penstock event v1\n" + body))
        recorded = request(1, SUBMIT, field(1, event))
        submitted = parsed(peer.ask_all([recorded])[0][17])
        position = submitted[1]
        with Flood(mesh) as flood:
            again = peer.ask_all([recorded] * 5000)
            while flood.goes_on:
                again += peer.ask_all([recorded] * 500)
            answers = [parsed(reply[17]) if 17 in reply else None for reply in again]
            taken = [answer for answer in answers if answer]
            assert {(answer[1], answer.get(3)) for answer in taken} == {(position, 1)}, "the same event, at the same position"
            for name in ("a-auditor", "a-issuer", "enforcer-1"):
                with Peer(mesh, name) as other:
                    codes = refusals(other.ask_all([recorded] * 1000))
                assert set(codes) <= {"not_permitted", "not_signer", "busy"}, codes
            assert sum(1 for row in mesh.log() if "replayed" in row["what"]) == 1


def test_a_recorded_connection_replayed(mesh):
    """The bytes that a member's command once sent, sent again: CURVE's short-term keys make them worthless."""
    recorded = []
    listener = socket.create_server(("127.0.0.1", 0))

    def record():
        client, _ = listener.accept()
        with client, socket.create_connection(("127.0.0.1", mesh.port)) as server:
            def back():
                with contextlib.suppress(OSError):
                    while data := server.recv(65536):
                        client.sendall(data)
            threading.Thread(target=back, daemon=True).start()
            with contextlib.suppress(OSError):
                while data := client.recv(65536):
                    recorded.append(data)
                    server.sendall(data)
    recorder = threading.Thread(target=record, daemon=True)
    recorder.start()
    folder = mesh.dir / "recorded"
    shutil.copytree(mesh.dir / "issuer", folder / "issuer")
    member = json.loads((folder / "issuer/member.json").read_text())
    member["ledger"]["requests"] = f"tcp://127.0.0.1:{listener.getsockname()[1]}"
    (folder / "issuer/member.json").write_text(json.dumps(member))
    grant = penstock("grant", "issue", "--dir", folder, "--agent", "recorded", "--allow", "*", "-o", "json").json
    recorder.join(10)
    listener.close()
    assert grant["position"] in {row["position"] for row in mesh.log()} and sum(map(len, recorded)) > 500
    with Flood(mesh) as flood:
        for number in itertools.count():
            if number > 300 and not flood.goes_on:
                break
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", mesh.port), timeout=2) as peer:
                for data in recorded:
                    peer.sendall(data)
    shutil.rmtree(folder)


def test_garbage_at_an_enforcers_door(mesh):
    """Half requests held open, requests smuggled behind others, and noise: honest callers of the same socket go on."""
    noise = random.Random(3)
    pieces = [
        b"", b"GET", b"POST /access/v1/evaluation HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000000000\r\n\r\n{",
        b"POST /access/v1/evaluation HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n{}{}{}",
        b"POST /access/v1/evaluation HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n",
        b"POST /access/v1/evaluation HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\nGET /metrics HTTP/1.1\r\n\r\n",
        b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\n", b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 20_000, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET /readyz HTTP/1.1\r\nHost: localhost\r\n\r\n" * 200, b"\x00" * 1000, b"\r\n" * 1000, noise.randbytes(5000),
    ]
    with Flood(mesh) as flood, contextlib.ExitStack() as stack:
        held = []
        for number in itertools.count():
            if number > 400 and not flood.goes_on:
                break
            # A door takes 1,024 connections; these are as many as may be held without shutting honest callers out.
            if len(held) == 400:
                held.pop(0).close()
            peer = stack.enter_context(socket.socket(socket.AF_UNIX))
            held.append(peer)
            peer.settimeout(0.5)
            with contextlib.suppress(OSError):
                peer.connect(str(mesh[1 + number % 2].socket))
                peer.sendall(pieces[number % len(pieces)] if number % 3 else pieces[number % len(pieces)][:noise.randint(0, 200)])
        # A newcomer, once the kernel's queue of connections not yet accepted has room again.
        def newcomer():
            with contextlib.suppress(BlockingIOError):
                return reason(mesh[1].evaluate("pst_nobody"))
        assert eventually("a newcomer is answered", newcomer, timeout=5) == "unknown_credential"
    assert all(node.is_running for node in mesh.enforcers)
