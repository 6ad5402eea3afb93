"""HTTP by hand, for what no client library would send."""

import json
import socket


class Raw:
    """A connection that stays open. `place` is a Unix socket's path or a port of the loopback."""

    def __init__(self, place, timeout=5):
        self.socket = socket.socket(socket.AF_UNIX if isinstance(place, str) else socket.AF_INET)
        self.socket.settimeout(timeout)
        try:
            self.socket.connect(place if isinstance(place, str) else ("127.0.0.1", place))
        except OSError:
            self.socket.close()
            raise
        self.rest = b""

    def post(self, path, body, headers=""):
        body = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.socket.sendall(
            f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n{headers}\r\n".encode() + body)
        return self.answer()

    def answer(self):
        """Status and body."""
        while b"\r\n\r\n" not in self.rest:
            self._more()
        head, self.rest = self.rest.split(b"\r\n\r\n", 1)
        size = next((int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0)
        while len(self.rest) < size:
            self._more()
        body, self.rest = self.rest[:size], self.rest[size:]
        return int(head.split()[1]), body

    def _more(self):
        data = self.socket.recv(65536)
        if not data:
            raise ConnectionError("closed")
        self.rest += data

    def close(self):
        self.socket.close()
