"""TLS at an enforcer's port: who the door is, what a client's certificate proves, and files that change."""

import base64
import contextlib
import http.client
import json
import socket
import ssl

import pytest

from certificates import Authority, self_signed
from harness import Mesh, eventually, free_ports, question, reason

DOMAIN = "mesh.example"
AGENT = f"spiffe://{DOMAIN}/agents/builder"


class TLSDoor(http.client.HTTPSConnection):
    """A keep-alive connection to the port, with a client's certificate or none."""

    def __init__(self, site, client=None, version=None):
        context = ssl.create_default_context(cafile=str(site.folder / "root.pem"))
        if version:
            context.maximum_version = version
        if client:
            context.load_cert_chain(*client.save(site.folder, f"client-{id(client)}"))
        super().__init__("localhost", site.port, context=context, timeout=20)

    def reason(self, grant):
        self.request(
            "POST", "/access/v1/evaluation", json.dumps(question(grant["credential"])), {"Content-Type": "application/json"})
        reply = self.getresponse()
        text = reply.read()
        assert reply.status == 200, f"{reply.status} {text}"
        return reason(json.loads(text))


class Site:
    """A mesh whose enforcer speaks TLS, and the authorities around it."""

    def __init__(self, mesh, port, settings, others):
        self.mesh, self.port, self.folder = mesh, port, mesh.dir
        self.root, self.domain = Authority("doors"), Authority(DOMAIN)
        self.root.save(self.folder, "root")
        self.domain.save(self.folder, "domain")
        self.more = {file: Authority(name) for file, name in others.items()}
        for file, authority in self.more.items():
            authority.save(self.folder, file)
        self.show(self.root.issue("localhost", "127.0.0.1"))
        mesh.join("enforcer-1", f"port: {port}\ntls_certificate: door.pem\ntls_key: door.key\n{settings}").start()

    def show(self, certificate):
        certificate.save(self.folder, "door")

    def reason(self, grant, client=None, **options):
        """What is decided over a new connection; `refused` where there is none."""
        with contextlib.closing(TLSDoor(self, client, **options)) as door:
            try:
                return door.reason(grant)
            # A TLS 1.3 client has sent its request before it hears that its certificate was refused.
            except (ssl.SSLError, ConnectionError, http.client.HTTPException):
                return "refused"


@contextlib.contextmanager
def site(settings="", **others):
    """- others: files of further authorities, by their names."""
    with Mesh(enforcers=0, max_staleness="2s") as mesh:
        yield Site(mesh, free_ports(1), settings, others)


SVIDS = f"spiffe_bundles: {DOMAIN}=domain.pem\n"


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_certificate_that_a_grant_is_bound_to(version):
    with site() as here:
        own, other = self_signed(), self_signed()
        path, _ = own.save(here.folder, "own")
        bound = here.mesh.grant("--certificate", path)
        here.mesh.wait_applied()
        assert here.reason(bound, own, version=version) == "allow"
        assert here.reason(bound, other, version=version) == "credential_mismatch"
        assert here.reason(bound, version=version) == "credential_mismatch"
        # The Unix socket proves no certificate, whoever may open it.
        assert reason(here.mesh[1].evaluate(bound["credential"])) == "credential_mismatch"
        unbound = here.mesh.grant()
        here.mesh.wait_applied()
        assert here.reason(unbound, version=version) == "allow"
        shown = here.mesh.run("grant show", bound["grant_id"]).json["confirmation"]
        assert shown == {"x5t#S256": base64.urlsafe_b64encode(own.sha256).decode().rstrip("=")}
        here.mesh.revoke("--grant", bound["grant_id"])
        assert here.reason(bound, own, version=version) == "revoked"


def test_workload_is_what_an_svid_proves():
    with site(SVIDS) as here:
        grant = here.mesh.grant("--workload", AGENT)
        here.mesh.wait_applied()
        below = Authority("intermediate", above=here.domain)
        assert here.reason(grant, here.domain.issue(AGENT)) == "allow"
        assert here.reason(grant, below.issue(AGENT)) == "allow"
        assert here.reason(grant, here.domain.issue(AGENT + "s")) == "wrong_workload"
        assert here.reason(grant) == "wrong_workload"
        assert reason(here.mesh[1].evaluate(grant["credential"])) == "wrong_workload"


def bad_svids(here):
    """standards.md's rules of X.509-SVIDs, each broken by itself."""
    good = {"digital_signature": True}
    foreign = Authority("foreign")
    return {
        "no name": here.domain.issue(),
        "a DNS name alone": here.domain.issue("builder.mesh.example"),
        "two URI names": here.domain.issue(AGENT, "spiffe://mesh.example/other"),
        "a URI of another scheme": here.domain.issue("https://mesh.example/agents/builder"),
        "no path": here.domain.issue(f"spiffe://{DOMAIN}"),
        "a slash at the end": here.domain.issue(AGENT + "/"),
        "an empty segment": here.domain.issue(f"spiffe://{DOMAIN}//builder"),
        "a dot segment": here.domain.issue(f"spiffe://{DOMAIN}/agents/../builder"),
        "a percent sign": here.domain.issue(f"spiffe://{DOMAIN}/agents/%62uilder"),
        "a query": here.domain.issue(AGENT + "?x=1"),
        "a fragment": here.domain.issue(AGENT + "#x"),
        "a port": here.domain.issue(f"spiffe://{DOMAIN}:443/agents/builder"),
        "a user": here.domain.issue(f"spiffe://x@{DOMAIN}/agents/builder"),
        "a trust domain in capitals": here.domain.issue("spiffe://Mesh.example/agents/builder"),
        "a scheme in capitals": here.domain.issue(f"SPIFFE://{DOMAIN}/agents/builder"),
        "an authority's": here.domain.issue(AGENT, authority=True, usage={**good, "key_cert_sign": True}),
        "may sign certificates": here.domain.issue(AGENT, usage={**good, "key_cert_sign": True}),
        "may sign lists": here.domain.issue(AGENT, usage={**good, "crl_sign": True}),
        "may not sign": here.domain.issue(AGENT, usage={"key_agreement": True}),
        "without a key usage": here.domain.issue(AGENT, usage=None),
        "expired": here.domain.issue(AGENT, days=(-2, -1)),
        "not yet valid": here.domain.issue(AGENT, days=(1, 2)),
        "of another authority": foreign.issue(AGENT),
        "of another authority of the same name": Authority(DOMAIN).issue(AGENT),
        "of a domain without a bundle": here.domain.issue("spiffe://other.example/agents/builder"),
        "signed by itself": self_signed(),
        "below an authority that has expired": Authority("old", above=here.domain, days=(-3, -1)).issue(AGENT),
        "below a leaf": leaf_that_signs(here),
    }


def leaf_that_signs(here):
    leaf = here.domain.issue(AGENT)
    forger = Authority("forger")
    forger.key, forger.certificate, forger.upper = leaf.key, leaf.certificate, here.domain
    return forger.issue(AGENT)


def test_bad_svids_are_refused_row_by_row():
    with site(SVIDS) as here:
        bound, free = here.mesh.grant("--workload", AGENT), here.mesh.grant()
        here.mesh.wait_applied()
        bad = bad_svids(here)
        # Whatever the grant asks for: who shows what is not believed gets no answer at all.
        assert {what: here.reason(bound, client) for what, client in bad.items()} == {what: "refused" for what in bad}
        assert here.reason(free, bad["expired"]) == "refused"
        assert here.reason(free) == "allow"
        assert here.reason(bound, here.domain.issue(AGENT)) == "allow"
        counted = here.mesh[1].metrics()["penstock_tls_refused_clients_total"]
        assert counted >= len(bad)


def test_a_domain_is_held_against_its_own_roots():
    """Two domains are known: neither's authority speaks for the other's workloads."""
    with site(SVIDS[:-1] + ", other.example=other.pem\n", other="other") as here:
        others = "spiffe://other.example/agents/builder"
        grants = [here.mesh.grant("--workload", workload) for workload in (AGENT, others)]
        here.mesh.wait_applied()
        for authority, expected in (here.domain, ["allow", "refused"]), (here.more["other"], ["refused", "allow"]):
            shown = [here.reason(grant, authority.issue(workload)) for grant, workload in zip(grants, (AGENT, others))]
            assert shown == expected


def test_clients_roots_beside_bundles():
    with site(SVIDS + "tls_client_roots: clients.pem\ntls_clients: required\n", clients="clients") as here:
        client, workload = here.more["clients"].issue("client.example"), here.domain.issue(AGENT)
        path, _ = client.save(here.folder, "bound")
        bound, named = here.mesh.grant("--certificate", path), here.mesh.grant("--workload", AGENT)
        here.mesh.wait_applied()
        assert [here.reason(bound, each) for each in (client, workload)] == ["allow", "credential_mismatch"]
        assert [here.reason(named, each) for each in (client, workload)] == ["wrong_workload", "allow"]
        # Without a certificate, and with one that leads nowhere: there is no answer.
        assert [here.reason(named, each) for each in (None, self_signed())] == ["refused", "refused"]
        # An authority of clients does not name workloads.
        assert here.reason(named, here.more["clients"].issue(AGENT)) == "refused"


def test_renewed_files_are_taken_up_without_a_restart():
    with site(SVIDS) as here:
        named, client = here.mesh.grant("--workload", AGENT), here.domain.issue(AGENT)
        here.mesh.wait_applied()
        with contextlib.closing(TLSDoor(here, client)) as open_before:
            assert open_before.reason(named) == "allow"
            shown = ssl.get_server_certificate(("localhost", here.port))
            here.show(here.root.issue("localhost"))
            eventually("the new certificate", lambda: ssl.get_server_certificate(("localhost", here.port)) != shown)
            # The domain changes its authority: what the old one has signed proves nothing any more.
            renewed = Authority(DOMAIN)
            renewed.save(here.folder, "domain")
            eventually("the new roots", lambda: here.reason(named, renewed.issue(AGENT)) == "allow")
            assert here.reason(named, client) == "refused"
            with pytest.raises((ConnectionError, http.client.HTTPException, ssl.SSLError)):
                open_before.auto_open = 0
                for _ in range(3):
                    assert open_before.reason(named) != "allow"


def test_files_that_cannot_be_used_change_nothing():
    with site() as here:
        grant = here.mesh.grant()
        here.mesh.wait_applied()
        (here.folder / "door.key").write_text(self_signed().key_pem)
        eventually("noticed", lambda: here.mesh[1].metrics()["penstock_tls_unusable_files_total"] > 0)
        assert here.reason(grant) == "allow"
        here.mesh[1].stop()
        assert "door.key" in here.mesh[1].fails_to_start()


def test_what_an_open_connection_has_proven_ends_with_its_certificate():
    with site(SVIDS) as here:
        named = here.mesh.grant("--workload", AGENT)
        here.mesh.wait_applied()
        with contextlib.closing(TLSDoor(here, here.domain.issue(AGENT, seconds=8))) as door:
            assert door.reason(named) == "allow"
            eventually("no longer proven", lambda: door.reason(named) == "wrong_workload", every=0.5)


def test_a_resumed_session_proves_nothing_old():
    """A client may bring an earlier session back, in which no certificate is shown: it is asked for again."""
    with site(SVIDS) as here:
        named = here.mesh.grant("--workload", AGENT)
        here.mesh.wait_applied()
        client = here.domain.issue(AGENT)
        for version in ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3:
            with contextlib.closing(TLSDoor(here, client, version)) as first:
                assert first.reason(named) == "allow"
                session, context = first.sock.session, first._context
            with contextlib.closing(TLSDoor(here, client, version)) as second:
                raw = socket.create_connection(("localhost", here.port), timeout=20)
                second.sock = context.wrap_socket(raw, server_hostname="localhost", session=session)
                assert not second.sock.session_reused or second.reason(named) == "wrong_workload"


def test_plain_http_and_half_a_handshake_get_nothing():
    with site() as here:
        with contextlib.closing(http.client.HTTPConnection("localhost", here.port, timeout=20)) as plain:
            with pytest.raises((ConnectionError, http.client.HTTPException)):
                plain.request("GET", "/livez")
                assert plain.getresponse().status != 200
        with socket.create_connection(("localhost", here.port)) as silent:
            silent.settimeout(30)
            silent.sendall(b"\x16\x03\x01")
            assert silent.recv(1) == b""
        assert here.reason(here.mesh.grant()) in ("allow", "unknown_credential")


@pytest.mark.parametrize("settings, says", [
    ("bind: 0.0.0.0\n", "loopback"),
    ("tls_certificate: door.pem\n", "tls_key"),
    ("tls_clients: asked\n", "tls_certificate"),
    ("tls_certificate: door.pem\ntls_key: absent.key\n", "absent.key"),
    ("tls_certificate: door.pem\ntls_key: door.key\ntls_clients: maybe\n", "asked"),
    ("tls_certificate: door.pem\ntls_key: door.key\ntls_client_roots: door.key\n", "no certificate"),
    ("tls_certificate: door.pem\ntls_key: door.key\nspiffe_bundles: door.pem\n", "DOMAIN=FILE"),
    ("tls_certificate: door.pem\ntls_key: door.key\ntls_clients: none\ntls_client_roots: door.pem\n", "whom to believe"),
])
def test_settings_that_contradict_each_other(settings, says):
    with Mesh(enforcers=0) as mesh:
        Authority().issue("localhost").save(mesh.dir, "door")
        assert says in mesh.join("enforcer-1", f"port: {free_ports(1)}\n{settings}").fails_to_start()
