"""One member's key in bad hands: floods the ledger until it is ended, and prints what it sent and heard.

Called as a program, so that it has a processor's time of its own: DIR PORT NAME KIND. It says when it begins. It runs at the lowest priority: what
it is to take is the ledger's turn, not the machine.
"""

import contextlib
import json
import os
import pathlib
import random
import signal
import sys
import types

import zmq

from peer import ACK, AUDIT, BUDGETS, DECISIONS, ECHO, FETCH, RECEIPT, RESERVE, SNAPSHOT, STATUS, SUBMIT, Peer, field, request, signed, signing_key

INCARNATIONS = 20_000
KINDS = ["fetch", "reserve", "reports", "connections", "echoes"]
noise = random.Random(5)


def messages(kind, mesh, name):
    """A list to be sent over and over, each of its messages ready to go."""
    if kind == "fetch":
        asked = [(FETCH, field(1, 1)), (SNAPSHOT, b""), (STATUS, b""), (BUDGETS, b""), (AUDIT, field(2, 64)), (RECEIPT, field(1, 3))]
        return [request(number, *asked[0 if number % 2 else number // 2 % len(asked)]) for number in range(1, 501)]
    if kind == "reserve":
        # Half of them for a grant that has a budget, so that they take slices or wait.
        grant = os.environ["FLOODED_GRANT"]
        return [
            request(number, RESERVE, field(1, noise.randbytes(16)) + field(2, noise.randbytes(16)) + field(3, grant if number % 2 else f"grt_{number}")
                    + field(4, "calls") + field(5, 1) + field(6, 1)) for number in range(1, 2001)]
    if kind == "reports":
        key, incarnation = signing_key(mesh, name), noise.randbytes(16)
        events = [signed(name, key, 28, field(1, incarnation) + b"".join(field(2, field(1, number) + field(2, 1)) for number in range(1, 100))) for _ in range(50)]
        sealed = [request(number, SUBMIT, field(1, event)) for number, event in enumerate(events, 1)]
        return sealed + [request(99, DECISIONS, field(1, incarnation) + field(2, 1) + field(3, 1) + field(4, noise.randbytes(1000)) + field(5, events[0]))]
    echoes = [request(number, ECHO, field(1, noise.randbytes(16)) + field(2, number)) for number in range(1, INCARNATIONS + 1)]
    return echoes + [request(number, ACK, field(1, noise.randbytes(16))) for number in range(1000)]


def flood(mesh, name, kind, counts):
    with contextlib.ExitStack() as stack:
        peers = [stack.enter_context(Peer(mesh, name)) for _ in range(4)]
        prepared, at = messages(kind, mesh, name), 0
        print("begins", flush=True)
        while True:
            for peer in peers:
                for _ in range(100):
                    with contextlib.suppress(zmq.Again):
                        peer.socket.send(prepared[at % len(prepared)], zmq.DONTWAIT)
                        at += 1
                        counts["sent"] += 1
                with contextlib.suppress(zmq.Again):
                    while True:
                        counts["bytes"] += len(peer.socket.recv(zmq.DONTWAIT))
                        counts["heard"] += 1


def connect(mesh, name, counts):
    """Whole handshakes, one after another, each with a question."""
    print("begins", flush=True)
    while True:
        with contextlib.ExitStack() as stack:
            peers = [stack.enter_context(Peer(mesh, name)) for _ in range(50)]
            for peer in peers:
                with contextlib.suppress(zmq.Again):
                    peer.socket.send(request(1, STATUS, b""), zmq.DONTWAIT)
                    counts["sent"] += 1
            for peer in peers:
                counts["heard"] += bool(peer.socket.poll(20))


def main(folder, port, name, kind):
    os.nice(19)
    counts = {"sent": 0, "heard": 0, "bytes": 0}

    def end(*_):
        raise KeyboardInterrupt
    signal.signal(signal.SIGTERM, end)
    mesh = types.SimpleNamespace(dir=pathlib.Path(folder), port=int(port))
    try:
        connect(mesh, name, counts) if kind == "connections" else flood(mesh, name, kind, counts)
    except KeyboardInterrupt:
        pass
    print(json.dumps(counts), flush=True)
    os._exit(0)  # unsent messages and their threads are of no interest


if __name__ == "__main__":
    main(*sys.argv[1:])
