"""Fills receive queues at the ledger with pings among the messages, and resets the connections.

libzmq answers a ping as soon as it reads it, also one that it had buffered when the connection broke; then it aborts, in 4.3.4
and 4.3.5, whatever its own heartbeats are. Reads what to do as one line of JSON, and prints what it has pushed.
"""

import json
import pathlib
import sys
import time
import types

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "tests"))
import zmq

from peer import Peer
from relay import Relay
from zmtp import ABRUPT, PINGS, push


def main(asked):
    target = types.SimpleNamespace(dir=pathlib.Path(asked["dir"]), port=asked["port"])
    relay = Relay(("127.0.0.1", asked["port"]), reset=True)
    peers = [Peer(target, asked["name"], port=relay.port, options=ABRUPT + PINGS) for _ in range(asked["connections"])]
    until = time.monotonic() + 0.3 + asked["seconds"]
    while time.monotonic() < until:
        for peer in peers:
            print(push(peer, bytes.fromhex(asked["message"]), 200), flush=True)
        time.sleep(0.02)
    relay.cut()
    time.sleep(0.1)
    relay.close()
    zmq.Context.instance().destroy(0)


if __name__ == "__main__":
    main(json.loads(sys.stdin.readline()))
