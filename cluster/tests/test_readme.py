"""The guide's commands, in its order and in one shell, against one mesh: each prints what the guide shows.

A file that the guide shows by `cat` before anything has made it is made of what it shows. Numbers, ids and times of a line may
be others; lines may come in another order, and others may come between. `…` stands for anything.
"""

import os
import pathlib
import re
import signal
import subprocess
import time

import harness
import pytest
from harness import REPOSITORY, free_ports

GUIDE = REPOSITORY / "README.md"
# What runs for itself, and has a test of its own.
ELSEWHERE = ("cluster/demo",)
TOKEN = re.compile(
    r"…|(?:grt|run|pst)_[\w-]+|\d{4}-\d\d-\d\dT[\d:.+Z-]+|[A-Za-z0-9+/_=.-]*[A-Za-z0-9+/_=]{8,}\d[A-Za-z0-9+/_=-]*|\[[-# ]*\]|\d+(?:\.\d+)?|\s+")


def blocks():
    """(section, [(command, [line shown])]) of each block with commands."""
    section, found, block = "", [], None
    for line in GUIDE.read_text().splitlines():
        if line.startswith("```"):
            if block is None:
                block = []
            else:
                if line == "```" and any(part.startswith("$ ") for part in block):
                    found.append((section, block))
                block = None
        elif block is not None:
            block.append(line)
        elif line.startswith("## "):
            section = line[3:]
    for section, block in found:
        steps = []
        for line in block:
            if line.startswith("$ "):
                steps.append([line[2:], []])
            elif steps and steps[-1][0].endswith("\\") and not steps[-1][1]:
                steps[-1][0] += "\n" + line
            elif steps and steps[-1][0].count("'") % 2 == 1:
                steps[-1][0] += "\n" + line
            else:
                steps[-1][1].append(line)
        yield section, steps


def pattern(line):
    """What a line may be on another run."""
    text, at = "", 0
    for found in TOKEN.finditer(line):
        text += re.escape(line[at:found.start()])
        token = found.group()
        text += ".*" if token in ("…",) or token.startswith("[") else r"\s+" if token.isspace() else r"[\d.]+" if re.fullmatch(r"[\d.]+", token) else r"\S+"
        at = found.end()
    return re.compile(text + re.escape(line[at:]) + r"\s*")


class Shell:
    """One bash, which keeps variables and folder from command to command."""

    def __init__(self, folder):
        binaries = folder.parent / "bin"
        binaries.mkdir()
        (binaries / "penstock").symlink_to(harness.BINARY)
        env = {name: value for name, value in os.environ.items() if not name.startswith("PENSTOCK_")}
        env["PATH"] = f"{binaries}:{REPOSITORY}/.venv/bin:{env['PATH']}"
        self.folder, self.env, self.out = folder, env, folder.parent / "out"
        self.process = subprocess.Popen(["bash"], cwd=folder, env=env, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, text=True)

    def run(self, command, timeout=60):
        done = self.folder.parent / "done"
        done.unlink(missing_ok=True)
        self.process.stdin.write(f"{{ {command}\n}} < /dev/null > {self.out} 2>&1; echo $? > {done}.new; mv {done}.new {done}\n")
        self.process.stdin.flush()
        deadline = time.monotonic() + timeout
        while not done.exists():
            assert time.monotonic() < deadline, f"no end of: {command}\n{self.out.read_text()}"
            time.sleep(0.02)
        return self.out.read_text()

    def close(self):
        self.process.stdin.close()
        self.process.wait(10)


def missing(shown, text):
    lines = text.splitlines()
    return [line for line in shown if line.strip() and line.strip() != "…" and not any(pattern(line).fullmatch(other) for other in lines)]


@pytest.fixture
def shell():
    top = pathlib.Path(harness.tempfile.mkdtemp(prefix="rd-"))
    (top / "w").mkdir()
    shell = Shell(top / "w")
    shell.background = []
    yield shell
    for process in shell.background:
        process.send_signal(signal.SIGTERM)
    for process in shell.background:
        process.wait(10)
    shell.close()
    harness.shutil.rmtree(top, ignore_errors=True)


def up(shell, command):
    log = open(shell.folder.parent / "up.log", "ab")
    shell.background.append(subprocess.Popen(["bash", "-c", "exec " + command], cwd=shell.folder, env=shell.env, stdin=subprocess.DEVNULL, stdout=log, stderr=log))


def stopped(shell):
    """As `log restore` wants it."""
    for process in shell.background:
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
    shell.background.clear()


def made(shell, command, shown):
    """Makes the file that the guide shows, where nothing has made it."""
    found = re.fullmatch(r"(?:cat|tail -n 3) ([\w./-]+)", command)
    if not found or (shell.folder / found.group(1)).exists():
        return
    hello = (shell.folder / "session").read_text().splitlines()[:2] if command.startswith("tail") else []
    (shell.folder / found.group(1)).write_text("\n".join([*hello, *shown]) + "\n")


def test_the_guide_is_true(shell):
    first, problems, ran = free_ports(), [], 0
    debts = {}
    for section, steps in blocks():
        for command, shown in steps:
            if command.startswith(ELSEWHERE):
                continue
            ran += 1
            # A server that starts on a busy machine takes its time.
            command = command.replace("sleep 4;", "sleep 20;").replace("sleep 4)", "sleep 20)")
            if command.startswith("penstock init "):
                command += f" --port {first}"
            if command.startswith("penstock up "):
                up(shell, command)
                continue
            if command.startswith("penstock log restore"):
                stopped(shell)
            made(shell, command, shown)
            for number, own in debts.items():
                command = re.sub(rf"(accept-debt) {number}\b", rf"\1 {own}", command)
            # What nodes tell comes within a second or two; what changes something is done once.
            is_look = re.match(r"penstock (status|audit|budget (show|list)|revocation list|rate (show|list))", command)
            deadline = time.monotonic() + (30 if is_look else 0)
            while True:
                text = shell.run(command)
                lacking = missing(shown, text)
                if not lacking or time.monotonic() > deadline:
                    break
                time.sleep(0.3)
            for line in shown:
                for number, own in zip(re.findall(r"accept-debt (\d+)", line), re.findall(r"accept-debt (\d+)", text)):
                    debts[number] = own
            if lacking:
                problems.append(f"## {section}\n$ {command}\nshown and not printed:\n  " + "\n  ".join(lacking) + "\nprinted:\n  " + "\n  ".join(text.splitlines()))
    assert ran > 40 and not problems, "\n\n".join(problems)
