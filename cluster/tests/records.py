"""The words in which a history is recorded."""

import collections
import dataclasses

UNITS = ("calls", "usd_micros")
NOTHING = (0, 0)

# What is charged lies between `least` and `most`, each in the order of UNITS.
Call = collections.namedtuple("Call", "asked heard node run outcome decision least most")


@dataclasses.dataclass
class Revoke:
    """One revoke that was answered. `durable` is no earlier than the moment it became so: `elapsed_ms` counts from there."""

    run: str
    asked: float
    printed: float
    answer: dict

    @property
    def durable(self):
        return self.printed - self.answer["elapsed_ms"] / 1000

    @property
    def is_closed(self):
        return self.answer["state"] == "CLOSED"

    @property
    def limit(self):
        """Nothing that is asked after this may be admitted."""
        late = self.durable + self.answer["bound_ms"] / 1000
        return min(late, self.printed) if self.is_closed else late


def is_balanced(row):
    parts = (row["settled"], row["out"], row["unallocated"])
    return sum(parts) == row["ceiling"] and min(parts) >= 0
