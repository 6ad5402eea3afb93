"""README.md and the guides are true: their commands print what they show, and what they name is there."""

import json
import os
import pathlib
import re
import shutil
import subprocess

import guides
import harness
import pytest
from guides import CATALOGUE, DOCUMENTS
from harness import REPOSITORY, free_ports, penstock

BY_NAME = pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.stem)


@pytest.fixture
def shell():
    top = pathlib.Path(harness.tempfile.mkdtemp(prefix="rd-"))
    (top / "w").mkdir()
    shell = guides.Shell(top / "w")
    yield shell
    shell.close()
    shutil.rmtree(top, ignore_errors=True)


@BY_NAME
def test_commands_print_what_is_shown(document, shell):
    reader = guides.Reader(document, shell, free_ports(8))
    reader.read()
    assert not reader.problems, "\n\n".join(reader.problems)


@BY_NAME
def test_blocks_are_of_a_known_kind(document):
    for block in guides.blocks(document):
        where = f"{document.name}, {block.section}: {block.lines[:1]}"
        assert block.language in guides.LANGUAGES, where
        assert (block.language == "console") == any(line.startswith("$ ") for line in block.lines), where
        if block.language == "json":
            json.loads("\n".join(block.lines))


def test_few_commands_are_not_run():
    found = [block for document in DOCUMENTS for block in guides.blocks(document)]
    run = sum(len(block.steps) for block in found if not block.not_run)
    left_out = sum(len(block.steps) for block in found if block.not_run)
    assert run > 100 and left_out <= 8, (run, left_out)


@BY_NAME
def test_commands_in_the_text_exist(document):
    """Of each `penstock …` in a sentence, the subcommand and its flags."""
    problems = []
    for code in re.findall(r"`(penstock [^`]+)`", guides.prose(document)):
        words = re.sub(r"[|>&].*", "", code.replace("\n", " ")).split()[1:]
        command = [word for word in words if re.fullmatch(r"[a-z-]+", word)][:2]
        flags = [word for word in words if word.startswith("--")]
        text = helped(command) or helped(command[:1])
        problems += [code] if not text else [f"{code}: no {flag}" for flag in flags if not re.search(rf"{flag}\b", text)]
    assert not problems


def helped(command):
    """The help of a command, or "" where there is none."""
    if not command or command[0].startswith("-"):
        return penstock("help").out
    done = penstock("help", *command, expect=None)
    usage = re.search(r"USAGE: penstock (.*)", done.out)
    return done.out if usage and usage.group(1).startswith(" ".join(command)) else ""


@BY_NAME
def test_links_lead_somewhere(document):
    problems = []
    for text, target in re.findall(r"\[([^\]]+)\]\(([^)\s]+)\)", guides.prose(document)):
        name, _, part = target.partition("#")
        other = document.parent / name if name else document
        if not other.exists() or part and f"({part})" not in headings(other):
            problems.append(target)
    for path in re.findall(r"`((?:cluster|Config|Tests|Sources)/[\w./+-]+)", guides.prose(document)):
        if not (REPOSITORY / path).exists():
            problems.append(path)
    assert not problems


def headings(document):
    return "".join(
        f"({re.sub(r'[^a-z0-9_ -]', '', heading.lower()).replace(' ', '-')})"
        for heading in re.findall(r"^#+ (.+)$", guides.prose(document), flags=re.M))


@BY_NAME
def test_no_sentence_has_a_clause_as_its_subject(document):
    """`What it was granted must be heard of`: a reader looks for the verb."""
    found = re.findall(r"(?:^|[.:;] |^- |\| )(?:What|Whoever|Whether) [^?.|]*[.]", guides.prose(document), flags=re.M)
    assert not found


def test_up_says_so_once_every_node_is_ready(tmp_path):
    """A reader goes on then, as the guides have it."""
    penstock("init", "--dir", tmp_path / "mesh", "--port", free_ports())
    process = subprocess.Popen([harness.BINARY, "up", "--dir", tmp_path / "mesh", "--enforcers", "3"], stderr=subprocess.PIPE, text=True)
    try:
        assert any("mesh up" in line for line in process.stderr)
        for number in (1, 2, 3):
            door = ["curl", "-s", "--unix-socket", tmp_path / f"mesh/enforcer-{number}/enforcer.sock", "http://localhost/readyz"]
            assert subprocess.run(door, capture_output=True, text=True).stdout.strip() == "ready"
    finally:
        process.terminate()
        process.communicate(timeout=10)


def test_README_is_short():
    lines = (REPOSITORY / "README.md").read_text().splitlines()
    assert len(lines) <= 200 and max(map(len, lines)) < 200


def test_every_target_is_on_the_map():
    text = (CATALOGUE / "Architecture.md").read_text()
    targets = [path.name for path in (REPOSITORY / "Sources").iterdir() if path.name.lower().startswith("penstock")]
    assert targets and not [target for target in targets if f"`{target}`" not in text]


def test_Config_has_what_init_writes(tmp_path):
    penstock("init", "--dir", tmp_path / "mesh", "--port", free_ports())
    for name in ("ledger", "enforcer", "mcp"):
        assert (REPOSITORY / f"Config/{name}.yaml").read_text() == (tmp_path / f"mesh/{name}.yaml").read_text()


def test_every_setting_is_in_the_guide():
    """Each key of the commented configurations, and none that they do not have."""
    keys = {
        match for file in ("ledger", "enforcer", "mcp")
        for match in re.findall(r"^#?([a-z_]+): ?", (REPOSITORY / f"Config/{file}.yaml").read_text(), flags=re.M)}
    table = set(re.findall(r"^\| `([a-z_]+)` \|", (CATALOGUE / "Operating.md").read_text(), flags=re.M))
    assert keys <= table, keys - table


def test_guides_build_with_docc(tmp_path):
    if not (shutil.which("docc") or shutil.which("swift")):
        pytest.skip("Swift is not in the path")
    done = subprocess.run([REPOSITORY / "cluster/guides", tmp_path / "site"], capture_output=True, text=True)
    assert done.returncode == 0 and "warning" not in done.stdout + done.stderr, done.stdout + done.stderr
    assert (tmp_path / "site/data/documentation/penstock/budgets.json").exists()


def test_the_snippet_for_MCP_clients_works(mesh_of, tmp_path):
    """Both documents that show it show the same."""
    [snippet] = {
        "\n".join(block.lines) for document in (REPOSITORY / "README.md", CATALOGUE / "Gateway.md")
        for block in guides.blocks(document) if block.language == "json" and "env" in "".join(block.lines)}
    mesh = mesh_of()
    (tmp_path / "mesh").symlink_to(mesh.dir)
    (tmp_path / "credential").symlink_to(mesh.credential_file(mesh.grant()))
    subprocess.run(["git", "init", "-q", tmp_path / "repo"], check=True)
    told = json.loads(snippet.replace("/path", str(tmp_path)))
    assert told["command"] == "penstock"
    env = {**os.environ, **told["env"], "PATH": f"{REPOSITORY}/.venv/bin:{os.environ['PATH']}"}
    hello = {
        "jsonrpc": "2.0", "id": 0, "method": "initialize",
        "params": {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}}
    client = subprocess.Popen(
        [harness.BINARY, *told["args"]], cwd=tmp_path, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    client.stdin.write(json.dumps(hello) + "\n")
    client.stdin.flush()
    assert json.loads(client.stdout.readline())["result"]["serverInfo"]["name"] == "mcp-git"
    client.stdin.close()
    assert client.wait(20) == 0


def test_the_example_of_embedding_runs(mesh_of):
    """The code that the guide shows is a test's, which runs here against a real mesh."""
    example = (REPOSITORY / "Tests/PenstockGuideTests/EmbeddingExample.swift").read_text()
    [block] = [block for block in guides.blocks(CATALOGUE / "Embedding.md") if block.language == "swift"]
    assert example == "\n".join(block.lines) + "\n"
    if not (REPOSITORY / ".build/debug").exists() or not shutil.which("swift"):
        pytest.skip("the Swift tests are not built")
    mesh = mesh_of()
    mesh.add_member("enforcer", "agent-host")
    grant = mesh.grant(agent="host")

    def run(expects):
        env = {
            **os.environ, "PENSTOCK_EXAMPLE_IDENTITY": str(mesh.dir / "agent-host"),
            "PENSTOCK_EXAMPLE_CREDENTIAL": grant["credential"], "PENSTOCK_EXAMPLE_EXPECTS": expects}
        done = subprocess.run(
            ["swift", "test", "--skip-build", "--filter", "EmbeddingExampleTests"], cwd=REPOSITORY, env=env, capture_output=True, text=True,
            timeout=120)
        assert done.returncode == 0, done.stdout + done.stderr
        return re.search("^example: (.*)$", done.stdout, flags=re.M).group(1)

    assert run("none") == "allowed"
    mesh.revoke("--agent", "host")
    assert run("revoked") == "revoked"
