"""A network of namespaces: every node has one with its own address, and a router of their own lies between them.

    operator ─┐
    ledger ───┤ hub ├─── enforcer-1, enforcer-2, …        10.77.N.1 at the hub, 10.77.N.2 at the node

All that breaks the network is done at the hub, between the nodes, as a bad network would do it: partitions and loss by
iptables, slow links by tbf, delay by a relay (`delay.py`) that chosen packets are routed through. Nothing outside these
namespaces is touched: deleting them takes every link, rule and queue along.
"""

import os
import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).parent
FOLDER = pathlib.Path("/run/netns")
RELAYED = "100"  # the routing table that leads into the relay


class Unavailable(Exception):
    """Namespaces cannot be made here."""


def sh(*command, check=True):
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if check and done.returncode:
        raise RuntimeError(f"{' '.join(map(str, command))}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout


class Network:
    """Links by node name. Each name's namespace is `pst<pid>-<name>`, so that leftovers of a killed run can be told."""

    def __init__(self, names):
        self.prefix = f"pst{os.getpid()}-"
        self.numbers = {name: number for number, name in enumerate(names, start=1)}
        self.relay = None
        self._remove_leftovers()
        try:
            sh("ip", "netns", "add", self.space("hub"))
        except (OSError, RuntimeError) as error:
            raise Unavailable(f"cannot make a network namespace (root is needed): {error}") from None
        try:
            self._build()
        except BaseException:
            self.close()
            raise

    def _build(self):
        hub = self.space("hub")
        sh("ip", "-n", hub, "link", "set", "lo", "up")
        # A relayed packet comes in where the way back does not lead out: no filter by reverse path.
        for setting in ("ip_forward=1", "conf.all.rp_filter=0", "conf.default.rp_filter=0"):
            sh(*self.inside("hub"), "sysctl", "-qw", f"net.ipv4.{setting}")
        for name, number in self.numbers.items():
            space, link = self.space(name), self.link(name)
            sh("ip", "netns", "add", space)
            sh("ip", "link", "add", link, "netns", hub, "type", "veth", "peer", "name", "eth0", "netns", space)
            for where, device, last in ((hub, link, 1), (space, "eth0", 2)):
                sh("ip", "-n", where, "addr", "add", f"10.77.{number}.{last}/30", "dev", device)
                sh("ip", "-n", where, "link", "set", device, "up")
            sh("ip", "-n", space, "link", "set", "lo", "up")
            sh("ip", "-n", space, "route", "add", "default", "via", f"10.77.{number}.1")
        self.relay = subprocess.Popen(
            [*self.inside("hub"), sys.executable, HERE / "delay.py", "relay0"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            start_new_session=True)
        if self.relay.stdout.readline() != "ready\n":
            raise Unavailable("the relay cannot open /dev/net/tun")
        sh("ip", "-n", hub, "link", "set", "relay0", "up")
        sh("ip", "-n", hub, "route", "add", "default", "dev", "relay0", "table", RELAYED)
        # What comes out of the relay goes on as usual, before any rule that leads into it.
        sh("ip", "-n", hub, "rule", "add", "iif", "relay0", "lookup", "main", "priority", "10")

    def space(self, name):
        return self.prefix + name

    def link(self, name):
        return f"to{self.numbers[name]}"

    def address(self, name):
        return f"10.77.{self.numbers[name]}.2"

    def inside(self, name):
        """The command that runs another in this namespace, under the same process id."""
        return ["nsenter", f"--net={FOLDER / self.space(name)}", "--"]

    # Faults. Each returns how many packets it has met.

    def drop(self, name, toward_node, probability=None):
        """Loses what goes to the node, or what comes from it; all of it, or some."""
        rule = ["FORWARD", "-o" if toward_node else "-i", self.link(name)]
        if probability:
            rule += ["-m", "statistic", "--mode", "random", "--probability", f"{probability:.3f}"]
        rule += ["-j", "DROP"]
        sh(*self.inside("hub"), "iptables", "-w", "-A", *rule)

        def heal():
            met = sum(
                int(line.split("-c ")[1].split()[0])
                for line in sh(*self.inside("hub"), "iptables", "-w", "-v", "-S", "FORWARD").splitlines()
                if f"{rule[1]} {rule[2]} " in line and "DROP" in line)
            sh(*self.inside("hub"), "iptables", "-w", "-D", *rule)
            return met
        return heal

    def slow(self, name, rate):
        """Both directions of the link pass `rate`, with a queue of 400 ms; what does not fit is lost."""
        ends = [([*self.inside("hub")], self.link(name)), ([*self.inside(name)], "eth0")]
        for inside, device in ends:
            sh(*inside, "tc", "qdisc", "replace", "dev", device, "root", "tbf", "rate", rate, "burst", "4kb", "latency", "400ms")

        def heal():
            met = 0
            for inside, device in ends:
                met += int(re.search(r"overlimits (\d+)", sh(*inside, "tc", "-s", "qdisc", "show", "dev", device))[1])
                sh(*inside, "tc", "qdisc", "del", "dev", device, "root")
            return met
        return heal

    def delay(self, name, low, high):
        """Every packet to and from the node is held for between `low` and `high` milliseconds, so that some overtake others."""
        self._tell(f"{self.address(name)} {low} {high}")
        rules = (["iif", self.link(name)], ["to", self.address(name)])
        for rule in rules:
            sh("ip", "-n", self.space("hub"), "rule", "add", *rule, "lookup", RELAYED, "priority", "20")

        def heal():
            for rule in rules:
                sh("ip", "-n", self.space("hub"), "rule", "del", *rule, "lookup", RELAYED, "priority", "20")
            return int(self._tell(f"{self.address(name)} 0 0"))
        return heal

    def _tell(self, line):
        self.relay.stdin.write(line + "\n")
        self.relay.stdin.flush()
        return self.relay.stdout.readline()

    def close(self):
        if self.relay:
            self.relay.kill()
            self.relay.wait()
            self.relay.stdin.close()
            self.relay.stdout.close()
            self.relay = None
        for name in ["hub", *self.numbers]:
            sh("ip", "netns", "del", self.space(name), check=False)

    @staticmethod
    def _remove_leftovers():
        for path in FOLDER.glob("pst*-*"):
            owner = re.fullmatch(r"pst(\d+)-.*", path.name)
            if owner and not pathlib.Path(f"/proc/{owner[1]}").exists():
                sh("ip", "netns", "del", path.name, check=False)
