"""ZMTP 3.1 with CURVE, spoken over a plain socket: frames that no ZeroMQ library would send, at any pace."""

import ctypes
import ctypes.util
import json
import os
import socket
import struct

import zmq
from zmq.utils import z85

from peer import GREETING

sodium = ctypes.CDLL(ctypes.util.find_library("sodium") or "libsodium.so.23")
MORE, LONG, COMMAND = 1, 2, 4


def nonce(prefix, number):
    return prefix.ljust(16, b"-")[:16] + struct.pack(">Q", number)


def frame(body, flags=0):
    if len(body) > 255:
        return struct.pack(">BQ", flags | LONG, len(body)) + body
    return bytes([flags, len(body)]) + body


class Key:
    def __init__(self, public=None, secret=None):
        self.public, self.secret = ctypes.create_string_buffer(32), ctypes.create_string_buffer(32)
        if secret:
            self.public, self.secret = public, secret
        else:
            sodium.crypto_box_keypair(self.public, self.secret)
            self.public, self.secret = self.public.raw, self.secret.raw


def box(text, used, other, key):
    sealed = ctypes.create_string_buffer(len(text) + 16)
    assert sodium.crypto_box_easy(sealed, text, ctypes.c_ulonglong(len(text)), used, other, key.secret) == 0
    return sealed.raw


def unbox(sealed, used, other, key):
    text = ctypes.create_string_buffer(len(sealed) - 16)
    assert sodium.crypto_box_open_easy(text, sealed, ctypes.c_ulonglong(len(sealed)), used, other, key.secret) == 0, "not for us"
    return text.raw


class RawPeer:
    """A connection with a member's keys, or a stranger's; `greet` and `initiate` are apart, so that one may leave in between."""

    def __init__(self, mesh, name=None, port=None, kind="DEALER", identity=b""):
        folder = mesh.dir / (name or "operator")
        self.server = z85.decode(json.loads((folder / "member.json").read_text())["ledger"]["channel_key"].encode())
        self.key = Key()
        if name:
            secret = (folder / "channel.key").read_text().strip().encode()
            self.key = Key(z85.decode(zmq.curve_public(secret)), z85.decode(secret))
        self.kind, self.identity, self.sent = kind, identity, 3
        self.socket = socket.create_connection(("127.0.0.1", port or mesh.port), timeout=10)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def exactly(self, count):
        data = b""
        while len(data) < count:
            part = self.socket.recv(count - len(data))
            if not part:
                raise ConnectionError("closed")
            data += part
        return data

    def receive(self):
        """The flags and body of the next frame."""
        flags = self.exactly(1)[0]
        size = struct.unpack(">Q", self.exactly(8))[0] if flags & LONG else self.exactly(1)[0]
        return flags, self.exactly(size)

    def greet(self):
        self.short = Key()
        self.socket.sendall(GREETING)
        self.exactly(64)
        hello = b"\x05HELLO\x01\x00" + bytes(72) + self.short.public + struct.pack(">Q", 1)
        hello += box(bytes(64), nonce(b"CurveZMQHELLO---", 1), self.server, self.short)
        self.socket.sendall(frame(hello, COMMAND))
        welcome = self.receive()[1]
        opened = unbox(welcome[24:], b"WELCOME-" + welcome[8:24], self.server, self.short)
        self.theirs, self.cookie = opened[:32], opened[32:]
        return self

    def initiate(self):
        """The command that ends the client's part of the handshake."""
        long = os.urandom(16)
        vouch = box(self.short.public + self.server, b"VOUCH---" + long, self.theirs, self.key)
        words = ((b"Socket-Type", self.kind.encode()), (b"Identity", self.identity))
        text = self.key.public + long + vouch + b"".join(bytes([len(name)]) + name + struct.pack(">I", len(value)) + value for name, value in words)
        sealed = box(text, nonce(b"CurveZMQINITIATE", 2), self.theirs, self.short)
        return frame(b"\x08INITIATE" + self.cookie + struct.pack(">Q", 2) + sealed, COMMAND)

    def connect(self):
        self.greet()
        self.socket.sendall(self.initiate())
        _, ready = self.receive()
        assert ready.startswith(b"\x05READY"), ready[:20]
        return self

    def sealed(self, text, flags=0):
        """One frame of a message (flags MORE), or a command such as a PING."""
        number, self.sent = self.sent, self.sent + 1
        sealed = box(bytes([flags]) + text, nonce(b"CurveZMQMESSAGEC", number), self.theirs, self.short)
        return frame(b"\x07MESSAGE" + struct.pack(">Q", number) + sealed)

    def ping(self):
        return self.sealed(b"\x04PING" + struct.pack(">H", 10) + b"", COMMAND)
