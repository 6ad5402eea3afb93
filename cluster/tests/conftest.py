import os
import pathlib
import shutil
import signal
import subprocess
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import harness

# A shell's background jobs ignore it, and so would every process that a test starts and interrupts.
signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_addoption(parser):
    parser.addoption("--quick", action="store_true", help="skip the long tests")
    parser.addoption("--chaos-seconds", type=float, default=60)
    parser.addoption("--seed", type=int, default=None, help="of the chaos test; printed by every run")


def pytest_configure(config):
    config.addinivalue_line("markers", "long: takes more than a minute")


def pytest_collection_modifyitems(config, items):
    if config.getoption("--quick"):
        for item in items:
            if "long" in item.keywords:
                item.add_marker(pytest.mark.skip(reason="--quick"))


@pytest.fixture(scope="session", autouse=True)
def binary(tmp_path_factory):
    """A copy of the binary under test, so that a build going on beside does not change it."""
    source = os.environ.get("PENSTOCK_BIN") or harness.REPOSITORY / ".build/debug/penstock"
    harness.BINARY = str(tmp_path_factory.mktemp("bin") / "penstock")
    shutil.copy2(source, harness.BINARY)
    yield harness.BINARY
    os.unlink(harness.BINARY)


@pytest.fixture
def mesh_of():
    """Makes meshes that end with the test."""
    meshes = []

    def make(**options):
        meshes.append(harness.Mesh(**options))
        return meshes[-1]

    yield make
    for mesh in meshes:
        mesh.close()


@pytest.fixture
def small_disk():
    """Mounts a tmpfs of some megabytes over a folder, keeping what is in it."""
    mounted = []

    def mount(folder, megabytes):
        kept = folder.with_name(folder.name + ".kept")
        if folder.exists():
            folder.rename(kept)
        folder.mkdir(mode=0o700)
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=0700", "tmpfs", str(folder)], capture_output=True, text=True)
        if done.returncode:
            folder.rmdir()
            if kept.exists():
                kept.rename(folder)
            pytest.skip(f"cannot mount a tmpfs: {done.stderr.strip()}")
        mounted.append(folder)
        if kept.exists():
            shutil.copytree(kept, folder, dirs_exist_ok=True)
            shutil.rmtree(kept)

    yield mount
    for folder in mounted:
        subprocess.run(["umount", "-l", str(folder)], check=False)
