"""Builds the simulator alone: the core, the simulator and nothing else, in a package of its own that needs no other.

With `mutants`, the copy gets the faults of the table in mutants.py; which one acts, PENSTOCK_MUTANT tells it. The
product's sources are never touched, and no build of them has a fault in it.
"""

import pathlib
import shutil
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]

MANIFEST = """// swift-tools-version: 6.2
import PackageDescription
let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6), .enableUpcomingFeature("ExistentialAny"), .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]
let package = Package(name: "simulator", targets: [
    .systemLibrary(name: "CPrefetch"),
    .target(name: "PenstockCore", dependencies: ["CPrefetch"], swiftSettings: strict),
    .target(name: "PenstockSimulator", dependencies: ["PenstockCore"], swiftSettings: strict),
    .executableTarget(name: "penstock-simulator", dependencies: ["PenstockSimulator"], swiftSettings: strict),
    .systemLibrary(name: "CZeroMQ", pkgConfig: "libzmq"),
    .target(name: "PenstockSystem", dependencies: ["PenstockCore"], swiftSettings: strict),
    .target(name: "PenstockTransport", dependencies: ["CZeroMQ", "PenstockCore", "PenstockSystem"], swiftSettings: strict),
    .target(name: "PenstockJournal", dependencies: ["PenstockCore"], swiftSettings: strict),
    .testTarget(name: "PenstockCoreTests", dependencies: ["PenstockCore"], swiftSettings: strict),
    .testTarget(
        name: "PenstockTransportTests", dependencies: ["PenstockTransport", "PenstockSystem", "PenstockCore"],
        swiftSettings: strict),
    .testTarget(name: "PenstockJournalTests", dependencies: ["PenstockJournal", "PenstockCore"], swiftSettings: strict),
])
"""

SELECTOR = """internal import Glibc
/// Which fault of the table acts in this process.
package let activeMutant = getenv("PENSTOCK_MUTANT").flatMap { Int(String(cString: $0)) } ?? 0
@inline(__always) package func isMutant(_ number: Int) -> Bool { activeMutant == number }
/// What an answer from a cache would be: renewed only now and then.
nonisolated(unsafe) private var cached: (head: Position, uses: Int) = (0, 0)
package func stale(_ head: Position, for uses: Int) -> Position {
    defer { cached.uses += 1 }
    if cached.head > head || cached.uses % uses == 0 { cached.head = head }
    return cached.head
}
"""


def lay(mutants=()):
    """Copies the sources, with the mutants in them, and returns the package's folder. What is unchanged keeps its time."""
    folder = ROOT / ".build-simulator" / ("mutants" if mutants else "package")
    files = {pathlib.Path("Package.swift"): MANIFEST}
    for target in ("CPrefetch", "PenstockCore", "PenstockSimulator", "penstock-simulator", "CZeroMQ", "PenstockSystem",
                   "PenstockTransport", "PenstockJournal"):
        for path in (ROOT / "Sources" / target).rglob("*"):
            if path.is_file():
                files[path.relative_to(ROOT)] = path.read_text()
    for target in ("PenstockCoreTests", "PenstockTransportTests", "PenstockJournalTests"):
        for path in (ROOT / "Tests" / target).rglob("*.swift"):
            files[path.relative_to(ROOT)] = path.read_text()
    for mutant in mutants:
        if not mutant.line:
            continue
        path = pathlib.Path("Sources") / mutant.file
        # A target that does not import the core has to, for `isMutant`.
        if "import PenstockCore" not in files[path] and path.parts[1] != "PenstockCore":
            files[path] = "internal import PenstockCore\n" + files[path]
        files[path] = replaced(files[path], mutant)
    if mutants:
        files[pathlib.Path("Sources/PenstockCore/Mutation.swift")] = SELECTOR
    for path in folder.glob("*/**/*"):
        if path.is_file() and ".build" not in path.parts and path.relative_to(folder) not in files:
            path.unlink()
    for path, text in files.items():
        target = folder / path
        if not target.exists() or target.read_text() != text:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text)
    return folder


def replaced(text, mutant):
    """The text with the mutant's fault in it. White space counts for nothing: a line may be broken anywhere."""
    offsets = [offset for offset, character in enumerate(text) if not character.isspace()]
    compact = "".join(text[offset] for offset in offsets)
    line = "".join(mutant.line.split())
    assert compact.count(line) == 1, (
        f"mutant {mutant.number}: {mutant.file} has no single line {mutant.line!r}; the code has changed, so must the table"
    )
    start = compact.index(line)
    return text[: offsets[start]] + mutant.fault.strip() + text[offsets[start + len(line) - 1] + 1 :]


def build(mutants=()):
    """Returns the program."""
    folder = lay(mutants)
    run(folder, "-c", "release", "--product", "penstock-simulator")
    return folder / ".build" / "release" / "penstock-simulator"


def run(folder, *arguments):
    command = ["swift", "build", "--package-path", str(folder), "--scratch-path", str(folder / ".build"), *arguments]
    result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if result.returncode:
        raise SystemExit("\n".join(line for line in result.stdout.splitlines() if "error" in line) or result.stdout)


if __name__ == "__main__":
    print(build())
