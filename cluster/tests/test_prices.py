"""Priced tools of a real MCP server behind the gateway: what is held, what is spent, and that a record says why."""

import contextlib
import json
import pathlib
import sys

import anyio
import pytest
from mcp import Client, MCPError, StdioServerParameters
from mcp.client.stdio import stdio_client

import harness
from harness import Mesh, eventually, penstock

SERVER = pathlib.Path(__file__).with_name("priced_tools.py")
EXAMPLE = harness.REPOSITORY / "Config/prices.yaml"


@pytest.fixture(scope="module")
def mesh():
    with Mesh(max_staleness="2s") as mesh:
        yield mesh


class Session:
    """Calls tools through `penstock mcp`, one after another."""

    def __init__(self, mesh, grant, name, prices):
        self.mesh, self.seen, self.errors = mesh, mesh.dir / f"{name}.seen", mesh.dir / f"{name}.stderr"
        self.seen.touch()
        (mesh.dir / f"{name}.prices").write_text(prices)
        self.config = mesh.dir / f"{name}.yaml"
        self.config.write_text(f"enforcer: unix:{mesh[1].socket}\nprices: {name}.prices\ncredential_file: {mesh.credential_file(grant)}\n")

    def calls(self, *calls):
        """Outcomes: a reason for what was denied, else the result."""
        async def run():
            command = ["mcp", "--config", str(self.config), "--", sys.executable, str(SERVER), str(self.seen)]
            outcomes = []
            with open(self.errors, "a") as errors:
                transport = stdio_client(StdioServerParameters(command=harness.BINARY, args=command, env=self.mesh.env), errlog=errors)
                async with Client(transport) as client:
                    for tool, arguments in calls:
                        try:
                            outcomes.append(await client.call_tool(tool, arguments))
                        except MCPError as error:
                            outcomes.append(error.data["reason"])
            return outcomes
        return anyio.run(run)

    def reached(self):
        return [json.loads(line) for line in self.seen.read_text().splitlines()]


def spends(mesh, grant, count):
    """The grant's recorded decisions about tools and what ended them, once that many are there."""
    def rows():
        found = mesh.run("audit").json
        tools = [row for row in found if row["grant_id"] == grant["grant_id"] and row["action"] == "tools/call"]
        return len(tools) >= count and sorted(tools, key=lambda row: row["sequence"])
    return eventually(f"{count} records", rows)


def derived(tool, basis):
    """What the example's prices make of a basis, with none of the project's code."""
    measured = {name: int(number) for name, number in (part.rsplit("=", 1) for part in basis.split())}
    amounts = {"calls": measured["calls"]}
    if tool == "generate_text":
        amounts["usd_micros"] = 200 + -(-15 * measured["result.structuredContent.usage.output_tokens"] // 1000)
    if tool == "draw_image":
        amounts["usd_micros"] = 40000 * measured["arguments.images"]
    return amounts


def test_a_priced_call_is_held_capped_settled_and_derived_again(mesh):
    grant = mesh.grant("--budget", "calls=100", "--budget", "usd_micros=1000000", "--max-amount", "usd_micros=100000")
    session = Session(mesh, grant, "example", EXAMPLE.read_text())
    outcomes = session.calls(
        ("generate_text", {"prompt": "a"}), ("generate_text", {"prompt": "b", "max_tokens": 50}), ("generate_text", {"prompt": "c", "max_tokens": 9999}),
        ("draw_image", {"images": 2}), ("draw_image", {"images": 3}), ("draw_image", {"images": 10**15}), ("draw_image", {}), ("draw_image", {"images": -1}))
    assert outcomes[4:] == ["amount_over_limit", "amount_over_limit", "malformed", "malformed"]
    assert [outcome.structured_content["usage"]["output_tokens"] for outcome in outcomes[:3]] == [700, 50, 700]
    assert [call.get("max_tokens", call.get("images")) for call in session.reached()] == [4096, 50, 4096, 2], "the cap is in the request, and no denied call"

    # Each hold with its settlement after it: that may be recorded after the next call's hold.
    rows = sorted(spends(mesh, grant, 4 * 2 + 4), key=lambda row: (row["ends"] or row["sequence"], row["sequence"]))
    assert [(row["decision"], row["reason"], row["resource"], row["agent_id"]) for row in rows[10:]] == [("deny", "malformed", "tool:draw_image", "agent")] * 2
    rows = rows[:10]
    tools = {row["sequence"]: row["resource"].removeprefix("tool:") for row in rows}
    assert [(row["decision"], row["amounts"]["usd_micros"]) for row in rows] == [
        ("allow", 262), ("settle", 211), ("allow", 201), ("settle", 201), ("allow", 262), ("settle", 211), ("allow", 80000), ("settle", 80000),
        ("deny", 120000), ("deny", (1 << 46) + 1)]
    for row in rows:
        assert row["price_version"] == "2026-11"
        if row["amounts"]["usd_micros"] <= 1 << 46:
            assert derived(tools[row["ends"] or row["sequence"]], row["basis"]) == row["amounts"]
    assert rows[1]["basis"] == "calls=1 result.structuredContent.usage.output_tokens=700"


def test_a_price_beyond_the_budget_does_not_reach_the_tool(mesh):
    grant = mesh.grant("--budget", "usd_micros=90000")
    session = Session(mesh, grant, "poor", EXAMPLE.read_text())
    outcomes = session.calls(("draw_image", {"images": 2}), ("draw_image", {"images": 1}))
    assert outcomes[1] == "budget_exhausted" and [call["images"] for call in session.reached()] == [2]
    other = mesh.grant("--budget", "calls=10")
    session = Session(mesh, other, "unbudgeted", EXAMPLE.read_text())
    assert session.calls(("draw_image", {"images": 1})) == ["unit_not_budgeted"] and session.reached() == []


def test_a_table_that_cannot_be_read_says_where(mesh):
    prices = EXAMPLE.read_text().replace("per_call: 5000", "per_cal: 5000")
    session = Session(mesh, mesh.grant(), "typo", prices)
    result = penstock("mcp", "--config", session.config, "--", "true", expect=1)
    line = 1 + next(number for number, text in enumerate(prices.splitlines()) if "per_cal: 5000" in text)
    assert f"typo.prices line {line}: there is no 'per_cal' here; there are tool, unit, per_call" in result.err
    session.config.write_text(f"enforcer: embedded\nprices: nowhere.yaml\ncredential_file: {mesh.credential_file(mesh.grant())}\n")
    assert "cannot read the prices" in penstock("mcp", "--config", session.config, "--", "true", expect=1).err


def test_declared_versions_are_recorded(mesh):
    grant = mesh.grant("--budget", "usd_micros=1000")
    body = harness.question(grant["credential"], amounts={"usd_micros": 30}, price_version="mine-7", basis="pages=10")
    with contextlib.closing(mesh[1].door()) as door:
        status, text, _ = door.ask("POST", "/v1/holds", body)
        permit = json.loads(text)["context"]["permit"]["id"]
        assert door.ask("POST", f"/v1/holds/{permit}/settle", {"amounts": {"usd_micros": 12}, "price_version": "mine-7", "basis": "pages=4"})[0] == 204
        assert door.ask("POST", "/v1/holds", harness.question(grant["credential"], price_version=7))[0] == 400
    held, settled = spends(mesh, grant, 2)
    assert (held["decision"], held["price_version"], held["basis"]) == ("allow", "mine-7", "pages=10")
    assert (settled["decision"], settled["amounts"], settled["price_version"], settled["basis"]) == ("settle", {"usd_micros": 12}, "mine-7", "pages=4")
