"""A program says which commit it was built from."""

import json
import pathlib
import re
import subprocess

import pytest

import harness
from harness import penstock

ROOT = pathlib.Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def stamp():
    head = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True)
    if head.returncode:
        return "unknown"
    changed = subprocess.run(
        ["git", "status", "--porcelain", "--", "Package.swift", "Sources"], cwd=ROOT, capture_output=True, text=True)
    return head.stdout.strip() + ("-dirty" if changed.stdout else "")


def test_version_names_the_commit(stamp):
    assert re.fullmatch(r"\d+\.\d+\.\d+ \((.+)\)\n", penstock("--version").out)[1] == stamp


def test_benchmarks_name_the_commit_wherever_they_run(stamp, tmp_path):
    done = subprocess.run(
        [harness.BINARY, "bench", "spend", "--grants", "50", "--n", "1000", "-o", "json"], cwd=tmp_path, capture_output=True,
        text=True, timeout=60, check=True)
    assert {cell["settings"]["commit"] for cell in json.loads(done.stdout)} == {stamp}
