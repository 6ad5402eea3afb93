"""cluster/attack: attackers beside honest load, and what it came to. See there."""

import json
import os
import pathlib
import signal
import sys
import time

from arguments import arguments
import bounds
import crowd
import verdict
from honest import Honest
from report import Report
from samples import Sampler
from stage import Stage

SAY_EVERY = 5


def run(chosen, seed, attacks):
    began = time.monotonic()

    def say(text):
        print(f"{time.monotonic() - began:7.1f} s  {text}", flush=True)
    stage = Stage(os.environ["PENSTOCK_BIN"], chosen.enforcers, chosen.lease)
    try:
        say(f"seed {seed}: a ledger and {chosen.enforcers} enforcers on the loopback, max_staleness {chosen.lease}")
        honest = Honest(stage, seed, chosen.rate)
        honest.prepare()
        sampler, attackers = Sampler(stage), None
        started = time.monotonic()
        honest.start()
        sampler.start()
        try:
            # The first second is without attackers: what a process starts with.
            time.sleep(1.5)
            attackers = crowd.Crowd(stage, seed, attacks)
            watch(started + 60 * chosen.minutes, honest, sampler, say)
        finally:
            if attackers:
                attackers.end()
            lasted = time.monotonic() - started
            honest.end()
            sampler.end()
        say("ended; checking")
        problems = verdict.violations(stage, honest, attackers)
        if chosen.keep:
            keep(pathlib.Path(chosen.keep), stage, sampler, honest)
    except BaseException:
        stage.close(failed=True)
        raise
    try:
        stage.close()
    except AssertionError as error:
        problems["other"].append(str(error)[-2000:])
    return Report(seed, lasted, stage, honest, sampler, attackers, problems)


def watch(until, honest, sampler, say):
    """A line now and then, of what has come since the last."""
    calls, revokes = 0, 0
    while (now := time.monotonic()) < until:
        time.sleep(min(SAY_EVERY, until - now))
        rows, closed = list(honest.calls)[calls:], honest.revokes[revokes:]
        calls, revokes = calls + len(rows), revokes + len(closed)
        allowed = sum(call.outcome == "allow" for call in rows)
        stale = {call.outcome for call in rows} - bounds.DECIDED
        say(f"honest {len(rows)} calls, {allowed} allowed{f', some {sorted(stale)}' if stale else ''}; "
            f"revokes closed in {[round(1000 * (revoke.printed - revoke.asked)) for revoke in closed]} ms, {len(honest.not_closed)} not; "
            + "; ".join(f"{name} {sampler.now(name)[1]:.0f} MB {sampler.now(name)[2]} files {sampler.now(name)[3]:.0f} MB disk" for name in sampler.samples)
            + (f"; {len(sampler.deaths)} deaths" if sampler.deaths else ""))


def keep(folder, stage, sampler, honest):
    folder.mkdir(parents=True, exist_ok=True)
    for node in stage.nodes.values():
        (folder / f"{node.name}.stderr").write_text(node.log())
    for path in stage.dir.glob("*.attacker"):
        (folder / path.name).write_text(path.read_text())
    (folder / "samples.json").write_text(json.dumps(sampler.samples))
    (folder / "calls.jsonl").write_text("".join(json.dumps(call._asdict()) + "\n" for call in honest.calls))


def interrupted(*_):
    # The first one ends the run, in order; more of them must not keep it from being cleaned up.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise KeyboardInterrupt


def main():
    chosen = arguments()
    if chosen.attacks == "list":
        for name, meaning in crowd.known().items():
            print(f"{name:32}{meaning.splitlines()[0]}")
        return 0
    attacks = crowd.choose(chosen.attacks)
    if attacks is None:
        print(f"cluster/attack: there is no such attack in '{chosen.attacks}'; --attacks list names them", file=sys.stderr)
        return 64
    signal.signal(signal.SIGINT, interrupted)
    signal.signal(signal.SIGTERM, interrupted)
    seed = int(time.time()) if chosen.seed is None else chosen.seed
    try:
        report = run(chosen, seed, attacks)
    except KeyboardInterrupt:
        print("cluster/attack: interrupted", file=sys.stderr)
        return 130
    print(report.text)
    if chosen.json:
        pathlib.Path(chosen.json).write_text(json.dumps(report.json, indent=1))
    return 0 if report.is_good else 1


if __name__ == "__main__":
    sys.exit(main())
