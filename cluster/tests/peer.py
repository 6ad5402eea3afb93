"""What a member's client says to the ledger, without a protobuf library: fields as they are in penstock.proto."""

import base64
import json
import os
import time

import zmq
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

SUBMIT, ECHO, ACK, FETCH, SNAPSHOT, RESERVE, DECISIONS = range(16, 23)
COSIGN, RECEIPT, STATUS, AUDIT, HEAD, BUDGETS, PROOF = range(23, 30)
REFUSED = 16
# ZMTP 3, before the CURVE handshake.
GREETING = b"\xff\x00\x00\x00\x00\x00\x00\x00\x01\x7f\x03\x00" + b"CURVE".ljust(20, b"\0") + b"\x00" * 32


def varint(number):
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes(out) + bytes([number])


def field(number, value):
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    value = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(value)) + value


def request(number, kind, body):
    return field(1, 1) + field(2, number) + field(kind, body)


def signed(origin, key, kind, content):
    body = field(1, 1) + field(2, "penstock") + field(3, origin) + field(4, int(time.time() * 1000)) + field(5, os.urandom(16)) + field(kind, content)
    return field(1, body) + field(2, key.sign(b"penstock event v1\n" + body))


def revoke_all(origin, key):
    """A signed event that revokes everything."""
    return signed(origin, key, 24, field(1, 1) + field(2, field(1, 11)) + field(3, "flood"))


def fields(data):
    """Each field of one message, in order: its number, and a number or bytes."""
    at = 0

    def number():
        nonlocal at
        value = shift = 0
        while True:
            value |= (data[at] & 127) << shift
            at, shift = at + 1, shift + 7
            if not data[at - 1] & 128:
                return value
    while at < len(data):
        tag = number()
        if tag & 7:
            size = number()
            yield tag >> 3, data[at:at + size]
            at += size
        else:
            yield tag >> 3, number()


def parsed(data):
    """The fields of one message: numbers and bytes, the last of each."""
    return dict(fields(data))


def repeated(data, number):
    return [value for found, value in fields(data) if found == number]


class Peer:
    """A DEALER with a member's keys, or a stranger's. `mesh` has a `dir` and a `port`."""

    def __init__(self, mesh, name=None, port=None, kind=zmq.DEALER, context=None, options=()):
        folder = mesh.dir / (name or "operator")
        member = json.loads((folder / "member.json").read_text())
        self.socket = (context or zmq.Context.instance()).socket(kind)
        self.socket.setsockopt(zmq.LINGER, 0)
        self.socket.setsockopt(zmq.RECONNECT_IVL, 5)
        self.socket.setsockopt(zmq.SNDHWM, 2000)
        for option, value in options:
            self.socket.setsockopt(option, value)
        public, secret = zmq.curve_keypair()
        if name:
            secret = (folder / "channel.key").read_text().strip().encode()
            public = zmq.curve_public(secret)
        self.socket.curve_secretkey, self.socket.curve_publickey = secret, public
        self.socket.curve_serverkey = member["ledger"]["channel_key"].encode()
        self.socket.connect(f"tcp://127.0.0.1:{port or mesh.port}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def ask(self, message, timeout=10):
        """The reply to it, or None."""
        number, deadline = parsed(message)[2], time.monotonic() + timeout
        self.socket.send(message)
        while self.socket.poll(max(0, int(1000 * (deadline - time.monotonic())))):
            reply = parsed(self.socket.recv())
            if reply.get(2) == number:
                return reply
        return None

    def ask_all(self, messages, window=400, timeout=30):
        """Sends all, at most `window` unanswered, and returns the replies."""
        replies, sent, deadline = [], 0, time.monotonic() + timeout
        while len(replies) < len(messages):
            assert time.monotonic() < deadline, f"{len(replies)} of {len(messages)} answered"
            while sent < len(messages) and sent - len(replies) < window:
                self.socket.send(messages[sent])
                sent += 1
            while self.socket.poll(200):
                replies.append(parsed(self.socket.recv()))
                if sent - len(replies) < window // 2 and sent < len(messages):
                    break
                if len(replies) == sent:
                    break
        return replies


def signing_key(mesh, name):
    return Ed25519PrivateKey.from_private_bytes(base64.b64decode((mesh.dir / name / "signing.key").read_text().strip()))


def refusals(replies):
    codes = {}
    for reply in replies:
        code = parsed(reply[REFUSED])[1].decode() if REFUSED in reply else "taken"
        codes[code] = codes.get(code, 0) + 1
    return codes
