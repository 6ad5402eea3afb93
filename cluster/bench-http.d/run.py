"""Runs a mesh with one enforcer on TCP, and wrk against it."""

import argparse
import json
import os
import pathlib
import re
import statistics
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
UNITS = {"us": 1e3, "ms": 1e6, "s": 1e9}


def arguments():
    parser = argparse.ArgumentParser(prog="cluster/bench-http")
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("-o", dest="output", choices=("table", "json"), default="table")
    parser.add_argument("--check", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


def wrk(url, connections, seconds, question=None):
    """How many requests were answered, how many a second, and the latencies of wrk in nanoseconds."""
    script = ["-s", str(HERE / "evaluation.lua")] if question else []
    done = subprocess.run(
        ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", *script, url], capture_output=True, text=True,
        check=True, env={**os.environ, "PENSTOCK_QUESTION": question or ""})
    assert "Non-2xx" not in done.stdout and "Socket errors" not in done.stdout, done.stdout
    latencies = {
        int(part): float(number) * UNITS[unit]
        for part, number, unit in re.findall(r"^ +(50|99)% +([\d.]+)(us|ms|s)$", done.stdout, re.M)}
    requests = int(re.search(r"(\d+) requests in", done.stdout)[1])
    return requests, float(re.search(r"Requests/sec: +([\d.]+)", done.stdout)[1]), latencies[50], latencies[99]


def measure(options):
    sys.path.insert(0, str(HERE.parent / "tests"))
    import harness
    from harness import Mesh, free_ports, penstock, question

    harness.BINARY = os.environ["PENSTOCK_BIN"]
    port = free_ports(1)
    cells = []
    with Mesh(max_staleness="2s", settings=f"port: {port}\n") as mesh:
        grant = mesh.grant("--ttl", "1h")
        mesh.wait_applied()
        ask = json.dumps(question(grant["credential"], amounts={"calls": 1}))
        settings = penstock("bench", "spend", "--n", 1000, "--grants", 50, "-o", "json").json[0]["settings"]
        settings = {name: settings[name] for name in ("cpu", "cores", "kernel", "build", "commit")}
        for connections in (1, 16):
            rounds = {"livez": [], "evaluation": []}
            before = mesh[1].metrics()
            for _ in range(options.rounds):
                rounds["livez"].append(wrk(f"http://127.0.0.1:{port}/livez", connections, options.seconds))
                rounds["evaluation"].append(
                    wrk(f"http://127.0.0.1:{port}/access/v1/evaluation", connections, options.seconds, ask))
            after = mesh[1].metrics()
            grown = {name: after[name] - before.get(name, 0) for name in after if name.startswith("penstock_decisions_total")}
            allowed = grown.pop('penstock_decisions_total{decision="allow",reason="none"}')
            asked = sum(requests for requests, *_ in rounds["evaluation"])
            # Those that wrk did not wait for at the end are counted here alone.
            assert asked <= allowed <= asked + connections * options.rounds and not any(grown.values()), (asked, allowed, grown)
            livez, evaluation = ([statistics.median(column) for column in zip(*rounds[name])][1:] for name in rounds)
            cells.append({
                "benchmark": "http", "settings": {**settings, "connections": str(connections)}, "n": options.rounds,
                "p50_ns": int(evaluation[1]), "p99_ns": int(evaluation[2]), "per_second": evaluation[0],
                "floor": {"name": "GET /livez", "p50_ns": int(livez[1])},
                "extra": {"livez_per_second": livez[0], "of_livez": round(evaluation[0] / livez[0], 3)}})
    return cells


def main():
    options = arguments()
    if options.check:
        return
    cells = measure(options)
    if options.output == "json":
        print(json.dumps(cells, indent=2))
        return
    print(f"{'CONNECTIONS':<12} {'EVALUATIONS/S':>14} {'P50':>10} {'P99':>10} {'LIVEZ/S':>10} {'PART':>6}")
    for cell in cells:
        print(f"{cell['settings']['connections']:<12} {cell['per_second']:>14.0f} {cell['p50_ns'] / 1e3:>7.0f} µs "
              f"{cell['p99_ns'] / 1e3:>7.0f} µs {cell['extra']['livez_per_second']:>10.0f} {cell['extra']['of_livez']:>6.0%}")


main()
