"""How large each load is: bounded, and small with --quick."""

from typing import NamedTuple


class Sizes(NamedTuple):
    pairs: int  # of each client, for latency
    ceiling: int  # calls that a budget under burst has
    patience: float  # seconds for which a client asks again while the answer is not final
    in_flight: int  # calls that a killed client had under way
    ttl: int  # seconds, of the reservations of killed clients
    retried: int  # calls that are sent more than once
    shift: float  # seconds of demand at one node, then at another
    slow_start: float  # seconds in which slices grow with demand
    steady: float  # seconds of steady demand
    faults: float  # seconds that a burst under faults takes at least
    recover: float  # seconds that a node may take to close what its predecessor held


QUICK = Sizes(pairs=100, ceiling=60, patience=1.0, in_flight=4, ttl=1, retried=24, shift=0.7, slow_start=0.5, steady=0.7, faults=4, recover=6)
FULL = Sizes(pairs=2000, ceiling=2000, patience=5.0, in_flight=8, ttl=2, retried=400, shift=4.0, slow_start=15.0, steady=15.0, faults=20, recover=20)
