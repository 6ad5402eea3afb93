"""The attackers' processes, and what they say that they have pushed."""

import collections
import json
import pathlib
import subprocess
import sys
import threading

from attacker import GROUPS, attacks_of


def known():
    return {f"{group}.{attack.name()}": attack.__doc__ for group in GROUPS for attack in attacks_of(group)}


def choose(text):
    """Attacks by group; None where a name is unknown."""
    if text == "none":
        return {}
    chosen = {}
    for name in text.split(",") if text else GROUPS:
        group, _, attack = name.partition(".")
        if name not in GROUPS and name not in known():
            return None
        chosen.setdefault(group, []).extend([attack] if attack else [kind.name() for kind in attacks_of(group)])
    return chosen


class Crowd:
    def __init__(self, stage, seed, chosen):
        self.latest, self.processes, self.ended = {}, {}, []
        for group, attacks in chosen.items():
            process = subprocess.Popen(
                [sys.executable, pathlib.Path(__file__).with_name("attacker.py"), group], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                stderr=open(stage.dir / f"{group}.attacker", "ab"), text=True, env=stage.env)
            process.stdin.write(json.dumps(stage.target(seed, attacks)) + "\n")
            process.stdin.flush()
            self.processes[group] = process
            threading.Thread(target=self._listen, args=(group, process), daemon=True).start()

    def _listen(self, group, process):
        for line in process.stdout:
            self.latest[group] = json.loads(line)

    def end(self):
        for group, process in self.processes.items():
            if process.poll() is not None:
                self.ended.append(f"the attackers of group {group} ended by themselves with {process.returncode}")
            try:
                process.stdin.close()
            except OSError:
                pass
        for process in self.processes.values():
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    @property
    def violations(self):
        """(guarantee, text) of each kind once, with how often it was seen."""
        seen = collections.Counter(tuple(row) for found in self.latest.values() for attack in found["attacks"].values() for row in attack["violations"])
        return [(guarantee, f"{text} ({count} times)") for (guarantee, text), count in seen.items()]

    def facts(self, name):
        """Of all attacks together."""
        return {key: value for found in self.latest.values() for attack in found["attacks"].values() for key, value in attack["facts"].get(name, {}).items()}
