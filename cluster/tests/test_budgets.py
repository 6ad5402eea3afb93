"""Ceilings on real processes: many levels and units, windows, ceilings that move, debts, recall, and what a lost node leaves."""

import contextlib
import json
import shutil
import signal
import time

import pytest

from harness import Mesh, Prober, eventually, penstock, question, reason


@pytest.fixture(scope="module")
def mesh():
    with Mesh(enforcers=2) as mesh:
        yield mesh


def budget(mesh, name, ceiling, *flags, unit="calls"):
    return mesh.run("budget create", name, "--unit", unit, "--ceiling", ceiling, *flags).json


def shown(mesh, name):
    """One budget's row. Where every unit is must add up at any moment."""
    (row,) = mesh.run("budget show", name).json
    assert row["settled"] + row["out"] + row["unallocated"] == row["ceiling"] + row["debt"] + row["overcommitted"], row
    return row


def call(node, grant, amount=1, unit="calls", **context):
    return reason(node.evaluate(grant["credential"], amounts={unit: amount}, **context))


class Holds:
    def __init__(self, node, grant):
        self.node, self.grant = node, grant

    def ask(self, path, body):
        with contextlib.closing(self.node.door()) as door:
            status, text, _ = door.ask("POST", path, body)
        return status, json.loads(text) if text else None

    def hold(self, **context):
        status, answer = self.ask("/v1/holds", question(self.grant["credential"], **context))
        assert status == 200, answer
        return answer["context"]["permit"]["id"] if answer["decision"] else answer["context"]["reason"]

    def settle(self, permit, **amounts):
        return self.ask(f"/v1/holds/{permit}/settle", {"amounts": amounts})

    def release(self, permit):
        return self.ask(f"/v1/holds/{permit}/release", {})


def test_every_level_is_debited_and_the_least_one_stops(mesh):
    budget(mesh, "org", 100)
    budget(mesh, "team", 50, "--parent", "org")
    budget(mesh, "ann", 40, "--parent", "team", "--for", "principal=ann")
    budget(mesh, "writers", 9, "--for", "agent-class=writer")
    grant = mesh.grant("--principal", "ann", "--agent-class", "writer", "--budget", "calls=20", "--run", "levels")
    other = mesh.grant("--principal", "ann", "--agent-class", "reader", "--budget", "calls=20")
    # A budget covers what was issued before it, too.
    budget(mesh, "one-run", 1000, "--for", "run=levels")
    mesh.wait_applied()
    answers = [call(mesh[1], grant) for _ in range(12)]
    assert answers == ["allow"] * 9 + ["budget_exhausted"] * 3
    assert call(mesh[1], other) == "allow", "its class has a budget of its own"

    def levels():
        return [shown(mesh, name)["settled"] for name in ("org", "team", "ann", "writers", "one-run", grant["grant_id"])]
    eventually("reported", lambda: levels() == [10, 10, 10, 9, 9, 9])


def test_units_are_held_together_or_not_at_all(mesh):
    grant = mesh.grant("--budget", "calls=10", "--budget", "tokens=1000", "--budget", "usd_micros=50")
    mesh.wait_applied()
    asked = {"calls": 1, "tokens": 300, "usd_micros": 20}
    answers = [reason(mesh[1].evaluate(grant["credential"], amounts=asked)) for _ in range(4)]
    assert answers == ["allow", "allow", "budget_exhausted", "budget_exhausted"], "the third would need 60 of 50 usd_micros"
    settled = eventually("reported", lambda: (rows := {row["unit"]: row["settled"] for row in mesh.run("budget show", grant["grant_id"]).json})["calls"] == 2 and rows)
    assert settled == {"calls": 2, "tokens": 600, "usd_micros": 40}


def test_every_call_is_one_of_calls(mesh):
    """Whatever it declares, at whichever door, from whichever budget; what settles it cannot undo it."""
    budget(mesh, "desk", 4, "--for", "agent=clerk")
    for grant, node in [(mesh.grant("--budget", "calls=4", "--budget", "tokens=99"), mesh[1]), (mesh.grant("--budget", "tokens=99", agent="clerk"), mesh[2])]:
        mesh.wait_applied()
        holds = Holds(node, grant)
        assert reason(node.evaluate(grant["credential"])) == "allow", "no amounts at all"
        assert call(node, grant, 0) == "allow", "an amount of 0"
        permit = holds.hold(amounts={"tokens": 5})
        assert holds.settle(permit, calls=0, tokens=0)[0] == 204
        assert holds.release(holds.hold())[0] == 204, "what never left was no call"
        item = json.loads(json.dumps(question(grant["credential"])))
        with contextlib.closing(node.door()) as door:
            status, text, _ = door.ask("POST", "/access/v1/evaluations", item | {"evaluations": [{}, {}, {}]})
        answers = [answer["decision"] for answer in json.loads(text)["evaluations"]]
        assert (status, answers) == (200, [True, False, False]), "each question of a batch is a call"
        spent = node.evaluate(grant["credential"])
        assert reason(spent) == reason(node.evaluate(grant["credential"], amounts={"tokens": 0})) == "budget_exhausted"
        assert spent["context"]["limit"]["unit"] == "calls" and spent["context"]["limit"]["could_get"] == 0


def test_a_denial_says_what_it_met_and_what_could_be_had(mesh):
    budget(mesh, "small", 100, "--for", "run=named", unit="tokens")
    grant = mesh.grant("--budget", "tokens=1000", "--rate", "files=2/1h", "--max-amount", "tokens=500", "--run", "named")
    mesh.wait_applied()
    holds = Holds(mesh[1], grant)

    def limit(amount, unit="tokens"):
        context = mesh[1].evaluate(grant["credential"], amounts={unit: amount})["context"]
        return context["reason"], context["limit"]
    permit = holds.hold(amounts={"tokens": 60})
    reason, met = limit(70)
    assert reason == "budget_held_elsewhere", "the call under way may give back enough"
    assert met == {"kind": "budget", "name": "small", "unit": "tokens", "could_get": 100, "held_here": 60, "held_elsewhere": 0}
    # What the ledger was asked for just before may be answered first.
    met = eventually("it could never pass", lambda: (said := limit(101))[0] == "budget_exhausted" and said[1])
    assert met["could_get"] == 100
    assert holds.settle(permit, tokens=50)[0] == 204
    eventually("told", lambda: shown(mesh, "small")["settled"] == 50)
    reason, met = limit(51)
    assert (reason, met["name"], met["could_get"]) == ("budget_exhausted", "small", 50)
    assert limit(501) == ("amount_over_limit", {"kind": "max_amount", "unit": "tokens", "could_get": 500})
    assert limit(3, "files")[1] == {"kind": "rate", "name": f"{grant['grant_id']}/files", "unit": "files", "could_get": 2}
    assert limit(1, "no\u202esuch")[1] == {"kind": "budget", "unit": "no\\u{202e}such"}, "what a caller wrote is shown safely"
    recorded = eventually("audited", lambda: [row["limit"] for row in mesh.run("audit", "--grant", grant["grant_id"], "--decision", "deny").json if row["reason"] == "budget_exhausted"])
    assert set(recorded) == {"budget small tokens"}
    mesh.check(grant, "--amount", "tokens=51", expect=3)


def test_a_ceiling_moves_while_it_is_in_use(mesh):
    budget(mesh, "moved", 5)
    grant = mesh.grant("--draw", "moved")
    mesh.wait_applied()
    assert [call(mesh[1], grant) for _ in range(6)] == ["allow"] * 5 + ["budget_exhausted"]
    mesh.run("budget set-ceiling", "moved", 8, "--reason", "more work")
    assert [call(mesh[1], grant) for _ in range(4)] == ["allow"] * 3 + ["budget_exhausted"]
    eventually("reported", lambda: shown(mesh, "moved")["settled"] == 8)
    mesh.run("budget set-ceiling", "moved", 6)
    row = shown(mesh, "moved")
    assert (row["overcommitted"], row["unallocated"]) == (2, 0)
    assert call(mesh[2], grant) == "budget_exhausted"
    mesh.run("budget set-ceiling", "moved", 9)
    assert (shown(mesh, "moved")["overcommitted"], call(mesh[2], grant), call(mesh[1], grant)) == (0, "allow", "budget_exhausted")


def test_a_loop_on_a_spent_budget_leaves_the_ledger_alone(mesh):
    grant = mesh.grant("--budget", "calls=5")
    mesh.wait_applied()
    assert [call(mesh[1], grant) for _ in range(6)] == ["allow"] * 5 + ["budget_exhausted"]
    began, asked = time.monotonic(), mesh.status()["counters"]["reserves"]
    calls = 0
    while time.monotonic() < began + 3:
        assert call(mesh[1], grant) == "budget_exhausted"
        calls += 1
    assert calls > 100
    assert mesh.status()["counters"]["reserves"] - asked <= 4
    # A ceiling that is raised is noticed at once all the same.
    mesh.run("budget set-ceiling", f"{grant['grant_id']}/calls", "7", "--reason", "more")
    mesh.wait_applied()
    assert [call(mesh[1], grant) for _ in range(3)] == ["allow"] * 2 + ["budget_exhausted"]


def test_lowering_calls_back_what_is_idle(mesh):
    grant = mesh.grant("--budget", "tokens=1000000")
    name = grant["grant_id"]
    mesh.wait_applied()
    assert call(mesh[1], grant, 1000, "tokens") == "allow"
    eventually("a slice is out beside what was spent", lambda: shown(mesh, name)["out"] > 0)
    mesh.run("budget set-ceiling", f"{name}/tokens", 1000)
    eventually("back", lambda: (row := shown(mesh, name))["out"] == 0 and row["overcommitted"] == 0 and row["settled"] == 1000)
    assert call(mesh[2], grant, 1, "tokens") == "budget_exhausted"


def test_a_debt_freezes_its_grant_and_what_it_exceeds(mesh):
    budget(mesh, "models", 1000, unit="usd_micros")
    budget(mesh, "team-m", 200, "--parent", "models", unit="usd_micros")
    grant, mate, other = (mesh.grant("--draw", name) for name in ("team-m", "team-m", "models"))
    mesh.wait_applied()
    holds = Holds(mesh[1], grant)
    permit, second = holds.hold(amounts={"usd_micros": 50}), holds.hold(amounts={"usd_micros": 50})
    assert holds.settle(permit, usd_micros=120)[0] == 204
    # Told before the answer: it would outlive the disk of its node.
    row = shown(mesh, "team-m")
    assert (row["frozen"], len(row["open_debts"])) == (False, 1)
    mesh.wait_applied()
    denied = mesh[2].evaluate(grant["credential"])
    assert reason(denied) == "budget_frozen" and denied["context"]["limit"] == {"kind": "grant", "name": grant["grant_id"]}
    assert call(mesh[2], mate, 1, "usd_micros") == call(mesh[2], other, 1, "usd_micros") == "allow", "both have room for it"
    assert "a grant is frozen: accept with 'budget accept-debt" in mesh.run("budget show", "team-m", "-o", "table").out
    assert holds.settle(second, usd_micros=300)[0] == 204
    row = shown(mesh, "team-m")
    assert row["frozen"] and row["debt"] > 0 and not shown(mesh, "models")["frozen"]
    for node in mesh.enforcers:
        eventually("slices of before are called back", lambda: call(node, mate, 1, "usd_micros") == "budget_frozen")
    assert mesh[1].evaluate(mate["credential"], amounts={"usd_micros": 1})["context"]["limit"]["name"] == "team-m"
    assert call(mesh[2], other, 1, "usd_micros") == "allow"
    assert mesh.run("budget accept-debt", 1, expect=4).error["code"] == "not_found"
    mesh.run("budget accept-debt", *row["open_debts"], "--reason", "it was worth it")
    assert mesh.run("budget accept-debt", *row["open_debts"], expect=2).error["code"] == "exists"
    row = shown(mesh, "team-m")
    assert (row["debt"], row["frozen"], row["open_debts"]) == (0, False, []) and row["overcommitted"] > 0
    eventually("denied for good", lambda: call(mesh[2], mate, 1, "usd_micros") == "budget_exhausted")


def test_an_absurd_report_is_put_right(mesh):
    """Charged at what its operator believes, or not at all; or the ceiling goes above it."""
    absurd = 2 ** 45
    budget(mesh, "org-a", 1_000_000, unit="tokens")
    grant, victim = (mesh.grant("--draw", "org-a") for _ in range(2))
    mesh.wait_applied()
    holds = Holds(mesh[1], grant)

    def report():
        assert holds.settle(holds.hold(amounts={"tokens": 10}), tokens=absurd)[0] == 204
        (position,) = shown(mesh, "org-a")["open_debts"]
        eventually("it stops all that draw on it", lambda: call(mesh[2], victim, 1, "tokens") == "budget_frozen")
        return position
    position = report()
    assert "0 to what was reported" in mesh.run("budget accept-debt", position, "--amount", absurd, expect=2).error["message"]
    done = mesh.run("budget accept-debt", position, "--amount", 0, "--reason", "no model is that long").json[0]
    assert (done["reported"], done["charged"]) == ({"tokens": absurd - 10}, {"tokens": 0})
    assert call(mesh[2], victim, 1, "tokens") == "allow"
    row = next(row for row in mesh.log() if row["kind"] == "debt_settled")
    assert row["origin"] == "operator" and f"{absurd - 10} tokens reported, 0 charged no model is that long" in row["what"]
    # The victim's own calls, of until it was frozen and since, are few.
    eventually("reported", lambda: 11 <= shown(mesh, "org-a")["settled"] < 200)
    mesh.run("budget accept-debt", report(), "--amount", "tokens=500")
    eventually("reported", lambda: 521 <= shown(mesh, "org-a")["settled"] < 800)
    for _ in range(2):
        mesh.run("budget accept-debt", report())
        assert shown(mesh, "org-a")["overcommitted"] > 0
        row = shown(mesh, "org-a")
        mesh.run("budget set-ceiling", "org-a", row["settled"] + row["out"] + 1000)
        assert call(mesh[2], victim, 1, "tokens") == "allow", "a ceiling is found above it"
    assert shown(mesh, "org-a")["ceiling"] > 2 ** 46 and "%" in mesh.run("budget show", "org-a", "-o", "table").out


def test_a_tolerance_for_debts(mesh):
    budget(mesh, "tolerant", 1000, unit="pages")
    grant = mesh.grant("--draw", "tolerant")
    for bad in ("pages", "pages=-1", "101%", "x%"):
        mesh.run("budget set-tolerance", bad, expect=64)
    assert mesh.run("budget set-tolerance", "pages=20", "1%").json["ppm"] == 10_000
    mesh.wait_applied()
    holds = Holds(mesh[1], grant)
    assert holds.settle(holds.hold(amounts={"pages": 10}), pages=30)[0] == 204
    row = eventually("charged", lambda: (row := shown(mesh, "tolerant"))["settled"] == 30 and row)
    assert (row["frozen"], row["open_debts"]) == (False, []) and call(mesh[1], grant, 1, "pages") == "allow"
    assert holds.settle(holds.hold(amounts={"pages": 10}), pages=31)[0] == 204
    assert call(mesh[1], grant, 1, "pages") == "budget_frozen"
    mesh.run("budget accept-debt", *shown(mesh, "tolerant")["open_debts"])
    assert mesh.run("budget set-tolerance", "0%").json["ppm"] == 0
    assert "debt tolerance pages=20 1.0%" in [row["what"].split("ms, ")[1] for row in mesh.log() if row["kind"] == "settings_changed"]


def test_a_budget_is_moved_and_closed(mesh):
    for name in ("left", "right"):
        budget(mesh, name, 100, unit="rows")
    budget(mesh, "child", 100, "--parent", "left", unit="rows")
    grant = mesh.grant("--draw", "child")
    mesh.wait_applied()
    assert call(mesh[1], grant, 10, "rows") == "allow"
    eventually("reported", lambda: shown(mesh, "left")["settled"] == 10)
    for flags in ([], ["--parent", ""]):
        mesh.run("budget change", "child", *flags, expect=64)
    assert mesh.run("budget change", "child", "--parent", "nowhere", expect=4).error["code"] == "not_found"
    assert "below itself" in mesh.run("budget change", "left", "--parent", "child", expect=2).error["message"]
    mesh.run("budget change", "child", "--parent", "right", "--max-out", 50, "--reason", "new team")
    row = shown(mesh, "child")
    assert (row["parent"], row["max_out"]) == ("right", 50)

    def spends():
        assert call(mesh[2], grant, 1, "rows") == "allow"
        return shown(mesh, "right")["settled"] > 0
    eventually("drawn on its new parent", spends)
    # Reports of what was spent may still come.
    assert "would close" in mesh.run("budget close", "child", "--dry-run").err and not shown(mesh, "child")["closed"]
    mesh.run("budget close", "child", "--yes", "--reason", "done")
    for node in mesh.enforcers:
        eventually("closed", lambda: call(node, grant, 1, "rows") == "budget_closed")
    denied = mesh[1].evaluate(grant["credential"], amounts={"rows": 0})["context"]
    assert (denied["reason"], denied["reason_code"], denied["transient"], denied["limit"]["name"]) == ("budget_closed", 26, False, "child")
    eventually("what was left is its parents'", lambda: shown(mesh, "right")["out"] == 0 and shown(mesh, "left")["out"] == 0)
    assert shown(mesh, "child")["closed"] and ["closed", "what draws on it is denied"] and "closed" in mesh.run("budget list", "-o", "table").out
    assert mesh.run("budget set-ceiling", "child", 9, expect=2).error["code"] == "unavailable"
    assert mesh.run("budget create", "child", "--unit", "rows", "--ceiling", 1, expect=2).error["code"] == "exists"
    assert mesh.run("grant issue", "--agent", "a", "--allow", "*", "--draw", "child", expect=2).error["code"] == "unavailable"
    assert {"budget_changed", "budget_closed"} <= {row["kind"] for row in mesh.log() if row["origin"] == "operator"}


def test_a_ceiling_that_would_cover_nobody_is_refused(mesh):
    budget(mesh, "somebody", 100)

    def made():
        return [row["position"] for row in mesh.log() if row["origin"] == "operator"]
    before = made()
    for selector in ("agent=s1,s2", "agent=a?", "agent= spender", "agent=spender ", "agent=a[12]", "agent=a\u202eb"):
        mesh.run("budget create", "nobody", "--unit", "calls", "--ceiling", 1, "--for", selector, expect=64)
        mesh.run("rate create", "nobody", "--unit", "calls", "--rate", "1/1s", "--for", selector, expect=64)
    assert "no '*'" in mesh.run("budget create", "bud*", "--unit", "calls", "--ceiling", 1, expect=2).error["message"]
    assert "control character" in mesh.run("budget set-ceiling", "somebody", 100, "--reason", "a\x1b[2Jb", expect=2).error["message"]
    assert made() == before


def test_holds_end_once_and_where_they_were_given(mesh):
    grant = mesh.grant("--budget", "usd_micros=1000")
    mesh.wait_applied()
    here, there = Holds(mesh[1], grant), Holds(mesh[2], grant)
    settled, released = here.hold(amounts={"usd_micros": 100}), here.hold(amounts={"usd_micros": 100})
    for end in (there.settle(settled, usd_micros=1), there.release(settled)):
        assert end[0] == 421 and "another node" in end[1]["detail"]
    status, problem = here.settle(settled, usd_micros=1, gold=1)
    assert status == 409 and "gold" in problem["detail"]
    assert here.settle(settled, usd_micros=70)[0] == 204
    assert here.release(released)[0] == 204
    again = [here.settle(settled, usd_micros=70), here.release(settled), here.settle(released, usd_micros=1), here.release(released)]
    assert [status for status, _ in again] == [410] * 4
    assert ["settled" in problem["detail"] for _, problem in again] == [True, True, False, False]
    mesh.run("revoke", "--grant", grant["grant_id"])
    assert here.hold(amounts={"usd_micros": 1}) == "revoked"
    eventually("nothing but what was settled is charged", lambda: (row := shown(mesh, grant["grant_id"]))["settled"] == 70 and row["out"] == 0)


def test_windows_begin_anew_and_late_ends_count_in_their_own(mesh):
    row = budget(mesh, "each-4s", 5, "--window", "4s")
    assert row["name"] == "each-4s"
    grant = mesh.grant("--draw", "each-4s")
    mesh.wait_applied()
    holds = Holds(mesh[1], grant)

    def begin():
        """At the begin of a window: what is left of it suffices for the rest."""
        time.sleep(4 - time.time() % 4 + 0.2)
    begin()
    assert [call(mesh[1], grant) for _ in range(3)] == ["allow"] * 3
    late = holds.hold(amounts={"calls": 2})
    assert call(mesh[1], grant) in ("budget_exhausted", "budget_held_elsewhere")
    first = shown(mesh, "each-4s")
    assert first["window_ends_at"]
    begin()
    assert [call(mesh[2], grant) for _ in range(5)] == ["allow"] * 5, "a new window has all of its ceiling"
    assert holds.release(late)[0] == 204
    second = eventually("reported", lambda: (row := shown(mesh, "each-4s"))["settled"] == 5 and row["out"] == 0 and row)
    assert second["window_number"] > first["window_number"]
    assert call(mesh[2], grant) == "budget_exhausted", "what came back late was of the window before"
    opened = [event for event in mesh.log() if event["kind"] == "window_opened" and "each-4s" in event["what"]]
    assert len(opened) == second["window_number"]


def test_a_calendar_window(mesh):
    budget(mesh, "per-day", 3, "--window", "day@Asia/Kathmandu")
    grant = mesh.grant("--draw", "per-day")
    mesh.wait_applied()
    assert call(mesh[1], grant) == "allow"
    # Kathmandu is 5:45 ahead of UTC.
    assert shown(mesh, "per-day")["window_ends_at"].split("T")[1].startswith("18:15:00")


def test_what_others_hold_is_called_back_before_anyone_is_denied(mesh):
    grant = mesh.grant("--budget", "calls=1000")
    mesh.wait_applied()
    assert {call(mesh[1], grant) for _ in range(200)} == {"allow"}
    # The rest is spent on the other node, to the last unit.
    answers = [call(mesh[2], grant, patience_ms=3000) for _ in range(801)]
    assert answers == ["allow"] * 800 + ["budget_exhausted"]
    assert call(mesh[1], grant) == "budget_exhausted"


def test_at_most_so_much_is_out(mesh):
    budget(mesh, "little-out", 10_000, "--max-out", 20)
    grant = mesh.grant("--draw", "little-out")
    mesh.wait_applied()
    for _ in range(100):
        assert call(mesh[1], grant, patience_ms=3000) == "allow"
    assert shown(mesh, "little-out")["out"] <= 20
    assert call(mesh[1], grant, 21, patience_ms=3000) == "budget_exhausted", "more than may ever be out"


def test_warnings_are_events_and_figures(mesh):
    budget(mesh, "warned", 10, "--warn-at", 50, "--warn-at", 90)
    grant = mesh.grant("--draw", "warned")
    mesh.wait_applied()

    def warned():
        return [event["what"] for event in mesh.log() if event["kind"] == "budget_warned" and event["what"].startswith("warned:")]
    assert {call(mesh[1], grant) for _ in range(6)} == {"allow"}
    assert eventually("the first warning", warned)[0].startswith("warned: 50 %")
    assert {call(mesh[1], grant) for _ in range(4)} == {"allow"}
    eventually("the second warning", lambda: len(warned()) == 2)
    assert "90 %" in warned()[1]
    mesh.wait_applied()
    figures = {name: value for name, value in mesh[2].metrics().items() if 'budget="warned"' in name}
    assert sorted(figures.values()) == [1, 1] and all("penstock_budget_warnings_total" in name for name in figures), figures


def test_bad_input_changes_nothing(mesh):
    budget(mesh, "exists", 10)
    grant = mesh.grant("--budget", "calls=10", "--max-amount", "calls=3")
    mesh.wait_applied()

    def made():
        return [event["kind"] for event in mesh.log() if event["origin"] in ("operator", "issuer")]
    before = made()
    assert mesh.run("budget create", "exists", "--unit", "calls", "--ceiling", 1, expect=2).error["code"] == "exists"
    assert "ceiling is 0" in mesh.run("budget create", "x", "--unit", "calls", "--ceiling=-1", expect=2).error["message"]
    assert mesh.run("budget create", "x", "--unit", "calls", "--ceiling", 1, "--parent", "none", expect=4).error["code"] == "not_found"
    assert "no budget 'exists' in tokens" in mesh.run("budget create", "x", "--unit", "tokens", "--ceiling", 1, "--parent", "exists", expect=4).error["message"]
    assert "1 second" in mesh.run("budget create", "x", "--unit", "calls", "--ceiling", 1, "--window", "10ms", expect=2).error["message"]
    assert "time zone" in mesh.run("budget create", "x", "--unit", "calls", "--ceiling", 1, "--window", "day@Atlantis/Town", expect=2).error["message"]
    for flags in (["--window", "soon"], ["--for", "planet=mars"], ["--ceiling", "9223372036854775808"]):
        mesh.run("budget create", "x", "--unit", "calls", "--ceiling", 1, *flags, expect=64)
    assert mesh.run("budget set-ceiling", "none", 1, expect=4).error["code"] == "not_found"
    assert "ceiling is negative" in mesh.run("budget set-ceiling", "exists", "--", "-1", expect=2).error["message"]
    # A token that the operator's table does not list cannot move a ceiling.
    assert mesh.run("budget set-ceiling", "exists", 11, "--as", "issuer", expect=2).error["code"] == "not_permitted"
    assert made() == before
    for amounts, expected in (({"calls": -1}, "malformed"), ({"calls": 2 ** 63}, "malformed"), ({"calls": 4}, "amount_over_limit")):
        status, text, _ = mesh[1].door().ask("POST", "/v1/holds", question(grant["credential"], amounts=amounts))
        answer = json.loads(text)
        assert status == 400 or answer["context"]["reason"] == expected, (amounts, status, answer)
    assert shown(mesh, grant["grant_id"])["settled"] == 0


def test_what_a_lost_node_leaves_is_shown_and_an_operator_decides():
    with Mesh(enforcers=2) as mesh:
        grant = mesh.grant("--budget", "calls=1000")
        name = grant["grant_id"]
        mesh.wait_applied()
        assert {call(mesh[1], grant) for _ in range(50)} == {"allow"}
        mesh[1].kill()
        row = eventually("silent", lambda: (row := shown(mesh, name))["stranded"] and row)
        left = row["stranded"]
        assert left == sum(s["amount"] - s["returned"] - s["used"] for s in row["slices"] if s["silent"])
        # Its machine is gone: the journal never comes back.
        shutil.rmtree(mesh[1].data)
        mine = 1000 - row["settled"] - left
        assert [call(mesh[2], grant, patience_ms=2000) for _ in range(mine + 1)] == ["allow"] * mine + ["budget_held_elsewhere"]
        mesh.run("budget reclaim", "enforcer-1", "--spent", "--reason", "its disk is gone")
        eventually("charged", lambda: (row := shown(mesh, name))["settled"] == 1000 and row["out"] == 0)
        assert call(mesh[2], grant) == "budget_exhausted"
        assert mesh.run("budget reclaim", "enforcer-1", expect=4).error["code"] == "not_found"


def test_what_a_stopping_node_waits_for_does_not_get_lost():
    with Mesh(enforcers=2) as mesh:
        grant = mesh.grant("--budget", "calls=10")
        mesh.wait_applied()
        holds = Holds(mesh[1], grant)
        permit = holds.hold(amounts={"calls": 10})
        with Prober(mesh[2], grant["credential"], amounts={"calls": 5}, patience_ms=3000):
            time.sleep(0.2)
            mesh[2].signal(signal.SIGTERM)
            assert holds.release(permit)[0] == 204
            mesh[2].stop()
        mesh[1].stop()
        row = shown(mesh, grant["grant_id"])
        assert row["out"] == 0 and row["settled"] in (0, 5, 10), row


def test_a_journal_that_returns_gives_back():
    with Mesh(enforcers=2) as mesh:
        grant = mesh.grant("--budget", "calls=1000")
        name = grant["grant_id"]
        mesh.wait_applied()
        assert {call(mesh[1], grant) for _ in range(50)} == {"allow"}
        mesh[1].kill()
        mesh[1].start()
        eventually("closed from the journal", lambda: (row := shown(mesh, name))["settled"] == 50 and not [s for s in row["slices"] if s["silent"]])
        assert [call(mesh[2], grant, patience_ms=2000) for _ in range(951)] == ["allow"] * 950 + ["budget_exhausted"]


def test_help_teaches():
    text = penstock("help", "budget", "create").out
    for command, word in (("change", "--parent"), ("close", "--dry-run"), ("accept-debt", "--amount"), ("set-tolerance", "1%")):
        assert word in penstock("help", "budget", command).out
    for words in ("--for", "--window", "rolling:1h", "month@Europe/Berlin", "--warn-at", "--max-out"):
        assert words in text
