"""A TCP relay that loses what passes through it, as a bad network would."""

import contextlib
import select
import socket
import struct
import threading


class Relay:
    """Listens on a port of its own before `target`. `mode` is pass, stall (connections stay, nothing comes through
    from the target) or refuse (every connection is closed at once). With `reset`, a cut shows as a reset at the target, and
    little is under way before it: buffers are small."""

    def __init__(self, target, mode="pass", reset=False):
        self.target, self.mode, self.reset = target, mode, reset
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.swallowed = 0
        self._stopping = False
        self._connections = set()
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while not self._stopping:
            with contextlib.suppress(OSError):
                client, _ = self.listener.accept()
                if self.mode == "refuse":
                    client.close()
                else:
                    threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        with contextlib.suppress(OSError), client, socket.create_connection(self.target) as server:
            if self.reset:
                server.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
            pair = (client, server)
            self._connections.add(pair)
            while not self._stopping and pair in self._connections:
                for side in select.select(pair, [], [], 0.02)[0]:
                    data = side.recv(4096 if self.reset else 65536)
                    if not data:
                        return
                    if side is server and self.mode == "stall":
                        self.swallowed += len(data)
                    else:
                        (server if side is client else client).sendall(data)
            self._connections.discard(pair)

    def cut(self):
        """Closes every connection; what was on its way is lost."""
        self._connections.clear()

    def close(self):
        self._stopping = True
        self.cut()
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
