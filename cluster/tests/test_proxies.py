"""nginx, Traefik and Caddy ask `/authorize` before a request passes. The protected server sees what was allowed, and nothing else."""

import contextlib

import pytest

from harness import Mesh, eventually, free_ports
from proxies import PROXIES, Proxy, Upstream

# How each hands on what it is told: nginx knows 401 and 403 alone, and makes an error of the rest.
OVER = {"nginx": 403, "traefik": 429, "caddy": 429}
MALFORMED = {"nginx": 403, "traefik": 400, "caddy": 400}
DOWN = {"nginx": 500, "traefik": 500, "caddy": 502}


class Scene:
    def __init__(self, kind, mesh, upstream, proxy):
        self.kind, self.mesh, self.upstream, self.proxy = kind, mesh, upstream, proxy
        # A client of Caddy says the port that the site is at, as any client of a port that is no default does.
        self.host = "api.example" if kind != "caddy" else f"api.example:{proxy.port}"

    def grant(self, *flags, agent, allow=("GET",)):
        issued = self.mesh.run(
            "grant issue", "--agent", agent, *[part for action in allow for part in ("--allow", action)],
            "--resource", f"http:{self.host}/v1/*", *flags).json
        self.mesh.wait_applied()
        return issued

    def asks(self, method, path, grant, **more):
        """The answer, and what reached the protected server of it."""
        before = len(self.upstream.seen)
        answer = self.proxy.ask(method, path, grant and grant["credential"], **more)
        return answer, self.upstream.seen[before:]


@pytest.fixture(scope="module")
def mesh():
    port = free_ports(1)
    with Mesh(max_staleness="2s", settings=f"port: {port}\n") as mesh:
        mesh.tcp = port
        yield mesh


@pytest.fixture(scope="module", params=PROXIES)
def scene(request, mesh, tmp_path_factory):
    with contextlib.closing(Upstream()) as upstream:
        with contextlib.closing(Proxy(request.param, tmp_path_factory.mktemp(request.param), mesh.tcp, upstream.port)) as proxy:
            yield Scene(request.param, mesh, upstream, proxy)


def test_what_is_allowed_reaches_the_server_without_the_credential(scene):
    grant = scene.grant(agent=f"{scene.kind}-reader", allow=("GET", "POST"))
    (status, headers, body), seen = scene.asks("GET", "/v1/items?n=%2F1", grant)
    assert status == 200 and body == b"upstream" and [(method, path) for method, path, *_ in seen] == [("GET", "/v1/items?n=%2F1")]
    assert not any(grant["credential"] in str(part) for part in seen)
    (status, _, _), seen = scene.asks("POST", "/v1/items", grant, body=b"x=1")
    assert status == 200 and seen[0][0] == "POST" and seen[0][3] == b"x=1"
    rows = eventually("recorded", lambda: [row for row in scene.mesh.run("audit", "--agent", f"{scene.kind}-reader").json if row["decision"] == "allow"])
    assert {row["action"] for row in rows} <= {"GET", "POST"} and all(row["resource"].startswith(f"http:{scene.host}/v1/items") for row in rows)


def test_what_is_denied_does_not(scene):
    grant = scene.grant(agent=f"{scene.kind}-narrow")
    for method, path in [("GET", "/v2/items"), ("DELETE", "/v1/items"), ("POST", "/v1/items"), ("GET", "/"), ("HEAD", "/v1/items")]:
        (status, headers, _), seen = scene.asks(method, path, grant)
        assert status == 403 and not seen, (method, path, status)
        assert headers["x-decision-reason"] in ("action_not_allowed", "resource_out_of_bounds")
    for credential in (None, {"credential": "pst_" + "A" * 49}, {"credential": "x"}):
        (status, headers, _), seen = scene.asks("GET", "/v1/items", credential)
        assert status == 401 and headers["www-authenticate"].startswith("Bearer") and not seen


def test_what_the_server_could_read_otherwise_does_not(scene):
    grant = scene.grant(agent=f"{scene.kind}-sly")
    for path in ["/v1/%2e%2e/v2", "/v1/..%2fv2", "/v1/..%5cv2", "/v1/%252e%252e/v2", "/v1/x%00", "/v1/..;/v2", "/v1/%c0%ae%c0%ae/v2", "/v1/%ff"]:
        (status, _, _), seen = scene.asks("GET", path, grant)
        assert status >= 400 and not seen, (path, status, seen)


def test_a_client_cannot_say_what_it_asks_for(scene):
    """Under the names of either convention, once and beside the proxy's own."""
    grant = scene.grant(agent=f"{scene.kind}-liar")
    names = ["X-Original-URI", "X-Original-Method", "X-Original-Host", "X-Forwarded-Uri", "X-Forwarded-Method", "X-Forwarded-Host", "X-HTTP-Method-Override", "X-Rewrite-URL"]
    for name in names:
        for value in ("/v1/items", "GET", scene.host):
            (status, _, _), seen = scene.asks("GET", "/v2/items", grant, headers=[(name, value)])
            assert status >= 400 and not seen, (name, value, status)
            (status, _, _), seen = scene.asks("DELETE", "/v1/items", grant, headers=[(name, value)])
            assert status >= 400 and not seen, (name, value, status)
    # A page's Origin is the server's matter.
    (status, _, _), seen = scene.asks("GET", "/v1/items", grant, headers=[("Origin", "https://page.example")])
    assert status == 200 and len(seen) == 1


def test_over_its_rate(scene):
    grant = scene.grant("--rate", "calls=2/1h", agent=f"{scene.kind}-eager")
    answers = [scene.asks("GET", "/v1/items", grant) for _ in range(4)]
    assert [status for (status, *_), _ in answers] == [200, 200, OVER[scene.kind], OVER[scene.kind]]
    assert [len(seen) for _, seen in answers] == [1, 1, 0, 0]
    headers = answers[-1][0][1]
    assert headers["x-decision-reason"] == "rate_limited" and int(headers["retry-after"]) > 60


def test_revoked_after_closed(scene):
    grant = scene.grant(agent=f"{scene.kind}-ended")
    assert scene.asks("GET", "/v1/items", grant)[0][0] == 200
    assert scene.mesh.revoke("--run", grant["run_id"])["state"] == "CLOSED"
    for _ in range(3):
        (status, headers, _), seen = scene.asks("GET", "/v1/items", grant)
        assert status == 401 and headers["x-decision-reason"] == "revoked" and "invalid_token" in headers["www-authenticate"] and not seen


@pytest.mark.parametrize("kind", PROXIES)
def test_without_an_enforcer_nothing_passes(kind, tmp_path):
    port = free_ports(1)
    with Mesh(max_staleness="2s", settings=f"port: {port}\n") as mesh, contextlib.closing(Upstream()) as upstream:
        with contextlib.closing(Proxy(kind, tmp_path, port, upstream.port)) as proxy:
            scene = Scene(kind, mesh, upstream, proxy)
            grant = scene.grant(agent="agent")
            assert scene.asks("GET", "/v1/items", grant)[0][0] == 200
            mesh.ledger.pause()
            try:
                def stale():
                    (status, headers, _), seen = scene.asks("GET", "/v1/items", grant)
                    assert bool(seen) == (status == 200)
                    return status == (403 if kind == "nginx" else 503) and headers["x-decision-reason"] == "stale_view"
                eventually("stale", stale)
            finally:
                mesh.ledger.resume()
            eventually("fresh", lambda: scene.asks("GET", "/v1/items", grant)[0][0] == 200)
            mesh[1].stop()
            (status, _, _), seen = scene.asks("GET", "/v1/items", grant)
            assert status == DOWN[kind] and not seen
            mesh[1].start()
            assert scene.asks("GET", "/v1/items", grant)[0][0] == 200
