"""What cluster/attack is called with. Run by itself, it only says whether that can be understood."""

import argparse
import os
import sys

import bounds


class Parser(argparse.ArgumentParser):
    def error(self, message):
        print(f"{self.prog}: {message}; see {self.prog} --help", file=sys.stderr)
        sys.exit(64)


def arguments():
    parser = Parser(prog=os.environ.get("PENSTOCK_PROGRAM", "cluster/attack"), add_help=False, allow_abbrev=False)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--enforcers", type=int, default=3)
    parser.add_argument("--lease", default="2s")
    parser.add_argument("--attacks", default="")
    parser.add_argument("--rate", type=float, default=bounds.HONEST_RATE)
    parser.add_argument("--json")
    parser.add_argument("--keep")
    chosen = parser.parse_args()
    if chosen.minutes <= 0 or chosen.rate <= 0 or not 1 <= chosen.enforcers <= 20:
        parser.error("--minutes and --rate are positive, --enforcers is 1 to 20")
    return chosen


if __name__ == "__main__":
    arguments()
