"""cluster/evidence understands what the programs that measure print, and writes its own section of Tests/EVIDENCE.md alone."""

import importlib.machinery
import importlib.util
import json
import subprocess

import pytest
from harness import REPOSITORY, penstock

loader = importlib.machinery.SourceFileLoader("evidence", str(REPOSITORY / "cluster/evidence"))
evidence = importlib.util.module_from_spec(importlib.util.spec_from_loader("evidence", loader))
loader.exec_module(evidence)

CHAOS = {
    "seed": 11, "seconds": 60.0, "enforcers": 5, "calls": 1000, "calls_per_second": 16.7, "outcomes": {"allow": 900, "deny": 100},
    "revokes": {"CLOSED": 9}, "slowest_closed_ms": 812.5, "bound_ms": 2052, "faults": {"kill": {"count": 3, "met": 3}, "loss": {"count": 0, "met": 0}},
    "fresh_after_faults_s": [1.5, 1.97], "violations": {"G1": 0, "G2": 0}}
SPREAD = {"start": 59, "peak": 120, "end": 100, "per_minute": 0.1}
ATTACK = {
    "seed": 60, "seconds": 3600.0, "enforcers": 3, "deaths": [], "violations": {"G1": 0}, "missed": [],
    "processes": {"ledger": {"memory_mb": SPREAD, "disk_mb": SPREAD, "files": SPREAD}},
    "honest": {"calls": 1000, "per_second": 10.0, "decided": 0.983, "slowest_ms": 12},
    "revokes": {"asked": 3, "closed": 3, "bound_ms": 2052, "ledger_ms": {"p50": 1.0, "p99": 979.0, "max": 2046.0}}}
PEERS = {
    "machine": {"commit": "abc1234", "cores": 2}, "settings": {"clients": 8}, "systems": {"ours": {"log": "sqlite"}, "redis": {"fsync": "always"}},
    "cells": [
        {"cell": "latency", "system": "ours", "values": {"p50, µs": 377.0}},
        {"cell": "latency", "system": "redis", "values": {"p50, µs": 860.0, "lost": True}}]}


def test_every_section_has_its_place():
    text = evidence.EVIDENCE.read_text()
    for section in evidence.SECTIONS:
        assert text.count(f"<!-- begin {section} -->") == text.count(f"<!-- end {section} -->") == 1
        changed = evidence.replaced(text, section, "measured\n")
        assert f"<!-- begin {section} -->\nmeasured\n<!-- end {section} -->" in changed
        assert evidence.replaced(changed, section, text.split(f"<!-- begin {section} -->\n")[1].split(f"<!-- end {section} -->")[0]) == text


def test_a_benchmark():
    text = evidence.bench(penstock("bench", "decide", "--n", "1000", "--grants", "100", "-o", "json").json)
    assert "Commit" in text and "two clock reads" in text and "threads 2" in text


def test_a_cell_without_a_maximum():
    cell = {
        "benchmark": "http", "settings": {"commit": "abc1234", "connections": "16"}, "n": 5, "p50_ns": 81000, "p99_ns": 12_000_000,
        "per_second": 9000.5, "floor": {"name": "GET /livez", "p50_ns": 60000}, "extra": {"of_livez": 0.71}}
    assert "| 81 µs | 12 ms |  |  | 9,000 | GET /livez, 60 µs |  | of_livez 0.71 |" in evidence.bench([cell])


def test_the_simulator():
    text = evidence.simulator(penstock("simulate", "--steps", "500", "--nodes", "3", "-o", "json").json)
    assert "| violations | 0 |" in text


def test_other_results():
    assert "0.98" not in evidence.chaos(CHAOS) and "3 of 1 kinds" in evidence.chaos(CHAOS) and "1.97 s of 2" in evidence.chaos(CHAOS)
    assert "98.30% decided" in evidence.attack(ATTACK) and "ledger 59 to 120" in evidence.attack(ATTACK)
    assert "| lost |  | yes |" in evidence.peers(PEERS)
    assert "- MISSED  2 lease" in evidence.mutants("built in 3 s\nMISSED  2 lease\n   nothing\n1 of 2 caught in 5 s; missed: [2]\n")


@pytest.mark.parametrize("given, section, status", [("{}", "chaos", 1), ("nothing", "decide", 1), ("[]", "spend", 1), ("{}", "weather", 64)])
def test_what_is_no_result_changes_nothing(given, section, status):
    before = evidence.EVIDENCE.read_text()
    done = subprocess.run([REPOSITORY / "cluster/evidence", section], input=given, capture_output=True, text=True)
    assert done.returncode == status and done.stderr and evidence.EVIDENCE.read_text() == before
