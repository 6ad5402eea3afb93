"""How long nodes take to be fresh again once faults have stopped."""

import http.client
import threading
import time

PATIENCE = 30.0


def watch(cluster, healed):
    """Waits until every node is fresh, and returns two times in seconds, each of the slowest node.

    The first is from `healed`, when the last fault was mended, until processes that had been killed were up and had
    fetched a view. The second is what was left from there until the node held a lease again; it counts for a node from
    the latest of: mended, its view loaded, the ledger serving. None: some node was not fresh in time."""
    found = {}
    threads = [threading.Thread(target=_watch, args=(node, healed, found)) for node in cluster.nodes.values()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if any(times is None for times in found.values()):
        return None, None
    serving = found["ledger"][0]
    nodes = [found[node.name] for node in cluster.enforcers]
    restarted = max(serving, *(loaded for loaded, _ in nodes)) - healed
    # A node may have kept its lease while the ledger was restarted.
    return restarted, max(0.0, *(ready - max(healed, serving, loaded) for loaded, ready in nodes))


def _watch(node, healed, found):
    loaded, deadline = None, healed + PATIENCE
    found[node.name] = None
    while time.monotonic() < deadline:
        if node.kind == "ledger":
            if node.is_serving():
                found[node.name] = (time.monotonic(),) * 2
                return
        else:
            try:
                status, text = node.get("/readyz?verbose")
                if "[+] view applied" in text:
                    loaded = loaded or time.monotonic()
                if status == 200:
                    found[node.name] = (loaded, time.monotonic())
                    return
            except (OSError, http.client.HTTPException):
                pass
        time.sleep(0.02)
