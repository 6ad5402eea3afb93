"""What a grant says and what a call says, and that both are read in one way."""

import contextlib
import json
import os
import re
import subprocess

import pytest

import harness
from harness import Mesh


@pytest.fixture(scope="module")
def mesh():
    with Mesh(max_staleness="2s") as mesh:
        yield mesh


def ask(mesh, path, grant, **context):
    body = {"subject": {"type": "agent", "id": "a"}, "action": {"name": "tools/call"}, "resource": {"type": "tool", "id": "t"}, "context": context}
    with contextlib.closing(mesh[1].door()) as door:
        status, text, _ = door.ask("POST", path, body, {"Authorization": f"Bearer {grant['credential']}"})
    assert status == 200, text
    return json.loads(text)


def verdict(answer):
    return answer["context"]["permit"]["id"] if answer["decision"] else answer["context"]["reason"]


def test_a_retry_is_the_same_call_or_a_mismatch(mesh):
    grant = mesh.grant("--when", "arguments.path ^= /srv/", "--budget", "calls=100", "--budget", "tokens=100")
    mesh.wait_applied()
    first = {"amounts": {"calls": 1, "tokens": 5}, "attributes": {"arguments.path": "/srv/a", "x": "1"}, "call_id": "k"}
    permit = verdict(ask(mesh, "/v1/holds", grant, **first))
    same = {"attributes": {"x": "1", "arguments.path": "/srv/a"}, "amounts": {"tokens": 5, "calls": 1}, "call_id": "k"}
    assert verdict(ask(mesh, "/v1/holds", grant, **same)) == permit
    for change in [
        {"attributes": {"arguments.path": "/srv/b", "x": "1"}}, {"attributes": {"arguments.path": "/srv/a"}}, {"attributes": {"arguments.path": "/srv/a", "x": "1", "y": "2"}},
        {"attributes": {"arguments.path": "/srv/ax", "x": ""}}, {"amounts": {"calls": 1}}, {"amounts": {"calls": 1, "tokens": 6}}, {"arguments_digest": "ab" * 32}, {"at_least": 1},
    ]:
        assert verdict(ask(mesh, "/v1/holds", grant, **{**first, **change})) == "duplicate_mismatch", change
    assert verdict(ask(mesh, "/access/v1/evaluation", grant, **first)) == "duplicate_mismatch"
    assert verdict(ask(mesh, "/v1/holds", grant, **{**first, "call_id": "other", "attributes": {"arguments.path": "/etc"}})) == "resource_out_of_bounds"


def test_numbers_are_numbers_and_texts_are_texts(mesh):
    grant = mesh.grant("--when", "n != 3", "--when", "m <= 1.5e1", "--when", "who == caf\u00e9")
    mesh.wait_applied()
    good = {"n": 4, "m": 15, "who": "caf\u00e9"}
    assert ask(mesh, "/access/v1/evaluation", grant, attributes=good)["decision"]
    assert ask(mesh, "/access/v1/evaluation", grant, attributes={**good, "m": 14.99})["decision"]
    for change in [{"n": 3.0}, {"n": "3.0"}, {"n": 3}, {"m": 15.000001}, {"m": "x"}, {"who": "cafe\u0301"}, {"who": "caf\u00e9 "}]:
        assert verdict(ask(mesh, "/access/v1/evaluation", grant, attributes={**good, **change})) == "resource_out_of_bounds", change


def test_what_nobody_can_mean_is_not_issued(mesh):
    for flags in [
        ["--resource", "tool:*_read"], ["--resource", "too*:x"], ["--resource", "tool:a?"], ["--approval", "*/call"], ["--allow", "{a,b}"], ["--allow", "a**"],
        ["--principal", "team-*"], ["--draw", "org*"], ["--when", "p != *.exe"], ["--when", "p < ten"], ["--when", "p == a\u202eb"], ["--purpose", "x\u061cy"],
    ]:
        assert mesh.run("grant issue", "--agent", "a", "--allow", "tools/call", *flags, expect=None).code in (1, 64), flags
    assert mesh.run("grant issue", "--agent", "a", "--allow", "tools/call", "--resource", "resource:https://example.com/?q=*").json["grant_id"]


def test_a_selector_names_one(mesh):
    for command in [["revoke", "--agent", "build*"], ["suspend", "--run", "*"], ["budget create", "b", "--unit", "calls", "--ceiling", "1", "--for", "agent=build*"],
                    ["rate create", "r", "--unit", "calls", "--rate", "1/1s", "--for", "agent=build*"]]:
        assert mesh.run(*command, expect=None).code == 64, command


def test_a_grant_is_explained_and_not_issued(mesh):
    before = mesh.head()
    rows = mesh.run("grant issue", "--agent", "a", "--allow", "tools/*", "--resource", "tool:git_log", "--approval", "tools/call", "--when", "n <= 3", "--explain").json
    assert [row["part"] for row in rows] == ["allow", "resource", "approval", "when"]
    assert "begins with 'tools/'" in rows[0]["meaning"] and "exactly 'git_log'" in rows[1]["meaning"] and mesh.head() == before
    assert "only a '*' at the end" in mesh.run("grant issue", "--agent", "a", "--allow", "*x", "--explain", expect=1).error["message"]


def test_a_member_that_comes_twice_is_refused(mesh):
    path = mesh.dir / "twice.json"
    for text in [
        '{"agent_id":"a","allowed_actions":["x"],"budgets":{"calls":9},"budgets":{"calls":1}}', '{"agent_id":"a","agent_id":"b","allowed_actions":["x"]}',
        '{"agent_id":"a","allowed_actions":["x"],"budgets":{"calls":9,"calls":1}}', '{"agent_id":"a","allowed_actions":["x"],"\\u0061gent_id":"b"}',
    ]:
        path.write_text(text)
        assert "comes twice" in mesh.run("grant issue", "--file", path, expect=1).error["message"]


@pytest.mark.parametrize("text", [
    "2031-02-29T00:00:00Z", "2030-06-31T00:00:00Z", "2030-01-01T24:00:00Z", "2030-01-01T00:00:61Z", "2030-01-01T00:00:00", "2030-01-01T00:00:00Z ", "2030-01-01 00:00:00Z",
    "2030-01-01T00:00:00+24:00", "2030-01-01T00:00:00+0500", "2030-01-01T00:00:00.Z", "2030-13-01T00:00:00Z", "2030-00-10T00:00:00Z", "20300101T000000Z", "+2030-01-01T00:00:00Z",
])
def test_times_are_times(mesh, text):
    assert mesh.run("grant issue", "--agent", "a", "--allow", "x", "--ttl", "3000d", "--not-before", text, expect=None).code in (1, 64)


def test_a_time_with_an_offset_is_the_time_that_it_says(mesh):
    grant = mesh.run("grant issue", "--agent", "a", "--allow", "x", "--ttl", "3000d", "--not-before", "2028-02-29T23:30:00.25-01:30").json
    assert mesh.run("grant show", grant["grant_id"]).json["not_before"] == "2028-03-01T01:00:00.250Z"


def test_a_denial_says_when_to_ask_again(mesh):
    grant = mesh.grant(agent="slow")
    mesh.run("throttle", "--agent", "slow", "--rate", "2/30s", "--for", "60s")
    mesh.wait_applied()
    answers = [ask(mesh, "/access/v1/evaluation", grant) for _ in range(3)]
    assert [verdict(answer) for answer in answers][2] == "rate_limited" and 10_000 < answers[2]["context"]["retry_after_ms"] <= 15_100, "the next of two in 30 s"
    late = mesh.grant("--not-before", "2035-01-01T00:00:00Z", "--ttl", "4000d")
    mesh.wait_applied()
    answer = ask(mesh, "/access/v1/evaluation", late)
    assert verdict(answer) == "not_yet_valid" and answer["context"]["retry_after_ms"] > 86_400_000


def test_an_output_that_cannot_be_written(mesh):
    for command in (["status"], ["log", "show"], ["grant", "list"]):
        with open("/dev/full", "w") as full:
            done = subprocess.run([harness.BINARY, *command, "--dir", mesh.dir], stdout=full, stderr=subprocess.PIPE, text=True, env=mesh.env)
        assert done.returncode == 1 and done.stderr == "penstock: cannot write standard output: No space left on device\n"
    read, write = os.pipe()
    os.close(read)
    for target in (open("/dev/full", "w"), open(write, "w")):
        with target:
            done = subprocess.run(
                [harness.BINARY, "grant", "issue", "--dir", mesh.dir, "--agent", "lost", "--allow", "x"], stdout=target, stderr=subprocess.PIPE, text=True, env=mesh.env)
        grant = re.search(r"grt_[\w-]+", done.stderr)[0]
        assert done.returncode == 1 and "revoke it" in done.stderr and mesh.run("grant show", grant).json["agent_id"] == "lost"
