"""Real proxies in front of a server that remembers what reached it, started from the files in Config/."""

import contextlib
import http.client
import http.server
import os
import pathlib
import shutil
import subprocess
import sys
import threading

from harness import REPOSITORY, eventually, free_ports

PROXIES = ["nginx", "traefik", "caddy"]
FILES = {"nginx": "nginx.conf", "traefik": "traefik-routes.yaml", "caddy": "Caddyfile"}
HOST = "api.example"


class Upstream:
    """The protected server: answers everything, and remembers method, path and headers."""

    def __init__(self):
        self.seen = seen = []

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                seen.append((self.command, self.path, {name.lower(): value for name, value in self.headers.items()}, body))
                self.send_response(200)
                self.send_header("Content-Length", "8")
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(b"upstream")

            do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = do_OPTIONS = do_PATCH = answer

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_port
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class Proxy:
    """One proxy between clients and an upstream, which asks the enforcer at `door`."""

    def __init__(self, kind, folder, door, upstream):
        self.kind, self.port = kind, free_ports(1)
        text = (REPOSITORY / "Config" / FILES[kind]).read_text()
        for stands, port in ((":7420", door), (":8080", self.port), (":9000", upstream)):
            assert stands in text or kind == "traefik"
            text = text.replace(f"127.0.0.1{stands}", f"127.0.0.1:{port}").replace(f"{HOST}{stands}", f"{HOST}:{port}")
        self.folder = pathlib.Path(folder)
        config = self.folder / FILES[kind]
        config.write_text(text)
        programs = pathlib.Path(sys.executable).parent
        commands = {
            "nginx": [shutil.which("nginx", path=os.environ["PATH"] + ":/usr/sbin"), "-p", self.folder, "-c", config, "-g", "daemon off;"],
            "traefik": [programs / "traefik", f"--entrypoints.web.address=127.0.0.1:{self.port}", f"--providers.file.filename={config}"],
            "caddy": [programs / "caddy", "run", "--config", config, "--adapter", "caddyfile"],
        }
        self.log = open(self.folder / "log", "wb")
        home = {"HOME": str(self.folder), "XDG_DATA_HOME": str(self.folder), "XDG_CONFIG_HOME": str(self.folder)}
        self.process = subprocess.Popen([*map(str, commands[kind])], stdout=self.log, stderr=self.log, env={**os.environ, **home})
        eventually(f"{kind} answers", self.answers, timeout=60)

    def answers(self):
        assert self.process.poll() is None, (self.folder / "log").read_text()[-2000:]
        try:
            return self.ask("GET", "/", None)[0] not in (404, 502)
        except (OSError, http.client.HTTPException):
            return False

    def ask(self, method, path, credential, headers=(), host=None, body=None):
        """Status, headers in lower case, and body."""
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)) as client:
            client.putrequest(method, path, skip_host=True)
            client.putheader("Host", host or (HOST if self.kind != "caddy" else f"{HOST}:{self.port}"))
            if credential:
                client.putheader("Authorization", f"Bearer {credential}")
            for name, value in headers:
                client.putheader(name, value)
            if body:
                client.putheader("Content-Length", str(len(body)))
            client.endheaders(body)
            reply = client.getresponse()
            return reply.status, {name.lower(): value for name, value in reply.getheaders()}, reply.read()

    def close(self):
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(20)
        self.log.close()
