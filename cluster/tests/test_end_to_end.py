"""From an empty folder to a verified receipt, with every step a command."""

import base64
import hashlib
import json
import pathlib
import sys

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

import harness
from harness import Mesh, penstock

sys.path.insert(0, str(harness.REPOSITORY / "Tests/PenstockCryptoTests"))
import verify_proof


def once(members):
    assert len(members) == len(dict(members)), "a member is there twice"
    return dict(members)


def independently_verified(receipt_path, policy):
    """What `receipt verify` does, with none of its code. Raises when anything does not hold."""
    receipt = json.loads(pathlib.Path(receipt_path).read_text(), object_pairs_hook=once)
    barrier = receipt["barrier"]
    result = verify_proof.verify(policy, pathlib.Path(f"{receipt_path}.tlog-proof").read_bytes(), base64.b64decode(receipt["event"], validate=True))
    assert result["origin"] == receipt["mesh"] and result["index"] == barrier["position"] - 1
    assert set(receipt) == {"mesh", "barrier", "event", "statement_signature", "elapsed_us", "complete"}
    assert set(barrier) == {"position", "event_id", "state", "elapsed_ms", "bound_ms", "nodes", "matched_grants"}
    lines = ["penstock receipt v2", receipt["mesh"], barrier["position"], barrier["event_id"], barrier["state"]]
    lines += [receipt["elapsed_us"], barrier["bound_ms"], barrier["matched_grants"]]
    for node in barrier["nodes"]:
        assert set(node) == {"node", "incarnation", "state", "after_ms", "applied_position", "fenced_by", "cosigned", "evidence"}
        times = f"{node['after_ms']} {node['applied_position']} {node['fenced_by']}"
        lines.append(f"{node['node']} {node['incarnation']} {node['state']} {times} {'cosigned' if node['cosigned'] else '-'} {node['evidence']}")
    assert barrier["elapsed_ms"] == receipt["elapsed_us"] / 1000 and receipt["complete"] is (barrier["state"] == "CLOSED")
    log_key = verify_proof.Policy(policy).logs[0].public
    Ed25519PublicKey.from_public_bytes(log_key).verify(base64.b64decode(receipt["statement_signature"]), "".join(f"{line}\n" for line in lines).encode())
    enforced = {node["node"] for node in barrier["nodes"] if node["state"] == "enforced"}
    assert enforced <= {cosigner["key"] for cosigner in result["cosigners"]}, "a node called enforced has not cosigned"
    return barrier, result


def refused_by_both(receipt_path, policy_path):
    assert penstock("receipt", "verify", receipt_path, "--policy", policy_path, expect=None).code == 1
    with pytest.raises((verify_proof.Refused, InvalidSignature, AssertionError, ValueError, KeyError)):
        independently_verified(receipt_path, pathlib.Path(policy_path).read_bytes())


def test_from_nothing_to_a_receipt():
    with Mesh(enforcers=2) as mesh:
        grant = mesh.grant("--agent-class", "coder", "--budget", "calls=10", "--budget", "usd_micros=5000", "--max-amount", "usd_micros=1000")
        for node in mesh.enforcers:
            answer = mesh.check(grant, "--amount", "calls=1", "--amount", "usd_micros=1000", "--at-least", grant["position"], node=node, expect=0)
            assert answer["decision"] == "allow" and answer["permit"]["valid_for_ms"] > 0 and answer["view_age_ms"] <= 1000
            assert answer["grant_id"] == grant["grant_id"]
        assert mesh.check(grant, "--amount", "usd_micros=1001", expect=3)["reason"] == "amount_over_limit"
        assert mesh.check(grant, "--amount", "calls=1", "--resource", "file:x", expect=3)["reason"] == "resource_out_of_bounds"

        path = mesh.dir / "receipt.json"
        revoked = mesh.revoke("--run", grant["run_id"], "--reason", "test", "--receipt", path)
        assert revoked["state"] == "CLOSED" and revoked["matched_grants"] == 1
        assert [node["node"] for node in revoked["nodes"]] == ["enforcer-1", "enforcer-2"]
        assert {node["state"] for node in revoked["nodes"]} == {"enforced"}
        assert revoked["elapsed_ms"] < revoked["bound_ms"] == 1051
        for node in mesh.enforcers:
            answer = mesh.check(grant, node=node, expect=3)
            assert (answer["reason"], answer["transient"]) == ("revoked", False)

        policy = mesh.dir / "policy"
        assert policy.read_text() == penstock("receipt", "policy", "--dir", mesh.dir).out, "each node that joined here is in it"
        assert penstock("receipt", "verify", path, "--policy", policy, "-o", "json").json["cosigned"] == ["enforcer-1", "enforcer-2"]
        barrier, result = independently_verified(path, policy.read_bytes())
        assert barrier["state"] == "CLOSED" and barrier["position"] == revoked["position"]
        assert len(result["cosigners"]) == 2
        again = mesh.dir / "again.json"
        mesh.run("receipt show", revoked["position"], "--receipt", again)
        independently_verified(again, policy.read_bytes())

        report = mesh.run("log verify").json
        assert report["ok"] and report["problems"] == [] and report["position"] >= revoked["position"]


def root_of(leaves):
    """RFC 6962, section 2.1."""
    if len(leaves) == 1:
        return leaves[0]
    split = 1 << (len(leaves) - 1).bit_length() - 1
    return hashlib.sha256(b"\1" + root_of(leaves[:split]) + root_of(leaves[split:])).digest()


def test_an_exported_log_is_what_its_checkpoint_says(tmp_path):
    with Mesh(enforcers=0) as mesh:
        for _ in range(2):
            mesh.grant()
            made = mesh.run("log export", tmp_path / "tiles").json
            count = made["entries"]
            bundle = (tmp_path / f"tiles/tile/entries/000.p/{count}").read_bytes()
            entries = []
            while bundle:
                length = int.from_bytes(bundle[:2], "big")
                entries.append(bundle[2 : 2 + length])
                bundle = bundle[2 + length :]
            leaves = [hashlib.sha256(b"\0" + entry).digest() for entry in entries]
            assert (tmp_path / f"tiles/tile/0/000.p/{count}").read_bytes() == b"".join(leaves)
            origin, size, root = (tmp_path / "tiles/checkpoint").read_text().splitlines()[:3]
            assert (origin, int(size), base64.b64decode(root)) == ("penstock", count, root_of(leaves))
            assert count == mesh.head() == len(mesh.log()) and made["root"] == root_of(leaves).hex()
        mesh.run("log export", "/proc/nowhere", expect=1)


@pytest.fixture(scope="module")
def evidence(tmp_path_factory):
    """A receipt, its proof and its policy, as text."""
    folder = tmp_path_factory.mktemp("evidence")
    with Mesh(enforcers=2) as mesh:
        mesh.revoke("--agent", "builder", "--receipt", folder / "receipt")
        policy = penstock("receipt", "policy", "--dir", mesh.dir).out
    return (folder / "receipt").read_text(), (folder / "receipt.tlog-proof").read_text(), policy


def flip(text, member):
    """Changes one character of a base64 member."""
    receipt = json.loads(text)
    raw = bytearray(base64.b64decode(receipt[member]))
    raw[len(raw) // 2] ^= 1
    receipt[member] = base64.b64encode(raw).decode()
    return json.dumps(receipt)


def with_barrier(text, **changes):
    receipt = json.loads(text)
    receipt["barrier"].update(changes)
    return json.dumps(receipt)


def with_node(text, **changes):
    receipt = json.loads(text)
    receipt["barrier"]["nodes"][0].update(changes)
    return json.dumps(receipt)


def without_line(text, start):
    return "".join(line for line in text.splitlines(keepends=True) if not line.startswith(start))


def other_keys(policy):
    """The same names under keys that nobody here has."""
    with Mesh(enforcers=0) as other:
        stranger = penstock("receipt", "policy", "--dir", other.dir).out.splitlines()[0]
    return stranger + "\n" + policy.split("\n", 1)[1]


TAMPERINGS = {
    "event": lambda r, p, y: (flip(r, "event"), p, y),
    "statement": lambda r, p, y: (flip(r, "statement_signature"), p, y),
    "state": lambda r, p, y: (with_barrier(r, state="LIFTED"), p, y),
    "position": lambda r, p, y: (with_barrier(r, position=json.loads(r)["barrier"]["position"] - 1), p, y),
    "bound": lambda r, p, y: (with_barrier(r, bound_ms=1), p, y),
    "matched grants": lambda r, p, y: (with_barrier(r, matched_grants=7), p, y),
    "elapsed": lambda r, p, y: (with_barrier(r, elapsed_ms=0.5), p, y),
    "complete": lambda r, p, y: (r.replace('"complete" : true', '"complete" : false'), p, y),
    "unknown member": lambda r, p, y: (with_node(r, verdict="safe"), p, y),
    "member twice": lambda r, p, y: (r.replace('"complete" : true', '"complete" : true, "mesh" : "penstock"'), p, y),
    "evidence": lambda r, p, y: (with_node(r, evidence="seen by an auditor"), p, y),
    "cosigned": lambda r, p, y: (with_node(r, cosigned=False), p, y),
    "fenced by": lambda r, p, y: (with_node(r, fenced_by=3), p, y),
    "node's state": lambda r, p, y: (with_node(r, state="fenced"), p, y),
    "node's name": lambda r, p, y: (with_node(r, node="enforcer-3"), p, y),
    "node left out": lambda r, p, y: (with_barrier(r, nodes=json.loads(r)["barrier"]["nodes"][1:]), p, y),
    "cosignature left out": lambda r, p, y: (r, without_line(p, "\u2014 enforcer-1 "), y),
    "log's signature left out": lambda r, p, y: (r, without_line(p, "\u2014 penstock "), y),
    "index": lambda r, p, y: (r, p.replace(p.splitlines()[1], "index 0"), y),
    "cut": lambda r, p, y: (r, p[: len(p) // 2], y),
    "witness not in the policy": lambda r, p, y: (r, p, without_line(y, "witness enforcer-2")),
    "another log's key": lambda r, p, y: (r, p, other_keys(y)),
    "policy without quorum": lambda r, p, y: (r, p, without_line(y, "quorum")),
}


def test_untouched_evidence_verifies(evidence, tmp_path):
    for name, text in zip(("receipt", "receipt.tlog-proof", "policy"), evidence):
        (tmp_path / name).write_text(text)
    penstock("receipt", "verify", tmp_path / "receipt", "--policy", tmp_path / "policy")
    independently_verified(tmp_path / "receipt", evidence[2].encode())


@pytest.mark.parametrize("tampering", TAMPERINGS)
def test_tampered_evidence_fails(evidence, tmp_path, tampering):
    changed = TAMPERINGS[tampering](*evidence)
    assert changed != evidence
    for name, text in zip(("receipt", "receipt.tlog-proof", "policy"), changed):
        (tmp_path / name).write_text(text)
    refused_by_both(tmp_path / "receipt", tmp_path / "policy")
