"""What contradicts a guarantee, once all is quiet."""

import collections

import budget_checks
import checks
from harness import eventually
from peer import FETCH, Peer, field, fields, parsed, repeated, request

# Authority.swift: which role may cause which kind, by their fields in EventBody and their numbers in Role.
LEDGER, ENFORCER, ISSUER, OPERATOR = 1, 2, 3, 4
ALLOWED = {
    LEDGER: {16, 17, 20, 25, 27, 32, 33, 38}, ENFORCER: {28, 29, 30, 34}, ISSUER: {22, 23}, OPERATOR: {18, 19, 21, 24, 25, 26, 29, 31, 35, 36, 37},
}
SLICE_RESERVED, DEBT_RECORDED, DECISION_BATCH, SPEND_REPORTED, SLICE_CLOSED = 27, 34, 30, 28, 29


def violations(stage, honest, crowd):
    """By guarantee. The budgets come last: their check stops the nodes."""
    found = collections.defaultdict(list, {guarantee: [] for guarantee in ("G1", "G2", "G6", "other")})
    for guarantee, text in crowd.violations:
        found[guarantee].append(text)
    found["other"] += honest.failures + crowd.ended
    for guarantee, check in (
        ("G1", lambda: checks.check_revocation(honest)),
        ("G1", lambda: checks.check_standing(stage, honest)),
        ("G6", lambda: check_authority(stage)),
        ("G2", lambda: check_charged(stage, crowd)),
        ("G2", lambda: check_bait(stage)),
        ("G3", lambda: checks.check_log(stage, honest)),
        ("G2", lambda: budget_checks.check_budgets(stage, honest)),
    ):
        try:
            found[guarantee] += check()
        except Exception as error:
            found["other"].append(f"{guarantee} could not be checked: {str(error) or repr(error)}"[:2000])
    return dict(sorted(found.items()))


def events(stage):
    """Every event of the log, as an operator is given them."""
    with Peer(stage, "operator") as peer:
        position, head = 1, 1
        while position <= head:
            reply = peer.ask(request(position, FETCH, field(1, position)), timeout=20)
            assert reply and 20 in reply, f"no page from {position}: {reply}"
            head = parsed(reply[20])[3]
            for event in repeated(reply[20], 2):
                yield position, parsed(parsed(event)[1])
                position += 1


def check_authority(stage):
    """G6: each event is of its signer's role, and each incarnation is of one node, whatever it was named in."""
    roles, owners, problems = {}, {}, []
    for position, body in events(stage):
        kind, origin = max(number for number in body if number >= 16), body[3].decode()
        if kind == 16:
            nodes = [parsed(value) for number, value in fields(body[16]) if number == 1]
            roles.update({node[1].decode(): node[2] for node in nodes})
        if kind not in ALLOWED.get(roles.get(origin), ()):
            problems.append(f"event {position} of kind {kind} is of {origin}, whose role is {roles.get(origin)}")
        content = parsed(body[kind])
        if kind == 17:
            admitted = parsed(content[1])
            roles[admitted[1].decode()] = admitted[2]
        holder = {SLICE_RESERVED: (5, None), DEBT_RECORDED: (1, origin), DECISION_BATCH: (1, origin), SPEND_REPORTED: (1, origin)}.get(kind)
        if holder and roles.get(origin) in (LEDGER, ENFORCER):
            name = holder[1] or content[4].decode()
            if owners.setdefault(content[holder[0]], name) != name:
                problems.append(f"event {position} of {name} is under an incarnation of {owners[content[holder[0]]]}")
    return problems


def check_charged(stage, crowd):
    """What was settled and answered 204 is charged, or owed: nothing of it has gone."""
    def missing():
        lost = []
        for grant, value in crowd.facts("charged").items():
            rows = stage.run("budget show", grant).json
            settled = sum(row["settled"] for row in rows if row["unit"] == "usd_micros")
            if settled < value:
                lost.append(f"{value} was settled under {grant} and acknowledged, {settled} is charged")
        return lost
    try:
        eventually("settlements are charged", lambda: not missing(), timeout=10, every=1)
    except AssertionError:
        return missing()
    return []


def check_bait(stage):
    """What a hostile enforcer may lie about still adds up."""
    problems = []
    for grant in [*stage.bait, stage.spent, *stage.overrun]:
        for row in stage.run("budget show", grant["grant_id"]).json:
            if row["settled"] + row["out"] + row["unallocated"] != row["ceiling"] + row["debt"] + row["overcommitted"]:
                problems.append(f"out of balance: {row}")
    return problems
