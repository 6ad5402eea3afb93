"""Every target and bound of a run, with its reason."""

# Of honest calls, those that a node decided: it allowed them, or denied them for what they are.
DECIDED = {"allow", "revoked", "budget_exhausted", "budget_held_elsewhere"}
DECIDED_SHARE = 0.99

# Calls a second that honest agents make at each node, over two connections; the rest of a node's time is the attackers'.
HONEST_RATE = 40
# Between two revokes, begin to begin. A run sees some hundreds, so its p99 is more than its slowest.
REVOKE_EVERY = 2.0
REVOKE_TIMEOUT = "10s"
# Newest victims that are asked for without end at every node; older ones take turns in one further place.
PROBED = 8
# Between two probes at one node.
PROBE_PAUSE = 0.02

# A share of one core for each group's process: all five together get one core and a quarter at most.
CPU_SHARE = 0.25
NICE = 19

# What an enforcer's journal may take, as it is told to, and what it keeps beside the journal.
JOURNAL_MB = 16
ENFORCER_DISK_MB = JOURNAL_MB + 16
# Honest calls leave some 400 bytes each in the ledger's decisions and log: 150 a second are 4 MB a minute, and SQLite's
# log of writes comes on top. A hostile member's events add up to its share of the log; past this they would fill a disk.
LEDGER_DISK_MB_PER_MINUTE = 60

# Above what a process starts with: full queues of every peer at their bounds, once. Past it memory is not bounded.
MEMORY_PEAK_MB = {"ledger": 600, "enforcer": 400}
# From a third of the run to its end, by when every queue and table has been full. A leak of 1 KB a request would show.
MEMORY_MB_PER_MINUTE = 12
# Of a run without attacks, from a third of it to its end: what lives there grows by the runs that are granted, some 30 a
# minute of 2 KB each at every process, and allocators keep some slack. A leak of 100 bytes a call would show in an hour.
SOAK_MEMORY_MB_PER_MINUTE = 0.3
SOAK_FILES = 8
# Descriptors: every door and port at its bound of connections, with some to spare.
FILES = 6_000
