"""Whoever reaches a node's door and has no credential."""

import contextlib

from attack import Attack
from harness import question
from raw_http import Raw

IDLE_TCP, IDLE_UNIX = 2_000, 400
UNKNOWN = "pst_" + "A" * 49


class Doors(Attack):
    """A connection to each door, made again when it is gone. Callers come over TCP; `unix` are the agents' own doors."""

    def __init__(self, target):
        super().__init__(target)
        self.open = {}

    def place(self):
        door = self.random.choice(self.target.doors)
        return door["port"] if self.random.random() < 0.7 else door["socket"]

    @contextlib.contextmanager
    def connection(self, place):
        if place not in self.open:
            self.open[place] = Raw(place)
        try:
            yield self.open[place]
        except Exception:
            self.open.pop(place).close()
            raise

    def close(self):
        for raw in self.open.values():
            raw.close()


class UnknownCredentials(Doors):
    """Batches of 256 questions whose records are as long as they can be."""

    rate = 20.0

    def __init__(self, target):
        super().__init__(target)
        self.body = question(UNKNOWN, "a" * 512, ("t" * 512, "r" * 512), call_id="", basis="b" * 512, price_version="v" * 64)
        self.body["evaluations"] = [{} for _ in range(256)]

    def step(self):
        with self.connection(self.place()) as door:
            status, _ = door.post("/access/v1/evaluations", self.body)
            self.pushed["questions"] += 256
            self.pushed[f"status {status}"] += 1


class DifferentCredentials(Doors):
    """One question after the other, each under another name, so that no two are alike."""

    rate = 100.0

    def step(self):
        with self.connection(self.place()) as door:
            body = question(f"pst_{self.random.getrandbits(240):060x}", f"a{self.random.random()}", ("tool", f"r{self.random.random()}"))
            status, _ = door.post("/access/v1/evaluation", body)
            self.pushed[f"status {status}"] += 1


class Malformed(Doors):
    """Bodies and heads that nobody could read."""

    rate = 60.0

    def step(self):
        body = self.random.choice([
            b"", b"{", b"[" * 30_000, b'{"a":' * 20_000, b'"\\u0000"', b"\xff\xfe", b'{"context":{"amounts":{"x":1e999}}}', b"0" * 65_536, self.random.randbytes(60_000)])
        path = self.random.choice(["/access/v1/evaluation", "/access/v1/evaluations", "/v1/holds", "/v1/preview", "/v1/holds/x/settle", "/" + "%2e" * 2000])
        with self.connection(self.place()) as door:
            status, _ = door.post(path, body, self.random.choice(["", "X: " + "y" * 30_000 + "\r\n", "Content-Length: 3\r\n", "Expect: 100-continue\r\n"]))
            self.pushed[f"status {status}"] += 1


class Idle(Attack):
    """Connections that say nothing, or a head or body without end; each that is closed is made again."""

    rate = 10.0
    PIECES = (
        b"", b"POST /v1/holds HTTP/1.1\r\nHost: localhost\r\n",
        b"POST /v1/holds HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 60000\r\n\r\n{")

    def __init__(self, target):
        super().__init__(target)
        self.held = {}

    def step(self):
        for door in self.target.doors:
            for place, most in ((door["port"], IDLE_TCP // len(self.target.doors)), (door["socket"], IDLE_UNIX // len(self.target.doors))):
                held = self.held.setdefault(place, [])
                for number, raw in enumerate(list(held)):
                    if self.random.random() < 0.1:
                        self.drip(held, raw, number % 3)
                for number in range(min(20, most - len(held))):
                    try:
                        raw = Raw(place, timeout=0.2)
                    except OSError:
                        self.pushed["not let in"] += 1
                        break
                    raw.socket.setblocking(False)
                    held.append(raw)
                    self.pushed["connections"] += 1
                    with contextlib.suppress(OSError):
                        raw.socket.send(self.PIECES[len(held) % 3])
        self.pushed["held at most"] = max(self.pushed["held at most"], sum(map(len, self.held.values())))

    def drip(self, held, raw, kind):
        try:
            if kind:
                raw.socket.send(b"X: y\r\n" if kind == 1 else b" ")
            if raw.socket.recv(4096) != b"":
                return
        except BlockingIOError:
            return
        except OSError:
            pass
        self.pushed["closed by the door"] += 1
        held.remove(raw)
        raw.close()

    def close(self):
        for raw in [raw for held in self.held.values() for raw in held]:
            raw.close()


class Streams(Attack):
    """Event streams that are never read, and scrapes that are not either."""

    rate = 5.0

    def __init__(self, target):
        super().__init__(target)
        self.held = []

    def step(self):
        for door in self.target.doors:
            for path in ("/v1/events", "/metrics"):
                raw = Raw(door["port"], timeout=0.5)
                raw.socket.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode() * (1 if path == "/v1/events" else 20))
                self.held.append(raw)
                self.pushed[path] += 1
        while len(self.held) > 400:
            self.held.pop(0).close()

    def close(self):
        for raw in self.held:
            raw.close()


ATTACKS = [UnknownCredentials, DifferentCredentials, Malformed, Idle, Streams]
