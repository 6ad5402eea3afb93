"""A stdio MCP server made of fixed behaviour. Writes down every line that reaches it.

usage: plain_server.py SEEN [GO]

Reads nothing until the file GO is there. A tool's name says how it answers: `slow` never; `ask` asks the client something
first; `chatter` says something every 20 ms from then on; `noisy` says 6 MB first; `task` with a task; `big` with 17 MB;
`deep` with 90 levels; anything else with its own parameters.
"""
import json
import os
import sys
import threading
import time

SEEN = open(sys.argv[1], "ab", buffering=0)
LOCK = threading.Lock()


def say(text):
    with LOCK:
        sys.stdout.write(text + "\n")
        sys.stdout.flush()


def chatter():
    number = 0
    while True:
        number += 1
        say(json.dumps({"jsonrpc": "2.0", "method": "notifications/message", "params": {"level": "info", "data": f"news {number}"}}))
        time.sleep(0.02)


while len(sys.argv) > 2 and not os.path.exists(sys.argv[2]):
    time.sleep(0.02)
for line in sys.stdin.buffer:
    try:
        message = json.loads(line)
    except ValueError:
        SEEN.write(b'{"cut":%d}\n' % len(line))
        continue
    SEEN.write(line if line.endswith(b"\n") else line + b"\n")
    if "id" not in message or "method" not in message:
        continue
    number, method, params = json.dumps(message["id"]), message["method"], message.get("params") or {}
    tool = params.get("name") if method == "tools/call" else None
    result = {"content": [{"type": "text", "text": json.dumps(params)}]}
    if method == "initialize":
        result = {"protocolVersion": "2025-11-25", "serverInfo": {"name": "plain", "version": "1"}, "capabilities": {"tools": {}, "prompts": {}, "resources": {}}}
    elif method == "prompts/list":
        result = {"prompts": [{"name": "open"}, {"name": "shut"}]}
    elif method == "tools/list":
        result = {"tools": [{"name": f"t{number}"} for number in range(40)]}
    elif tool == "slow":
        continue
    elif tool == "noisy":
        for _ in range(600):
            say(json.dumps({"jsonrpc": "2.0", "method": "notifications/message", "params": {"level": "info", "data": "s" * 10_000}}))
    elif tool == "task":
        result = {"task": {"taskId": "t-1", "status": "working", "createdAt": "2026-01-01T00:00:00Z", "ttl": 60000}}
    elif tool == "ask":
        say('{"jsonrpc":"2.0","id":"q1","method":"elicitation/create","params":{"message":"sure?"}}')
        continue
    elif tool == "chatter":
        threading.Thread(target=chatter, daemon=True).start()
    elif tool == "big":
        result = {"content": [{"type": "text", "text": "x" * 17_000_000}]}
    elif tool == "deep":
        say(f'{{"jsonrpc":"2.0","id":{number},"result":{{"content":[],"x":{"[" * 90}{"]" * 90}}}}}')
        continue
    say(f'{{"jsonrpc":"2.0","id":{number},"result":{json.dumps(result)}}}')
