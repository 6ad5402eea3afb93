"""Credentials, join tokens and private keys are printed where they are made, and stand nowhere else."""

import base64
import json
import subprocess

from harness import Mesh, eventually, penstock, reason


def raw(text, prefix, length):
    """The secret's bytes: 43 characters of base64url after the prefix in a credential, all of a join token."""
    text = text.removeprefix(prefix)[:length]
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def test_secrets_stand_only_where_they_were_printed():
    with Mesh(max_staleness="2s", enforcers=0) as mesh:
        mesh.env["PENSTOCK_LOG"] = "trace"
        mesh.ledger.stop()
        mesh.ledger.start()
        token = mesh.add_member("enforcer", "enforcer-1")
        unused = mesh.run("node token", "--role", "auditor").json["token"]
        mesh.node("enforcer-1").start()
        outputs = []

        def run(*arguments, **options):
            result = mesh.run(*arguments, **{"expect": None, **options})
            outputs.append(result.out + result.err)
            return result
        grant = mesh.grant("--budget", "calls=100")
        credential = grant["credential"]
        mesh.wait_applied()
        node = mesh[1]
        outputs.append(json.dumps(node.evaluate(credential, amounts={"calls": 1}, call_id="c-1")))
        outputs.append(json.dumps(node.evaluate(credential, arguments={"argument": "argument-that-is-not-kept"})))
        outputs.append(json.dumps(node.evaluate(credential[:-1])))
        for path in ("/access/v1/evaluation?credential=" + credential, "/" + credential):
            outputs.append(str(node.get(path)))
        path = mesh.credential_file(grant)
        run("check", "--credential-file", path, "--action", "x", "--resource", "tool:x", "--enforcer", f"unix:{node.socket}")
        run("node join", "--name", "again", stdin=token)
        run("node join", "--name", "broken", stdin=token[:-3])
        for command in ("log show", "log verify", "grant list", f"grant show {grant['grant_id']}", "budget list", "status", "node list", "audit", "revocation list"):
            run(*[command])
        run("revoke", "--run", grant["run_id"], "--receipt", mesh.dir / "receipt")
        assert reason(node.evaluate(credential)) == "revoked"
        eventually("shipped", lambda: len(mesh.run("audit").json) >= 4)
        outputs.append(node.get("/metrics")[1])
        node.stop()
        mesh.ledger.stop()
        path.unlink()

        # What of a join token is secret is its first field: 32 bytes behind a tag and a length.
        join = raw(token, "pstjoin_", None)[2:34], raw(unused, "pstjoin_", None)[2:34]
        secrets = {"credential": raw(credential, "pst_", 43), "token": join[0], "unused token": join[1]}
        needles = {"credential as printed": credential.encode(), "token as printed": token.encode(), "raw argument": b"argument-that-is-not-kept"}
        for name, secret in secrets.items():
            needles[f"{name}, raw"] = secret
            needles[f"{name}, hexadecimal"] = secret.hex().encode()
            needles[f"{name}, base64"] = base64.b64encode(secret)[:40]
            needles[f"{name}, base64url"] = base64.urlsafe_b64encode(secret)[:40]
        keys = {}
        for file in mesh.dir.glob("*/*.key"):
            lines = [line for line in file.read_bytes().splitlines() if len(line) >= 32 and not line.startswith(b"-----")]
            assert lines, f"{file} holds no key"
            keys[file] = lines[-1]

        found = []
        for file in mesh.dir.rglob("*"):
            if not file.is_file():
                continue
            data = file.read_bytes()
            found += [f"{name} in {file}" for name, needle in needles.items() if needle in data]
            found += [f"key {key} in {file}" for key, text in keys.items() if text in data and file != key]
        for text in outputs:
            found += [f"{name} in output {text[:200]!r}" for name, needle in needles.items() if needle in text.encode()]
        assert found == []
        # The search would have found them: the digest that must be in the log is.
        import hashlib
        database = b"".join(file.read_bytes() for file in mesh.ledger.data.glob("log.sqlite*"))
        assert hashlib.sha256(join[0]).digest() in database


def test_secrets_are_not_taken_from_the_command_line():
    text = penstock("check", "--help").out + penstock("node", "join", "--help").out
    assert "--credential-file" in text and "--credential " not in text and "--token" not in text
