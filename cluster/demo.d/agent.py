"""An agent: a real MCP client (PyPI `mcp`) that calls git tools at a steady rate until it is told to stop.

usage: agent.py REPOSITORY CALLS_PER_SECOND COMMAND ARG...

COMMAND is the MCP server as the agent knows it. Prints one JSON object a line: what tools it was shown, then each
call's outcome with the times (CLOCK_MONOTONIC, nanoseconds) at which it was made and answered. It does not mind
denials: it goes on, as a runaway would. Ends when its standard input does.
"""
import contextlib
import json
import os
import sys
import time
import warnings

import anyio
from mcp import Client, MCPError, StdioServerParameters
from mcp.client.stdio import stdio_client

REPOSITORY, RATE, COMMAND = sys.argv[1], float(sys.argv[2]), sys.argv[3:]
CALLS = [("git_status", {"repo_path": REPOSITORY}), ("git_log", {"repo_path": REPOSITORY, "max_count": 3})]


def say(**what):
    os.write(1, (json.dumps(what) + "\n").encode())


async def call(client, number):
    if number % 5 == 0:
        # A notification gets no answer, so nobody here learns whether it passed; the tap does.
        with contextlib.suppress(Exception), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            await client.send_roots_list_changed()
    tool, arguments = CALLS[number % len(CALLS)]
    made = time.monotonic_ns()
    try:
        result = await client.call_tool(tool, arguments)
        outcome, detail = ("tool_error", str(result.content)[:300]) if result.is_error else ("ok", "")
    except MCPError as error:
        data = error.data if isinstance(error.data, dict) else {}
        outcome, detail = data.get("reason", "error"), error.message
    say(call=number, tool=tool, made=made, answered=time.monotonic_ns(), outcome=outcome, detail=detail)


async def work(client, scope):
    async with anyio.create_task_group() as calls:
        start, number = anyio.current_time(), 0
        while not scope.cancel_called:
            calls.start_soon(call, client, number)
            number += 1
            with scope:
                await anyio.sleep_until(start + number / RATE)


async def shown(client):
    """The tools that the grant lets the agent see; a node that has just started needs a moment for its view."""
    deadline = anyio.current_time() + 10
    while True:
        try:
            tools = [tool.name for tool in (await client.list_tools(cache_mode="bypass")).tools]
            if tools or anyio.current_time() > deadline:
                return tools
        except MCPError as error:
            if anyio.current_time() > deadline:
                raise
        await anyio.sleep(0.05)


async def main():
    server = StdioServerParameters(command=COMMAND[0], args=COMMAND[1:], env=dict(os.environ))
    async with Client(stdio_client(server)) as client:
        say(tools=await shown(client), protocol=client.protocol_version)
        scope = anyio.CancelScope()
        async with anyio.create_task_group() as group:
            group.start_soon(work, client, scope)
            await anyio.to_thread.run_sync(sys.stdin.read)
            scope.cancel()


anyio.run(main)
