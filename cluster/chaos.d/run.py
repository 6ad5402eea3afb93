"""cluster/chaos: load, faults and checks. See there."""

import json
import os
import pathlib
import random
import signal
import sys
import threading
import time

from arguments import arguments
from cluster import Cluster
import budget_checks
import checks
import schedule
from chaos import Chaos
from history import History
from namespaces import Unavailable
from report import Report

SLACK = 1.0  # seconds past the bound in which a barrier must be closed: the machine is shared by every node
ROUND = schedule.FAULTY + schedule.CALM + 1.5


def run(chosen, seed):
    began = time.monotonic()

    def say(text):
        print(f"{time.monotonic() - began:7.1f} s  {text}", flush=True)
    cluster = Cluster(os.environ["PENSTOCK_BIN"], chosen.enforcers, chosen.minutes)
    try:
        say(f"seed {seed}: a ledger and {chosen.enforcers} enforcers in namespaces, max_staleness 2 s")
        history = History(cluster, seed, teams={"team-small": 3000, "team-large": 10_000_000}, ttl="720h")
        chaos = Chaos(cluster, history, say)
        lasted = load(chosen, seed, cluster, history, chaos)
        say("load and faults have ended; checking")
        problems = violations(cluster, history, chaos)
        say("checked")
        if chosen.keep:
            keep(pathlib.Path(chosen.keep), cluster, history, chaos)
    except BaseException:
        cluster.close(failed=True)
        raise
    try:
        cluster.close()
    except AssertionError as error:
        problems["other"].append(str(error))
    return Report(chosen, seed, lasted, history, chaos, problems)


def load(chosen, seed, cluster, history, chaos):
    """Load on every node, operators, and one round of faults after the other. Returns how many seconds it took."""
    first = random.Random(seed)
    history.make_teams()
    for _ in range(12):
        history.grant(first)
    # Two connections to each node; a call takes about as long as nothing beside the pause.
    threads = [
        threading.Thread(target=history.load, args=(f"{node.name}-{number}", node, 2 / chosen.rate))
        for node in cluster.enforcers for number in range(2)]
    threads += [threading.Thread(target=history.operate, args=(number,)) for number in range(3)]
    began = time.monotonic()
    for thread in threads:
        thread.start()
    try:
        for planned in schedule.plan(seed, max(1, round(chosen.minutes * 60 / ROUND)), [node.name for node in cluster.enforcers]):
            chaos.round(planned)
    finally:
        history.stop.set()
        for thread in threads:
            thread.join(60)
    return time.monotonic() - began


def keep(folder, cluster, history, chaos):
    """All that the report is made of, for whoever wants to know how something came about."""
    folder.mkdir(parents=True, exist_ok=True)
    kinds = {"calls": [call._asdict() for call in history.calls], "revokes": history.revokes, "faults": chaos.happened}
    for name, rows in kinds.items():
        lines = [json.dumps(row if isinstance(row, dict) else vars(row)) for row in rows]
        (folder / f"{name}.jsonl").write_text("\n".join(lines) + "\n")
    (folder / "log.json").write_text(cluster.run("log show", timeout=120).out)
    for node in cluster.nodes.values():
        (folder / f"{node.name}.stderr").write_text(node.log())


def violations(cluster, history, chaos):
    """What contradicts each guarantee. The budgets come last: their check stops the nodes."""
    problems = {
        "G1": checks.check_revocation(history) + checks.check_fencing(history, chaos.cuts)
        + checks.check_timely(history, chaos.ledger_troubles, SLACK) + checks.check_standing(cluster, history),
        "G3": checks.check_log(cluster, history),
        "G7": chaos.liveness + checks.check_no_phantom_denials(cluster, history),
        "G4": checks.check_evidence(cluster, history),
    }
    problems["G2"] = budget_checks.check_budgets(cluster, history)
    problems["other"] = history.failures + checks.check_outcomes(history)
    return dict(sorted(problems.items()))


def interrupted(*_):
    # The first one ends the run, in order; more of them must not keep it from being cleaned up.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise KeyboardInterrupt


def main():
    chosen = arguments()
    signal.signal(signal.SIGINT, interrupted)
    signal.signal(signal.SIGTERM, interrupted)
    seed = int(time.time()) if chosen.seed is None else chosen.seed
    try:
        report = run(chosen, seed)
    except Unavailable as error:
        print(f"cluster/chaos: {error}", file=sys.stderr)
        return 77
    except KeyboardInterrupt:
        print("cluster/chaos: interrupted", file=sys.stderr)
        return 130
    print(report.text)
    if chosen.report:
        pathlib.Path(chosen.report).write_text(json.dumps(report.json, indent=1))
    return 0 if report.is_good else 1


if __name__ == "__main__":
    sys.exit(main())
