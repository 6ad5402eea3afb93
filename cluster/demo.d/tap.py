"""Passes standard input and output through to a server byte for byte, and notes each message that arrives.

usage: tap.py LOGFILE COMMAND ARG...

A line of LOGFILE is one JSON object: when the last byte of the message arrived here (CLOCK_MONOTONIC, nanoseconds),
its method (null for a response, or for what is no message), its id and, of a call, its tool. Nothing of Penstock writes
to that file.
"""
import json
import os
import subprocess
import sys
import threading
import time


def write_all(descriptor, data):
    while data:
        data = data[os.write(descriptor, data):]


def note(log, line, now):
    try:
        message = json.loads(line)
    except ValueError:
        message = {}
    message = message if isinstance(message, dict) else {}
    entry = {"ns": now, "method": message.get("method"), "id": message.get("id")}
    if entry["method"] == "tools/call":
        entry["tool"] = message.get("params", {}).get("name")
    os.write(log, (json.dumps(entry) + "\n").encode())


def inbound(server, log):
    """From the gateway to the server."""
    rest, now = b"", 0
    while data := os.read(0, 1 << 16):
        now = time.monotonic_ns()
        *lines, rest = (rest + data).split(b"\n")
        for line in lines:
            note(log, line, now)
        try:
            write_all(server.stdin.fileno(), data)
        except BrokenPipeError:
            break
    # What was cut off has arrived, too.
    if rest:
        note(log, rest, now)
    server.stdin.close()


def main():
    log = os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    server = subprocess.Popen(sys.argv[2:], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
    threading.Thread(target=inbound, args=(server, log), daemon=True).start()
    while data := os.read(server.stdout.fileno(), 1 << 16):
        write_all(1, data)
    sys.exit(server.wait())


main()
