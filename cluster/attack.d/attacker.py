"""One group of attackers in a process of its own.

    attacker.py GROUP

reads what to attack as one line of JSON, pushes until standard input ends, and prints each second what it has pushed so far.
"""

import importlib
import json
import os
import pathlib
import resource
import sys
import threading
import time
import types

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "tests"))
import bounds
from attack import Pacer, Runner

GROUPS = ("strangers", "auditor", "enforcer", "caller", "agent")


def attacks_of(group):
    return importlib.import_module(group).ATTACKS


def main(group):
    os.nice(bounds.NICE)
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    target = types.SimpleNamespace(**json.loads(sys.stdin.readline()))
    target.dir = pathlib.Path(target.dir)
    stopping = threading.Event()
    pacer = Pacer(bounds.CPU_SHARE, stopping)
    attacks = [kind(target) for kind in attacks_of(group) if not target.chosen or kind.name() in target.chosen]
    runners = [Runner(attack, pacer, stopping) for attack in attacks]
    for runner in runners:
        runner.start()
    threading.Thread(target=wait_for_the_end, args=(stopping,), daemon=True).start()
    while not stopping.wait(1):
        say(attacks, pacer)
    for runner in runners:
        runner.join(5)
    say(attacks, pacer)
    # Contexts with messages still queued would keep the interpreter from ending.
    sys.stdout.flush()
    os._exit(0)


def wait_for_the_end(stopping):
    sys.stdin.read()
    stopping.set()


def say(attacks, pacer):
    found = {"cpu_s": round(pacer.used, 2), "at": time.monotonic(), "attacks": {attack.name(): attack.report() for attack in attacks}}
    print(json.dumps(found), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
