"""8. SIGKILL of what keeps the money, under load: spend that was acknowledged and is forgotten after a restart."""

import time

from spending import HELD, hold
from workers import FORK, Worker

CLIENTS = 4


def spender(pipe, system, budget, number, acknowledged):
    client = system.client(budget, number)
    pipe.send("ready")
    pipe.recv()
    for index in range(1_000_000):
        try:
            answer, _, _ = hold(client, f"{number}-{index}", 5)
            if answer.outcome != HELD:
                return None
            client.settle(answer.ref)
        except Exception:
            # The other side has gone.
            return None
        acknowledged[number] += 1


def run(system, provider, sizes, nodes):
    budget = system.budget(1 << 22)
    acknowledged = FORK.Array("q", CLIENTS, lock=False)
    clients = [Worker(spender, system, budget, number, acknowledged) for number in range(CLIENTS)]
    for client in clients:
        client.hear(30)
    for client in clients:
        client.tell("go")
    time.sleep(sizes.steady)
    if not system.is_shared:
        for client in clients:
            client.kill()
        return row(list(acknowledged), 0.0)
    system.crash()
    for client in clients:
        client.kill()
    system.restart()
    if system.is_mesh:
        system.wait_closed(budget, sizes.recover)
    return row(list(acknowledged), system.charged(budget))


def row(acknowledged, kept):
    total = sum(acknowledged)
    forgotten = max(0, round(total - kept))
    return {
        "acknowledged pairs that are forgotten": forgotten,
        "forgotten, %": round(100 * forgotten / total, 2),
        "pairs acknowledged before SIGKILL": total,
        "charged after the restart": round(kept),
    }
