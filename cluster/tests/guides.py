"""Reads README.md and the guides, and runs their commands in one shell for each document.

A block of the language `console` has commands, each after `$ `, and below each what it prints. All of them are run, in order,
unless a comment `<!-- not run: REASON -->` stands right above the block. A file that is shown by `cat` before anything has
made it is made of what is shown. Numbers, ids and times of a line may differ; lines may come in another order, and others may
come between. `…` stands for anything. A command that shows nothing must end with status 0.
"""

import dataclasses
import os
import pathlib
import re
import subprocess
import time

import harness
from harness import REPOSITORY

CATALOGUE = REPOSITORY / "Sources/penstock/Penstock.docc"
DOCUMENTS = [REPOSITORY / "README.md", *sorted(CATALOGUE.glob("*.md"))]
LANGUAGES = {"console", "json", "yaml", "swift", "text"}
NOT_RUN = re.compile(r"<!-- not run: (.+) -->")
TOKEN = re.compile(
    r"…|(?:grt|run|pst)_[\w-]+|\d{4}-\d\d-\d\dT[\d:.+Z-]+|[A-Za-z0-9+/_=.-]*[A-Za-z0-9+/_=]{8,}\d[A-Za-z0-9+/_=-]*"
    r"|\[[-# ]*\]|#+x*|x{3,}|(?<![a-z]-)\d+(?:\.\d+)?|\s+")


@dataclasses.dataclass
class Step:
    section: str
    command: str
    shown: list


@dataclasses.dataclass
class Block:
    """A fenced block: its section, language, lines, and why it is not run."""

    section: str
    language: str
    lines: list
    not_run: str

    @property
    def steps(self):
        steps = []
        for line in self.lines:
            last = steps[-1] if steps else None
            if line.startswith("$ "):
                steps.append(Step(self.section, line[2:], []))
            elif last and not last.shown and (last.command.endswith("\\") or last.command.count("'") % 2 == 1):
                last.command += "\n" + line
            elif last:
                last.shown.append(line)
        return steps


def blocks(document):
    section, block, found, note = "", None, [], ""
    for line in document.read_text().splitlines():
        if line.startswith("```"):
            if block is None:
                block = Block(section, line[3:], [], note)
            else:
                found.append(block)
                block = None
            note = ""
        elif block is not None:
            block.lines.append(line)
        elif line.startswith("#"):
            section = line.lstrip("# ")
        elif line:
            note = match.group(1) if (match := NOT_RUN.fullmatch(line)) else ""
    assert block is None, f"{document}: a block has no end"
    return found


def prose(document):
    """The text outside of blocks."""
    return re.sub(r"^```.*?^```$", "", document.read_text(), flags=re.M | re.S)


def pattern(line):
    """What a line may be on another run."""
    text, at = "", 0
    for found in TOKEN.finditer(line):
        text += re.escape(line[at:found.start()])
        token = found.group()
        if token == "…" or token.startswith("["):
            text += ".*"
        elif token.isspace():
            text += r"\s+"
        elif re.fullmatch(r"[\d.]+", token):
            text += r"[\d.]+"
        else:
            text += r"\S+"
        at = found.end()
    return re.compile(text + re.escape(line[at:]) + r"\s*")


def missing(shown, text):
    """Lines that a document shows and a command did not print."""
    lines = text.splitlines()
    return [
        line for line in shown
        if line.strip() and line.strip() != "…" and not any(pattern(line).fullmatch(other) for other in lines)]


class Shell:
    """One bash, which keeps variables, folder and background processes from command to command."""

    def __init__(self, folder):
        binaries = folder.parent / "bin"
        binaries.mkdir()
        (binaries / "penstock").symlink_to(harness.BINARY)
        env = {name: value for name, value in os.environ.items() if not name.startswith("PENSTOCK_")}
        env["PATH"] = f"{binaries}:{REPOSITORY}/.venv/bin:{env['PATH']}"
        self.folder, self.done, self.out = folder, folder.parent / "done", folder.parent / "out"
        self.process = subprocess.Popen(
            ["bash"], cwd=folder, env=env, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, text=True)

    def run(self, command, timeout=90):
        """What it prints, and its status."""
        self.done.unlink(missing_ok=True)
        self.process.stdin.write(
            f"{{ {command}\n}} < /dev/null > {self.out} 2>&1; echo $? > {self.done}.new; mv {self.done}.new {self.done}\n")
        self.process.stdin.flush()
        deadline = time.monotonic() + timeout
        while not self.done.exists():
            assert time.monotonic() < deadline, f"no end of: {command}\n{self.out.read_text()}"
            time.sleep(0.02)
        return self.out.read_text(), int(self.done.read_text())

    def close(self):
        self.run("kill $(jobs -p) 2> /dev/null; wait")
        self.process.stdin.close()
        self.process.wait(10)


class Reader:
    """Somebody who types what a document has, and compares what is printed."""

    def __init__(self, document, shell, port):
        self.document, self.shell, self.port = document, shell, port
        self.numbers = {}  # of a debt in the document: here
        self.problems = []

    def read(self):
        for block in blocks(self.document):
            if block.language == "console" and not block.not_run:
                for step in block.steps:
                    self.take(step)

    def take(self, step):
        self.make(step)
        command = self.adapted(step.command)
        # What nodes tell comes within a second or two; what changes something is done once.
        is_look = re.match(r"(sleep \d; )?penstock (status|audit|log show|grant (show|list)|budget (show|list)|revocation list|rate (show|list))", command)
        deadline = time.monotonic() + (30 if is_look else 0)
        while True:
            text, status = self.shell.run(command)
            lacking = missing(step.shown, text)
            if not lacking or time.monotonic() > deadline:
                break
            time.sleep(0.3)
        for line in step.shown:
            for number, own in zip(re.findall(r"accept-debt (\d+)", line), re.findall(r"accept-debt (\d+)", text)):
                self.numbers[number] = own
        if lacking or (status and not step.shown):
            self.problems.append(
                f"{self.document.name}, {step.section}\n$ {command}\nstatus {status}, shown and not printed:\n  "
                + "\n  ".join(lacking) + "\nprinted:\n  " + "\n  ".join(text.splitlines()))

    def adapted(self, command):
        """With ports that are free here, and time for a machine that is busy."""
        command = re.sub(r"^(penstock init(?!.*--port).*)$", rf"\1 --port {self.port}", command)
        if command.startswith("penstock up") and not (self.shell.folder / "mesh").exists():
            command = f"penstock init --dir mesh --port {self.port}; {command}"
        command = command.replace("--port 7810", f"--port {self.port}").replace("--port 7820", f"--port {self.port + 4}")
        command = command.replace("sleep 4)", "sleep 12)")
        command = command.replace("python3 verify_proof.py", f"python3 {REPOSITORY}/Tests/PenstockCryptoTests/verify_proof.py")
        if command.startswith("cluster/"):
            command = f"(cd {REPOSITORY} && PENSTOCK_BIN={harness.BINARY} {command})"
        for number, own in self.numbers.items():
            command = re.sub(rf"(accept-debt) {number}\b", rf"\1 {own}", command)
        return command

    def make(self, step):
        """Makes the file that the document shows, where nothing has made it."""
        found = re.fullmatch(r"cat ([\w./-]+)", step.command)
        if found and not (self.shell.folder / found.group(1)).exists():
            (self.shell.folder / found.group(1)).write_text("\n".join(step.shown) + "\n")
