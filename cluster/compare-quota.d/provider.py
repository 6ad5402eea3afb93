"""The fake provider: a process that is told of each call that was really made, and remembers what it cost.

Money is spent here and nowhere else; what a limiter thinks of it is another matter.
"""

import contextlib
import json
import os
import pathlib
import selectors
import socket
import time

from workers import FORK, quiet


class Provider:
    """The process. Its socket's path is all that a client needs."""

    def __init__(self, folder):
        self.path = str(pathlib.Path(folder) / "provider.sock")
        door = socket.socket(socket.AF_UNIX)
        door.bind(self.path)
        os.chmod(self.path, 0o600)
        door.listen(64)
        self.process = FORK.Process(target=serve, args=(door,), daemon=True)
        self.process.start()
        door.close()

    def report(self, budget):
        with contextlib.closing(Caller(self.path, budget)) as caller:
            return caller.report()

    def stop(self):
        self.process.terminate()
        self.process.join(10)


class Caller:
    """A client's connection, for calls on one budget."""

    def __init__(self, path, budget):
        self.budget = budget
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(path)
        self.file = self.socket.makefile("rb")

    def call(self, call, usd):
        return self._ask({"budget": self.budget, "call": call, "usd": usd})

    def report(self):
        return self._ask({"budget": self.budget})

    def _ask(self, message):
        self.socket.sendall(json.dumps(message).encode() + b"\n")
        return json.loads(self.file.readline())

    def close(self):
        self.file.close()
        self.socket.close()


def serve(door):
    quiet()
    made = {}  # budget -> [(when, call, usd)]
    waiting = selectors.DefaultSelector()
    waiting.register(door, selectors.EVENT_READ)
    while True:
        for key, _ in waiting.select():
            if key.fileobj is door:
                connection = door.accept()[0]
                waiting.register(connection, selectors.EVENT_READ, connection.makefile("rb"))
                continue
            line = key.data.readline()
            if not line:
                waiting.unregister(key.fileobj)
                key.data.close()
                key.fileobj.close()
                continue
            # A client that was killed meanwhile has been served all the same.
            with contextlib.suppress(OSError):
                key.fileobj.sendall(json.dumps(answer(made, json.loads(line))).encode() + b"\n")


def answer(made, message):
    calls = made.setdefault(message["budget"], [])
    if "call" in message:
        calls.append((time.monotonic(), message["call"], message["usd"]))
        return {}
    return {
        "usd": sum(usd for _, _, usd in calls), "calls": len(calls), "distinct": len({call for _, call, _ in calls}),
        "made": [(when, usd) for when, _, usd in calls]}
