"""What cluster/compare-quota may be called with."""

import argparse
import sys

CELLS = ["latency", "overspend", "kill", "retries", "denials", "shift", "messages", "forgotten", "faults"]
SYSTEMS = ["ours", "redis-always", "redis-everysec", "pg-update", "pg-serializable", "agentbudget"]


class Parser(argparse.ArgumentParser):
    def error(self, message):
        print(f"cluster/compare-quota: {message}", file=sys.stderr)
        sys.exit(64)


def nodes(text):
    number = int(text)
    if not 3 <= number <= 16:
        raise argparse.ArgumentTypeError("3 to 16")
    return number


def arguments(given=None):
    parser = Parser(prog="cluster/compare-quota", add_help=False, allow_abbrev=False)
    parser.add_argument("--only", action="append", choices=CELLS, metavar="CELL")
    parser.add_argument("--system", action="append", choices=SYSTEMS, metavar="NAME")
    parser.add_argument("--nodes", type=nodes)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("-o", dest="output", choices=["table", "json"], default="table")
    chosen = parser.parse_args(given)
    chosen.nodes = chosen.nodes or (3 if chosen.quick else 8)
    chosen.only = [cell for cell in CELLS if not chosen.only or cell in chosen.only]
    chosen.system = [name for name in SYSTEMS if not chosen.system or name in chosen.system]
    return chosen


if __name__ == "__main__":
    arguments()
