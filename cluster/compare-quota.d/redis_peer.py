"""Redis with scripts of our own: central and atomic, reservations with a time to live, as the field has it."""

import pathlib
import shutil

import redis

from spending import COST, DENIED, DONE, HELD, SCOPES, USD, Answer, ceilings, parts
from workers import Server

HERE = pathlib.Path(__file__).parent
RESERVE, FINISH = (HERE / "reserve.lua").read_text(), (HERE / "finish.lua").read_text()
EXPIRIES = "expiries"
TTL = 60.0
PLENTY = 1 << 35  # calls


class Redis:
    is_mesh = False
    has_ttl = True
    is_shared = True
    places = 1

    def __init__(self, folder, sync):
        self.name = f"redis-{sync}"
        self.folder = folder / self.name
        self.path = str(self.folder / "redis.sock")
        self.number = 0
        program = shutil.which("redis-server")
        self.server = Server(
            [program, "--port", "0", "--unixsocket", self.path, "--unixsocketperm", "600", "--dir", str(self.folder), "--save", "",
             "--appendonly", "yes", "--appendfsync", sync, "--daemonize", "no"], self.folder / "log")
        self.settings = {"appendonly": "yes", "appendfsync": sync, "ttl_s": TTL, "client": "redis-py, one EVALSHA a step over a Unix socket"}

    def start(self):
        self.folder.mkdir(exist_ok=True)
        self.server.start(self._is_up)
        self.settings["version"] = self._connect().info("server")["redis_version"]

    def _connect(self):
        # No retries of the library's own: an acknowledgement must be one.
        return redis.Redis(unix_socket_path=self.path, retry=None, socket_timeout=30)

    def _is_up(self):
        try:
            return self._connect().ping()
        except (redis.ConnectionError, redis.BusyLoadingError):
            return False

    def stop(self):
        self.server.stop()

    def crash(self):
        self.server.kill()

    def restart(self):
        self.server.start(self._is_up)

    def budget(self, calls, slack=1):
        self.number += 1
        run = f"budget:run-{self.number}"
        with self._connect() as connection:
            for scope in SCOPES:
                key = run if scope == SCOPES[-1] else f"budget:{scope}"
                for unit, most in ceilings(calls if key == run else PLENTY, slack).items():
                    for field, value in (("ceiling", most), ("spent", 0), ("reserved", 0)):
                        connection.hsetnx(key, f"{unit}:{field}", value)
        return run

    def key(self, budget):
        return f"{self.name} {budget}"

    def client(self, budget, place=0, ttl=TTL):
        return Client(self._connect(), budget, ttl)

    def charged(self, budget):
        """Spent and reserved, in calls."""
        with self._connect() as connection:
            return sum(int(value) for value in connection.hmget(budget, "usd_micros:spent", "usd_micros:reserved")) / USD


class Client:
    def __init__(self, connection, budget, ttl):
        self.connection, self.budget, self.ttl = connection, budget, int(ttl * 1000)
        self.scopes = [f"budget:{scope}" for scope in SCOPES[:-1]] + [budget]
        self.reserve, self.finish = connection.register_script(RESERVE), connection.register_script(FINISH)
        self.amounts = [part for item in COST.items() for part in item]
        self.messages = 0

    def _keys(self, call):
        return [*self.scopes, f"{self.budget}:reservation:{call}", EXPIRIES]

    def hold(self, call):
        self.messages += 1
        found = self.reserve(keys=self._keys(call), args=[self.ttl, *self.amounts]).decode()
        outcome = {"held": HELD, "done": DONE}.get(found, DENIED)
        return Answer(outcome, call, found if outcome == DENIED else "")

    def settle(self, call, part=1.0):
        self._finish(call, "committed", parts(part))

    def release(self, call):
        self._finish(call, "released", dict.fromkeys(COST, 0))

    def _finish(self, call, state, amounts):
        self.messages += 1
        self.finish(keys=self._keys(call), args=[state, *(part for item in amounts.items() for part in item)])

    def floor(self):
        self.connection.ping()

    def close(self):
        self.connection.close()
