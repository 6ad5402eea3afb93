"""OpenID AuthZEN 1.0 at a real enforcer: the Basic cases of its certification scenario, callers that authenticate, questions by
subject, batches and searches."""

import contextlib
import hashlib
import http.client
import json
import pathlib
import re

import pytest

from harness import Mesh, eventually, free_ports, question

# Of authorization-api-1_0-scenario.md in openid/authzen: each request, its status, and its decision where one is stated.
BASIC = json.loads(pathlib.Path(__file__).with_name("authzen_basic.json").read_text())
KEY = "a-caller's-own-key-of-32-characters"
# The scenario's policy as grants: whose, actions, resources, conditions.
FIXTURE = [
    ("alice", ["read", "write"], "record:record-1", []),
    ("alice", ["delete"], "record:record-1", ["action.soft == true"]),
    ("bob", ["read"], "record:*", []),
    ("bob", ["write"], "record:*", ["subject.role == admin", "resource.status == archived"]),
]


@pytest.fixture(scope="module")
def mesh(tmp_path_factory):
    keys = tmp_path_factory.mktemp("keys") / "callers"
    keys.write_text(f"# who asks\ngateway {hashlib.sha256(KEY.encode()).hexdigest()}\nother {'ab' * 32}  # nobody has it\n")
    port = free_ports(1)
    with Mesh(max_staleness="2s", settings=f"port: {port}\ncaller_keys: {keys}\nsubjects: user=agent, run\n") as mesh:
        mesh.tcp = port
        mesh.issued = [
            mesh.run("grant issue", "--agent", agent, *[part for action in actions for part in ("--allow", action)],
                     "--resource", resource, *[part for when in conditions for part in ("--when", when)]).json
            for agent, actions, resource, conditions in FIXTURE]
        mesh.wait_applied()
        yield mesh


def ask(mesh, method, path, body=None, key=KEY, headers=()):
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", mesh.tcp, timeout=30)) as client:
        client.request(method, path, body=None if body is None else json.dumps(body),
                       headers={**({"Content-Type": "application/json"} if body is not None else {}),
                                **({"Authorization": f"Bearer {key}"} if key else {}), **dict(headers)})
        reply = client.getresponse()
        text = reply.read().decode()
        return reply.status, json.loads(text) if text and "json" in reply.headers["Content-Type"] else text, reply.headers


def evaluation(agent, action, resource, **more):
    return {"subject": {"type": "user", "id": agent}, "action": {"name": action}, "resource": {"type": "record", "id": resource}, **more}


@pytest.mark.parametrize("case", BASIC, ids=lambda case: case["id"])
def test_basic_certification(mesh, case):
    for _ in range(2):
        status, answer, headers = ask(mesh, "POST", "/access/v1/evaluation", case["request"], headers=[("X-Request-ID", "req-7")])
        assert status == case["status"] and headers["X-Request-ID"] == "req-7"
        assert headers["Content-Type"].startswith("application/json")
        if status == 200:
            assert isinstance(answer["decision"], bool) and answer["decision"] == case.get("decision", answer["decision"])
        else:
            assert isinstance(answer, str)


def test_basic_on_the_socket(mesh):
    for case in BASIC:
        with contextlib.closing(mesh[1].door()) as door:
            status, text, _ = door.ask("POST", "/access/v1/evaluation", case["request"])
        assert status == case["status"] and ("decision" not in case or json.loads(text)["decision"] == case["decision"]), case["id"]


GATED = [("POST", f"/access/v1/{path}") for path in ("evaluation", "evaluations", "search/subject", "search/resource", "search/action")] + [
    ("POST", "/v1/holds"), ("POST", "/v1/holds/x/settle"), ("POST", "/v1/preview"), ("GET", "/v1/events"), ("GET", "/metrics")]


def test_callers_authenticate(mesh):
    credential = mesh.issued[0]["credential"]
    before = mesh[1].metrics()
    for key in (None, "x", KEY + "x", KEY[:-1], KEY.upper(), credential, hashlib.sha256(KEY.encode()).hexdigest(), "ab" * 32):
        for method, path in GATED:
            status, answer, headers = ask(mesh, method, path, evaluation("alice", "read", "record-1") if method == "POST" else None, key=key)
            assert status in (401, 429) and headers["WWW-Authenticate"] in ("Bearer", None), (key, path, status)
            assert status == 429 or headers["WWW-Authenticate"] == "Bearer"
    after = mesh[1].metrics()
    decided = {name: value - before.get(name, 0) for name, value in after.items() if name.startswith("penstock_decisions_total")}
    assert not any(decided.values()), "something was decided for a stranger"
    for path in ("/livez", "/readyz", "/.well-known/authzen-configuration"):
        assert ask(mesh, "GET", path, key=None)[0] == 200
    # A grant is named in the body then.
    status, answer, _ = ask(mesh, "POST", "/access/v1/evaluation", question(credential, action="read", resource=("record", "record-1")))
    assert status == 200 and answer["decision"] is True and answer["context"]["grant_id"] == mesh.issued[0]["grant_id"]


def test_what_the_metadata_say(mesh):
    status, found, _ = ask(mesh, "GET", "/.well-known/authzen-configuration", key=None)
    base = f"http://127.0.0.1:{mesh.tcp}"
    assert status == 200 and found["policy_decision_point"] == base
    paths = {"access_evaluation_endpoint": "evaluation", "access_evaluations_endpoint": "evaluations", "search_subject_endpoint": "search/subject",
             "search_resource_endpoint": "search/resource", "search_action_endpoint": "search/action"}
    assert {name: found[name] for name in paths} == {name: f"{base}/access/v1/{path}" for name, path in paths.items()}
    for name in paths:
        assert ask(mesh, "GET", found[name].removeprefix(base))[0] == 405
    assert found["supported_obligations"] == ["custom", "session_termination"]


def test_a_credential_that_is_shown_is_the_only_name(mesh):
    """Nobody who shows one that is not good is decided about by subject."""
    for credential in ("x", "pst_" + "A" * 49, mesh.issued[3]["credential"]):
        status, answer, _ = ask(mesh, "POST", "/access/v1/evaluation", evaluation("alice", "read", "record-1", context={"credential": credential}))
        assert status == 200 and answer["decision"] is False, credential
    with contextlib.closing(mesh[1].door()) as door:
        _, text, _ = door.ask("POST", "/access/v1/evaluation", evaluation("alice", "read", "record-1"), headers={"Authorization": "Bearer x"})
    assert json.loads(text)["decision"] is False


def test_subjects_decide_nothing_where_nobody_vouches_for_them():
    """Neither at a port without keys, nor under a type that is not configured."""
    port = free_ports(1)
    with Mesh(max_staleness="2s", settings=f"port: {port}\nsubjects: user=agent\n") as mesh:
        mesh.tcp = port
        mesh.run("grant issue", "--agent", "alice", "--allow", "read", "--resource", "record:*")
        mesh.wait_applied()
        status, answer, _ = ask(mesh, "POST", "/access/v1/evaluation", evaluation("alice", "read", "record-1"), key=None)
        assert status == 200 and answer["context"]["reason"] == "unknown_credential"
        assert ask(mesh, "POST", "/access/v1/search/resource", evaluation("alice", "read", "x"), key=None)[0] == 403
        with contextlib.closing(mesh[1].door()) as door:
            other = {**evaluation("alice", "read", "record-1"), "subject": {"type": "agent", "id": "alice"}}
            assert json.loads(door.ask("POST", "/access/v1/evaluation", other)[1])["context"]["reason"] == "unknown_credential"
            assert json.loads(door.ask("POST", "/access/v1/evaluation", evaluation("alice", "read", "record-1"))[1])["decision"] is True


def test_batches_by_subject(mesh):
    items = [{"resource": {"type": "record", "id": id}} for id in ("record-1", "record-2", "record-1")] + [{"resource": {"type": "record"}}]
    body = {**evaluation("alice", "write", "-"), "evaluations": items}
    for semantic, expected in (("execute_all", [True, False, True, False]), ("deny_on_first_deny", [True, False]), ("permit_on_first_permit", [True])):
        status, answer, _ = ask(mesh, "POST", "/access/v1/evaluations", {**body, "options": {"evaluations_semantic": semantic}})
        assert status == 200 and [item["decision"] for item in answer["evaluations"]] == expected and "decision" not in answer
    status, answer, _ = ask(mesh, "POST", "/access/v1/evaluations", {**evaluation("alice", "write", "record-1"), "evaluations": []})
    assert status == 200 and answer["decision"] is True
    assert ask(mesh, "POST", "/access/v1/evaluations", {**body, "options": {"evaluations_semantic": "any"}})[0] == 400


def search(mesh, wanted, body, **page):
    status, answer, _ = ask(mesh, "POST", f"/access/v1/search/{wanted}", {**body, **({"page": page} if page else {})})
    assert status == 200, answer
    assert list(answer)[0] == "page" and answer["page"]["count"] == len(answer["results"])
    return answer


def test_searches(mesh):
    who = {"subject": {"type": "user"}, "action": {"name": "read"}, "resource": {"type": "record", "id": "record-1"}}
    assert search(mesh, "subject", who)["results"] == [{"type": "user", "id": "alice"}, {"type": "user", "id": "bob"}]
    writing = {**who, "action": {"name": "write"}}
    assert [one["id"] for one in search(mesh, "subject", writing)["results"]] == ["alice"]
    archived = {**writing, "subject": {"type": "user", "properties": {"role": "admin"}}, "resource": {"type": "record", "id": "record-2", "properties": {"status": "archived"}}}
    assert [one["id"] for one in search(mesh, "subject", archived)["results"]] == ["bob"]
    runs = search(mesh, "subject", {**who, "subject": {"type": "run", "id": "ignored"}})["results"]
    assert {one["id"] for one in runs} == {mesh.issued[0]["run_id"], mesh.issued[2]["run_id"]}
    what = {"subject": {"type": "user", "id": "alice"}, "action": {"name": "read"}, "resource": {"type": "record"}}
    found = search(mesh, "resource", what)
    assert found["results"] == [{"type": "record", "id": "record-1"}] and "context" not in found
    found = search(mesh, "resource", {**what, "subject": {"type": "user", "id": "bob"}})
    assert found["results"] == [] and found["context"]["patterns"] == ["*"], "what no list can have is said"
    may = {"subject": {"type": "user", "id": "alice"}, "resource": {"type": "record", "id": "record-1"}}
    assert search(mesh, "action", may)["results"] == [{"name": "read"}, {"name": "write"}]
    assert len(search(mesh, "action", {**may, "action": {"name": "-", "properties": {"soft": True}}})["results"]) == 3
    for unknown in ({**who, "subject": {"type": "planet"}}, {**who, "resource": {"type": "planet", "id": "record-1"}}):
        assert search(mesh, "subject", unknown)["results"] == []
    for unknown in ({**what, "subject": {"type": "planet", "id": "alice"}}, {**what, "subject": {"type": "user", "id": "nobody"}}):
        assert search(mesh, "resource", unknown)["results"] == []
    for wanted, body, lack in (("subject", who, "action"), ("subject", who, "resource"), ("resource", what, "subject"), ("action", may, "resource")):
        assert ask(mesh, "POST", f"/access/v1/search/{wanted}", {key: value for key, value in body.items() if key != lack})[0] == 400


def test_pages(mesh):
    agents = [f"page-{number:02}" for number in range(13)]
    for number, agent in enumerate(agents):
        for _ in range(2 if number % 3 else 1):
            mesh.run("grant issue", "--agent", agent, "--allow", "list", *[part for one in range(3) for part in ("--resource", f"folder:{one}-{agent}")], "--resource", "folder:all")
    mesh.wait_applied()
    who = {"subject": {"type": "user"}, "action": {"name": "list"}, "resource": {"type": "folder", "id": "all"}}
    what = {"subject": {"type": "user", "id": agents[1]}, "action": {"name": "list"}, "resource": {"type": "folder"}}
    for wanted, body, expected in (("subject", who, set(agents)), ("resource", what, {"all", *(f"{one}-{agents[1]}" for one in range(3))})):
        for limit in (1, 2, 5, 100):
            seen, token, pages = [], None, 0
            while token != "":
                answer = search(mesh, wanted, body, limit=limit, **({"token": token} if token else {}))
                assert len(answer["results"]) <= limit
                seen += [one["id"] for one in answer["results"]]
                token, pages = answer["page"]["next_token"], pages + 1
                assert pages < 50 and re.fullmatch(r"[0-9a-f]*", token)
            assert len(seen) == len(set(seen)) and set(seen) == expected, (wanted, limit)
        token = search(mesh, wanted, body, limit=1)["page"]["next_token"]
        for other in ({**body, "action": {"name": "read"}}, {**body, "context": {"x": 1}}):
            assert ask(mesh, "POST", f"/access/v1/search/{wanted}", {**other, "page": {"token": token}})[0] == 400
        for bad in ("x", token[:-1], token + "zz", 7, token[:64], "a" * 5000):
            assert ask(mesh, "POST", f"/access/v1/search/{wanted}", {**body, "page": {"token": bad}})[0] == 400, bad
        for bad in (0, -1, "5", 1.5):
            assert ask(mesh, "POST", f"/access/v1/search/{wanted}", {**body, "page": {"limit": bad}})[0] == 400, bad


def test_a_revoke_ends_it_for_the_subject_too(mesh):
    grants = [mesh.run("grant issue", "--agent", "carol", "--allow", "read", "--resource", "record:*").json for _ in range(3)]
    mesh.wait_applied()
    body = evaluation("carol", "read", "record-1")
    assert ask(mesh, "POST", "/access/v1/evaluation", body)[1]["decision"] is True
    # One of three runs: the others go on, whichever was asked before.
    assert mesh.revoke("--run", grants[0]["run_id"])["state"] == "CLOSED"
    answer = ask(mesh, "POST", "/access/v1/evaluation", body)[1]
    assert answer["decision"] is True and answer["context"]["grant_id"] == grants[1]["grant_id"]
    assert mesh.revoke("--agent", "carol")["state"] == "CLOSED"
    answer = ask(mesh, "POST", "/access/v1/evaluation", body)[1]
    assert answer["decision"] is False and answer["context"]["reason"] == "revoked"
    (obligation,) = answer["context"]["obligations"]
    assert obligation["type"] == "session_termination" and obligation["properties"]["subject"]["type"] == "run"
    who = {"subject": {"type": "user"}, "action": {"name": "read"}, "resource": {"type": "record", "id": "record-1"}}
    assert "carol" not in {one["id"] for one in search(mesh, "subject", who)["results"]}


def test_context_and_obligations(mesh):
    body = evaluation("alice", "read", "record-1", context={"linearizable": True, "at_least": mesh.head(), "patience_ms": 5000})
    assert ask(mesh, "POST", "/access/v1/evaluation", body)[1]["decision"] is True
    late = {**body, "context": {"at_least": 2**62, "patience_ms": 0}}
    assert ask(mesh, "POST", "/access/v1/evaluation", late)[1]["context"]["reason"] == "stale_view"
    for context in ({"linearizable": 1}, {"at_least": -1}, {"attributes": {"x": {"y": 1}}}, {"attributes": {"x": [[1]]}}):
        assert ask(mesh, "POST", "/access/v1/evaluation", {**body, "context": context})[0] == 400, context
    mesh.ledger.pause()
    try:
        answer = ask(mesh, "POST", "/access/v1/evaluation", {**body, "context": {"linearizable": True, "patience_ms": 200}})[1]
        assert answer["decision"] is False and answer["context"]["reason"] == "stale_view"
    finally:
        mesh.ledger.resume()
    eventually("fresh", mesh[1].is_ready)
    with contextlib.closing(mesh[1].door()) as door:
        held = json.loads(door.ask("POST", "/v1/holds", evaluation("alice", "read", "record-1"))[1])["context"]
    (obligation,) = held["obligations"]
    assert obligation["type"] == "custom" and obligation["properties"]["permit_id"] == held["permit"]["id"]
    assert ask(mesh, "POST", f"/v1/holds/{held['permit']['id']}/release", {})[0] == 204


def test_typed_attributes(mesh):
    grant = mesh.run("grant issue", "--agent", "typed", "--allow", "send", "--resource", "mail:*", "--when", "to glob *@example.org",
                     "--when", "resource.size range 0..100", "--when", "ip cidr 10.0.0.0/8", "--when", "kind in news,alert").json
    mesh.wait_applied()
    good = {"to": ["a@example.org", "b@example.org"], "ip": "10.1.2.3", "kind": "news"}

    def decision(size=5, **attributes):
        asked = {"subject": {"type": "user", "id": "typed"}, "action": {"name": "send"}, "resource": {"type": "mail", "id": "1", "properties": {"size": size}},
                 "context": {"attributes": {**good, **attributes}}}
        return ask(mesh, "POST", "/access/v1/evaluation", asked)[1]["decision"]
    assert decision() and decision(to="a@example.org") and decision(size=1e2) and decision(kind=["alert", "news"])
    for wrong in ({"to": ["a@example.org", "x@evil.org"]}, {"to": []}, {"ip": "11.0.0.1"}, {"ip": "::ffff:10.0.0.1"}, {"kind": "ad"}, {"size": 101}, {"size": "x"}):
        assert not decision(**wrong), wrong
    shown = mesh.run("grant show", grant["grant_id"]).json["conditions"]
    assert shown == ["to glob *@example.org", "resource.size range 0..100", "ip cidr 10.0.0.0/8", "kind in news,alert"]


@pytest.mark.parametrize("line, problem", [
    ("caller_keys: no-such-file", "cannot read"), ("caller_keys: enforcer-1.yaml", "line 1"), ("subjects: user=planet", "user=planet"), ("subjects: a=b=c", "a=b=c"),
])
def test_settings_that_nobody_can_mean(line, problem):
    with Mesh(start=False) as mesh:
        mesh.ledger.start()
        node = mesh.join("enforcer-1", f"{line}\n")
        assert problem in node.fails_to_start()
