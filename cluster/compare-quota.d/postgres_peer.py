"""PostgreSQL as a ledger of reservations: an update that checks, or a check and a write that must be serializable."""

import os
import pathlib
import pwd
import signal
import subprocess

import psycopg
from psycopg import errors

from spending import COST, DENIED, DONE, HELD, SCOPES, USD, Answer, ceilings, parts
from workers import Server

# Of the newest version that is installed.
PROGRAMS = max(pathlib.Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parts[-2]), default=pathlib.Path("/usr/lib/postgresql/bin"))
SCHEMA = (pathlib.Path(__file__).parent / "postgres.sql").read_text()
TTL = 60.0
PLENTY = 1 << 35  # calls


class Postgres:
    """One server for both ways; each has a database of its own."""

    is_mesh = False
    has_ttl = True
    is_shared = True
    places = 1

    def __init__(self, folder, way):
        self.name, self.way = f"pg-{way}", way
        self.folder = folder / self.name
        self.number = 0
        # It refuses to run as root.
        self.user = "postgres" if os.getuid() == 0 else None
        self.server = Server(
            [str(PROGRAMS / "postgres"), "-D", str(self.folder / "data"), "-k", str(self.folder), "-c", "listen_addresses=",
             "-c", "unix_socket_permissions=0700", "-c", "max_connections=64"], self.folder / "log", self.user)
        self.settings = {
            "fsync": "on", "synchronous_commit": "on", "ttl_s": TTL, "isolation": "serializable" if way == "serializable" else "read committed",
            "client": "psycopg, one function call and transaction a step over a Unix socket"}

    def start(self):
        self.folder.mkdir(exist_ok=True)
        if self.user:
            entry = pwd.getpwnam(self.user)
            os.chown(self.folder, entry.pw_uid, entry.pw_gid)
        subprocess.run(
            [str(PROGRAMS / "initdb"), "-D", str(self.folder / "data"), "-U", "penstock", "-A", "trust", "-N", "-E", "UTF8", "--locale=C"],
            check=True, capture_output=True, cwd="/", **self.server.user)
        self.server.start(self._is_up)
        with self._connect() as connection:
            connection.execute(SCHEMA)
            self.settings["version"] = connection.execute("SHOW server_version").fetchone()[0].split()[0]

    def _connect(self):
        connection = psycopg.connect(host=str(self.folder), user="penstock", dbname="postgres", autocommit=True)
        if self.way == "serializable":
            connection.execute("SET default_transaction_isolation = serializable")
        return connection

    def _is_up(self):
        try:
            self._connect().close()
            return True
        except psycopg.OperationalError:
            return False

    def stop(self):
        # Ends at once whoever is still connected, and then in order.
        self.server.stop(signal.SIGINT)

    def crash(self):
        self.server.kill()

    def restart(self):
        self.server.start(self._is_up)

    def budget(self, calls, slack=1):
        self.number += 1
        run = f"run-{self.number}"
        with self._connect() as connection:
            for level, scope in enumerate([*SCOPES[:-1], run]):
                for unit, most in ceilings(calls if scope == run else PLENTY, slack).items():
                    connection.execute("INSERT INTO budget VALUES (%s, %s, %s, %s, %s) ON CONFLICT DO NOTHING", (scope, unit, level, most, most))
        return run

    def key(self, budget):
        return f"{self.name} {budget}"

    def client(self, budget, place=0, ttl=TTL):
        return Client(self._connect(), budget, self.way, ttl)

    def charged(self, budget):
        """Spent and reserved, in calls."""
        with self._connect() as connection:
            row = connection.execute("SELECT ceiling - remaining FROM budget WHERE scope = %s AND unit = 'usd_micros'", (budget,)).fetchone()
            return row[0] / USD


class Client:
    def __init__(self, connection, budget, way, ttl):
        self.connection, self.budget, self.ttl = connection, budget, f"{ttl} s"
        self.reserve = "reserve_by_check" if way == "serializable" else "reserve_by_update"
        self.scopes, self.units, self.amounts = [*SCOPES[:-1], budget], list(COST), list(COST.values())
        self.messages = 0

    def hold(self, call):
        found = self._reserve(call)
        # A denial looks first whether time has set something free, for this client or, just now, for another.
        if found == "insufficient":
            self._ask("SELECT sweep()", ())
            found = self._reserve(call)
        outcome = {"held": HELD, "open": HELD, "committed": DONE}.get(found, DENIED)
        return Answer(outcome, call, found if outcome == DENIED else "")

    def _reserve(self, call):
        try:
            return self._ask(
                f"SELECT {self.reserve}(%s, %s, %s, %s::bigint[], %s)",
                (f"{self.budget}:{call}", self.scopes, self.units, self.amounts, self.ttl))
        except errors.RaiseException:
            return "insufficient"

    def settle(self, call, part=1.0):
        self._ask("SELECT finish(%s, 'committed', %s::bigint[])", (f"{self.budget}:{call}", list(parts(part).values())))

    def release(self, call):
        self._ask("SELECT finish(%s, 'released', %s::bigint[])", (f"{self.budget}:{call}", [0] * len(COST)))

    def _ask(self, query, arguments):
        """Once, or as often as another transaction was in the way."""
        while True:
            self.messages += 1
            try:
                return self.connection.execute(query, arguments).fetchone()[0]
            except (errors.SerializationFailure, errors.DeadlockDetected, errors.UniqueViolation):
                continue

    def floor(self):
        self.connection.execute("SELECT 1").fetchone()

    def close(self):
        self.connection.close()
