"""The sources keep their layers, their sizes and their format. Needs no build.

What is over a limit today stands in tidy_exceptions.json with its count, and may only shrink:
`python3 cluster/tests/test_tidy.py` takes out and lowers there what has become better, and adds nothing.
"""

import json
import pathlib
import re
import shutil
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
EXCEPTIONS = pathlib.Path(__file__).with_name("tidy_exceptions.json")
LINES, COLUMNS = 150, 120

WORDS = "PenstockCore PenstockProto PenstockWire "
PORTS = WORDS + "PenstockCrypto PenstockJournal PenstockStore PenstockSystem PenstockTransport "
SHELLS = PORTS + "PenstockNode PenstockLedger PenstockEnforcer PenstockGatekeeper "
# What of the package each target may import: dependencies point inwards, and the centre is pure.
LAYERS = {
    "PenstockCore": "CPrefetch",
    "PenstockJSON": "",
    "PenstockSimulator": "PenstockCore",
    "penstock-simulator": "PenstockSimulator",
    "PenstockProto": "",
    "PenstockWire": "PenstockCore PenstockProto",
    "PenstockSystem": "PenstockCore",
    "PenstockCrypto": WORDS + "PenstockSystem COpenSSL CSodium",
    "PenstockIdentity": "PenstockCore PenstockCrypto",
    "PenstockJournal": WORDS + "PenstockSystem",
    "PenstockStore": WORDS + "PenstockSystem CFileSystem CZlib",
    "PenstockTransport": WORDS + "PenstockSystem CZeroMQ",
    "PenstockNode": PORTS + "PenstockJSON",
    "PenstockLedger": PORTS + "PenstockNode",
    "PenstockEnforcer": PORTS + "PenstockNode PenstockGatekeeper CMalloc",
    # Doors know the port, and not who decides behind it.
    "PenstockGatekeeper": "PenstockCore",
    "PenstockHTTP": "PenstockCore PenstockCrypto PenstockJSON PenstockGatekeeper PenstockIdentity PenstockSystem",
    "PenstockGateway": "PenstockCore PenstockJSON PenstockCrypto PenstockGatekeeper PenstockHTTP PenstockNode PenstockSystem",
    "PenstockEvidence": PORTS + "PenstockNode PenstockLedger",
    "PenstockBench": SHELLS + "PenstockHTTP PenstockGateway PenstockSimulator",
    "PenstockConsole": SHELLS + "PenstockJSON PenstockIdentity PenstockHTTP PenstockGateway PenstockEvidence PenstockBench PenstockSimulator",
    "penstock": "PenstockConsole",
    "StampPlugin": "",
}
# What of other packages and of the system a target may import, and nobody else. The core imports none of them.
DOORS = {"PenstockHTTP"}
MESSAGES = {"PenstockProto", "PenstockWire", "PenstockNode", "PenstockLedger", "PenstockEnforcer", "PenstockConsole",
            "PenstockEvidence"}
FOREIGN = {
    "ArgumentParser": {"PenstockConsole"},
    "Hummingbird": DOORS, "HummingbirdCore": DOORS, "HTTPTypes": DOORS, "NIOCore": DOORS, "NIOPosix": DOORS,
    "NIOHTTP1": DOORS,
    "GRDB": {"PenstockStore"}, "GRDBSQLite": {"PenstockStore"},
    "SwiftProtobuf": MESSAGES | {"PenstockBench"},
    "Yams": {"PenstockNode", "PenstockGateway"},
    "Foundation": MESSAGES | {"PenstockStore", "PenstockGateway", "PenstockBench", "StampPlugin"},
    "FoundationEssentials": {"PenstockProto"},
    "PackagePlugin": {"StampPlugin"},
}
CORE_ONLY = {"PenstockCore", "PenstockJSON", "PenstockSimulator"}
# Modules of a product, where they are named otherwise.
MODULES = {"GRDBSQLite": {"GRDBSQLite"}, "Hummingbird": {"Hummingbird", "HummingbirdCore"},
           "ServiceLifecycle": {"ServiceLifecycle", "UnixSignals"}}
# A word that stands for work that was not done.
UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b|\b(not implemented|lorem ipsum|placeholder)\b", re.I)
UNCHECKED = re.compile(r"@unchecked Sendable|nonisolated\(unsafe\)|\btry!")
UNWRAP = re.compile(r"[\w)\]]!(?!=)")
IMPORT = re.compile(r"^(?:@\w+ )*(?:(?:internal|package|public|private) )?import (?:struct |class |enum |func )?(\w+)", re.M)


@pytest.fixture(scope="session", autouse=True)
def binary():
    """None is run."""


def files(*folders, suffix=".swift"):
    return sorted(
        path for folder in folders for path in (ROOT / folder).rglob("*" + suffix)
        if not path.name.endswith(".pb.swift") and "__pycache__" not in path.parts)


def name(path):
    return str(path.relative_to(ROOT))


def text(path):
    return path.read_text()


def imports(path):
    return set(IMPORT.findall(text(path)))


def target(path):
    return path.relative_to(ROOT / "Sources").parts[0]


def explained(lines, index):
    """By a comment in the line, or right above its statement, or above the declaration that it stands in."""
    if "//" in lines[index]:
        return True
    while index and lines[index - 1].strip():
        index -= 1
        if lines[index].strip().startswith("//"):
            return True
        if re.match(r" *(@|package |private |fileprivate |public |static |func |var |let |final |struct |enum )", lines[index]) is None:
            return False
    return False


def unwraps(path):
    lines = text(path).split("\n")
    count = 0
    for index, line in enumerate(lines):
        bare = re.sub(r'"(\\.|[^"\\])*"', '""', line).split("//")[0]
        if UNWRAP.search(bare) and not explained(lines, index):
            count += 1
    return count


MEASURES = {
    "lines": lambda path: max(0, len(text(path).splitlines()) - LINES) and len(text(path).splitlines()),
    "columns": lambda path: sum(len(line) > COLUMNS for line in text(path).splitlines()),
    "unwraps": unwraps,
}
OF = {
    # All bounds stand in one table, however many there are.
    "lines": lambda: [path for path in files("Sources", "Tests") if path.name != "Limits.swift"],
    "columns": lambda: [ROOT / "Package.swift", *files("Sources", "Tests")],
    "unwraps": lambda: files("Sources"),
}


@pytest.mark.parametrize("kind", MEASURES)
def test_nothing_grows_past_its_limit(kind):
    """Lines of a file, lines that are too wide, and `!` without a comment that says why it holds."""
    allowed = json.loads(EXCEPTIONS.read_text())[kind]
    found = {name(path): MEASURES[kind](path) for path in OF[kind]()}
    assert {path: count for path, count in found.items() if count > allowed.get(path, 0)} == {}
    assert sorted(set(allowed) - set(found)) == [], "these are gone: python3 cluster/tests/test_tidy.py"


def test_dependencies_point_inwards():
    found = [f"{name(path)} imports {module}" for path in files("Sources") for module in sorted(imports(path))
             if (module.startswith("Penstock") or (ROOT / "Sources" / module / "module.modulemap").exists())
             and module not in LAYERS[target(path)].split()]
    assert found == []


def test_other_packages_stay_in_their_targets():
    found = [f"{name(path)} imports {module}" for path in files("Sources") for module in sorted(imports(path))
             if target(path) not in FOREIGN.get(module, {target(path)})
             or target(path) in CORE_ONLY and module not in LAYERS[target(path)].split()]
    assert found == []


def test_the_core_is_synchronous():
    found = [f"{name(path)}: {line.strip()}" for path in files("Sources/PenstockCore") for line in text(path).split("\n")
             if re.search(r"\b(async|await|actor|Task|ContinuousClock|SystemRandomNumberGenerator)\b", re.sub(r'//.*|".*"', "", line))]
    assert found == []


def test_each_system_library_has_one_importer():
    libraries = [path.parent.name for path in (ROOT / "Sources").glob("C*/module.modulemap")]
    importers = {library: {target(path) for path in files("Sources") if library in imports(path)} for library in libraries}
    assert libraries and {library: found for library, found in importers.items() if len(found) != 1} == {}


def test_what_is_unchecked_says_why():
    found = []
    for path in files("Sources", "Tests"):
        lines = text(path).split("\n")
        found += [f"{name(path)}:{index + 1}: {line.strip()}" for index, line in enumerate(lines)
                  if UNCHECKED.search(line.split("//")[0]) and not explained(lines, index)]
    assert found == []


def test_every_command_says_its_name():
    """Where it does not, the argument parser asks the runtime for the name of its type, which a third of the start goes to."""
    found = [f"{name(path)}: {text(path)[match.start():][:80]!r}" for path in files("Sources/PenstockConsole")
             for match in re.finditer(r"CommandConfiguration\((?!\s*commandName:)", text(path))]
    assert found == []


def test_nothing_is_left_to_do():
    found = [f"{name(path)}:{number}: {line.strip()}"
             for path in files("Sources", "Tests") + files("cluster", "Config", suffix="")
             if path.is_file() and path != pathlib.Path(__file__)
             for number, line in enumerate(path.read_text(errors="replace").split("\n"), 1) if UNFINISHED.search(line)]
    assert found == []


def manifest():
    done = subprocess.run(["swift", "package", "dump-package"], cwd=ROOT, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


@pytest.mark.skipif(not shutil.which("swift"), reason="needs swift")
def test_every_dependency_is_imported():
    found = []
    for entry in manifest()["targets"]:
        folder = ROOT / (entry.get("path") or ("Tests/" if entry["type"] == "test" else "Sources/") + entry["name"])
        sources = sorted(folder.rglob("*.swift"))
        imported = set().union(*map(imports, sources)) if sources else set()
        for dependency in entry["dependencies"]:
            (product, *_) = dependency.get("product") or dependency.get("byName") or dependency["target"]
            if not MODULES.get(product, {product}) & imported:
                found.append(f"{entry['name']} depends on {product}")
    assert found == []


@pytest.mark.skipif(not shutil.which("swift"), reason="needs swift")
def test_format():
    """`swift format -i --configuration .swift-format FILE` mends it."""
    paths = [name(path) for path in [ROOT / "Package.swift", *files("Sources", "Tests")]]
    done = subprocess.run(
        ["swift", "format", "lint", "--strict", "--configuration", ".swift-format", *paths], cwd=ROOT,
        capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_generated_code_is_as_generated():
    """Every message of penstock.proto is there, by its name on the wire, and nobody has styled the file."""
    source = text(ROOT / "Sources/PenstockProto/penstock.proto")
    generated = text(ROOT / "Sources/PenstockProto/penstock.pb.swift")
    assert generated.startswith("// DO NOT EDIT.")
    messages = set(re.findall(r"^ *message (\w+)", source, re.M))
    assert messages == set(re.findall(r"protoMessageName: String = .*?\"?\.?(\w+)\"\n", generated))


def shrink():
    allowed = json.loads(EXCEPTIONS.read_text())
    for kind, measure in MEASURES.items():
        found = {name(path): measure(path) for path in OF[kind]()}
        allowed[kind] = {path: min(count, found[path]) for path, count in sorted(allowed[kind].items()) if found.get(path)}
    EXCEPTIONS.write_text(json.dumps(allowed, indent=1) + "\n")


if __name__ == "__main__":
    shrink()
