#!/usr/bin/env python3
"""Verifies a .tlog-proof without any Penstock code.

    verify_proof.py POLICY PROOF ENTRY

POLICY is a c2sp.org/tlog-policy file, PROOF a c2sp.org/tlog-proof file, ENTRY the entry's exact bytes. Prints one JSON
object and exits with 0 when the log's signature, the inclusion of the entry and the quorum of cosignatures all hold;
otherwise {"ok": false, "error": ...} and 1.

Written from the texts of c2sp.org (signed-note, tlog-checkpoint, tlog-cosignature, tlog-proof, tlog-policy), RFC 6962
and RFC 8032; it needs Python 3.8 and the package "cryptography".
"""

import base64
import hashlib
import json
import struct
import sys

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

LOG, COSIGNER = 0x01, 0x04


class Refused(Exception):
    pass


def need(condition, why):
    if not condition:
        raise Refused(why)


def unbase64(text, why):
    try:
        raw = base64.b64decode(text, validate=True)
    except ValueError:
        raise Refused(why) from None
    need(base64.b64encode(raw) == text, why)
    return raw


def decimal(text, why):
    need(text.isdigit() and str(int(text)).encode() == text, why)
    return int(text)


class Key:
    """A verifier key, <name>+<hex id>+<base64(type || public key)>."""

    def __init__(self, vkey, wanted):
        parts = vkey.split(b"+", 2)
        need(len(parts) == 3, "verifier key: not three parts")
        self.name, claimed, material = parts
        raw = unbase64(material, "verifier key: base64")
        need(len(raw) == 33 and raw[0] == wanted, "verifier key: type or length")
        self.public = raw[1:]
        self.id = hashlib.sha256(self.name + b"\n" + raw).digest()[:4]
        need(self.id.hex().encode() == claimed, "verifier key: id")

    def verify(self, signature, message):
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, message)
        except InvalidSignature:
            raise Refused("bad signature by " + self.name.decode()) from None


class Policy:
    def __init__(self, octets):
        self.logs, self.witnesses, self.groups, self.quorum = [], {}, {}, None
        defined, placed = set(), set()
        for line in octets.split(b"\n"):
            fields = line.replace(b"\t", b" ").split(b" ")
            fields = [field for field in fields if field]
            if not fields or fields[0].startswith(b"#"):
                continue
            kind = fields[0]
            if kind == b"log":
                need(len(fields) in (2, 3), "policy: log")
                self.logs.append(Key(fields[1], LOG))
            elif kind == b"witness":
                need(len(fields) in (3, 4), "policy: witness")
                self.define(fields[1], defined)
                self.witnesses[fields[1]] = Key(fields[2], COSIGNER)
            elif kind == b"group":
                need(len(fields) >= 4, "policy: group")
                members = fields[3:]
                for member in members:
                    need(member in defined and member not in placed, "policy: group member")
                    placed.add(member)
                least = {b"any": 1, b"all": len(members)}.get(fields[2])
                least = decimal(fields[2], "policy: threshold") if least is None else least
                need(1 <= least <= len(members), "policy: threshold")
                self.define(fields[1], defined)
                self.groups[fields[1]] = (least, members)
            elif kind == b"quorum":
                need(len(fields) == 2 and self.quorum is None, "policy: quorum")
                need(fields[1] == b"none" or fields[1] in defined, "policy: quorum")
                self.quorum = fields[1]
            else:
                raise Refused("policy: unknown line")
        need(self.quorum is not None, "policy: no quorum")
        for keys in (self.logs, list(self.witnesses.values())):
            need(len({key.public for key in keys}) == len(keys), "policy: duplicate key")

    @staticmethod
    def define(name, defined):
        need(name != b"none" and name not in defined, "policy: name")
        defined.add(name)

    def witnessed(self, name, cosigned):
        if name in self.groups:
            least, members = self.groups[name]
            return sum(self.witnessed(member, cosigned) for member in members) >= least
        return name in cosigned


def read_note(octets):
    octets.decode("utf-8")
    need(all(octet >= 0x20 or octet == 0x0A for octet in octets), "note: control character")
    end = octets.rfind(b"\n\n")
    need(end >= 0 and octets.endswith(b"\n"), "note: shape")
    text, lines = octets[: end + 1], octets[end + 2 :].split(b"\n")[:-1]
    need(lines, "note: no signatures")
    signatures = []
    for line in lines:
        fields = line.split(b" ")
        need(len(fields) == 3 and fields[0] == "\u2014".encode() and fields[1], "note: signature line")
        raw = unbase64(fields[2], "note: signature base64")
        need(len(raw) > 4, "note: signature length")
        signatures.append((fields[1], raw[:4], raw[4:]))
    return text, signatures


def read_proof(octets):
    head, _, rest = octets.partition(b"\n")
    need(head == b"c2sp.org/tlog-proof@v1", "proof: first line")
    line, _, rest = rest.partition(b"\n")
    if line.startswith(b"extra "):
        unbase64(line[6:], "proof: extra")
        line, _, rest = rest.partition(b"\n")
    need(line.startswith(b"index "), "proof: index")
    index = decimal(line[6:], "proof: index")
    hashes = []
    while True:
        line, newline, rest = rest.partition(b"\n")
        need(newline, "proof: no checkpoint")
        if not line:
            return index, hashes, rest
        hashes.append(unbase64(line, "proof: hash"))
        need(len(hashes[-1]) == 32, "proof: hash length")


def root_of(leaf, index, size, hashes):
    """RFC 6962 section 2.1.1, read downwards: the last hash is the sibling just below the root."""
    if size == 1:
        need(not hashes, "proof: too many hashes")
        return leaf
    need(hashes, "proof: too few hashes")
    split = 1
    while split * 2 < size:
        split *= 2
    sibling, below = hashes[-1], hashes[:-1]
    if index < split:
        pair = root_of(leaf, index, split, below) + sibling
    else:
        pair = sibling + root_of(leaf, index - split, size - split, below)
    return hashlib.sha256(b"\x01" + pair).digest()


def verify(policy, proof, entry):
    policy = Policy(policy)
    index, hashes, checkpoint = read_proof(proof)
    text, signatures = read_note(checkpoint)
    lines = text.split(b"\n")[:-1]
    need(len(lines) >= 3 and all(lines), "checkpoint: lines")
    origin, size = lines[0], decimal(lines[1], "checkpoint: size")
    root = unbase64(lines[2], "checkpoint: root")
    need(len(root) == 32, "checkpoint: root length")

    signed = False
    for log in policy.logs:
        for name, key_id, signature in signatures:
            if log.name == origin == name and log.id == key_id:
                log.verify(signature, text)
                signed = True
    need(signed, "no known log signed")

    cosigned = {}
    for alias, witness in policy.witnesses.items():
        for name, key_id, blob in signatures:
            if witness.name == name and witness.id == key_id:
                need(len(blob) == 72, "cosignature: length")
                (time,) = struct.unpack(">Q", blob[:8])
                need(time < 2**63, "cosignature: time")
                witness.verify(blob[8:], b"cosignature/v1\ntime %d\n" % time + text)
                cosigned[alias] = min(time, cosigned.get(alias, time))

    need(index < size, "index beyond size")
    leaf = hashlib.sha256(b"\x00" + entry).digest()
    need(root_of(leaf, index, size, hashes) == root, "entry not included")
    need(policy.quorum == b"none" or policy.witnessed(policy.quorum, cosigned), "quorum not met")
    return {
        "ok": True,
        "origin": origin.decode(),
        "index": index,
        "size": size,
        "root": root.hex(),
        "cosigners": [
            {"name": alias.decode(), "key": policy.witnesses[alias].name.decode(), "time": time}
            for alias, time in cosigned.items()
        ],
    }


def main(arguments):
    if len(arguments) != 4:
        sys.exit("usage: verify_proof.py POLICY PROOF ENTRY")
    try:
        contents = []
        for path in arguments[1:]:
            with open(path, "rb") as file:
                contents.append(file.read())
        result = verify(*contents)
    except (Refused, OSError, ValueError) as error:
        result = {"ok": False, "error": str(error)}
    print(json.dumps(result, sort_keys=True))
    return 0 if result["ok"] else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv))
