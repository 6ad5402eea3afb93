"""What a stolen key of an enforcer knows: it may follow the log, and so learns every incarnation, grant and slice."""

import os
import time

from peer import FETCH, SUBMIT, Peer, field, parsed, repeated, request, signed, signing_key

NAME = "evil-enforcer"
# Kinds of events, by their field in EventBody.
SLICE_RESERVED, SPEND_REPORTED, SLICE_CLOSED, DECISION_BATCH, DEBT_RECORDED = 27, 28, 29, 30, 34
GRANT_ISSUED, RESTRICTED = 22, 24


class Followed:
    """The log as far as it was fetched."""

    def __init__(self):
        self.next = 1
        self.incarnations, self.slices, self.events = {}, {}, []

    def fetch(self, peer):
        # A page is enough for a step.
        reply = peer.ask(request(1, FETCH, field(1, self.next)), timeout=3)
        if not reply or 20 not in reply:
            return
        for event in repeated(reply[20], 2):
            position, self.next = self.next, self.next + 1
            body = parsed(parsed(event)[1])
            if SLICE_RESERVED in body:
                slice = parsed(body[SLICE_RESERVED])
                node = slice[4].decode()
                self.incarnations[node] = slice[5]
                self.slices.setdefault(node, []).append((position, slice[5], slice[1].decode(), slice[2].decode(), slice[3]))
            if RESTRICTED in body or GRANT_ISSUED in body or DECISION_BATCH in body:
                self.events = [*self.events[-200:], event]

    def of_others(self):
        return {node: incarnation for node, incarnation in self.incarnations.items() if node != NAME}


class Key:
    """One connection of the hostile enforcer, with the log that it follows and an incarnation of its own."""

    def __init__(self, target, random):
        self.peer, self.random = Peer(target, NAME), random
        self.key = signing_key(target, NAME)
        self.incarnation, self.log = os.urandom(16), Followed()
        self.number = 0
        self.fetched = 0.0

    def follow(self):
        if time.monotonic() - self.fetched > 1:
            self.fetched = time.monotonic()
            self.log.fetch(self.peer)

    def victim(self):
        """The name and incarnation of an honest enforcer, or None."""
        self.follow()
        others = self.log.of_others()
        return self.random.choice(sorted(others.items())) if others else None

    def request(self, kind, body):
        self.number += 1
        return request(self.number, kind, body)

    def submit(self, kind, content, origin=NAME):
        return self.request(SUBMIT, field(1, signed(origin, self.key, kind, content)))

    def close(self):
        self.peer.socket.close()


def amount(unit, value):
    return field(1, unit) + field(2, value)


def use(slice, used, returned=0, held=0):
    return field(1, slice) + field(2, used) + field(3, returned) + field(4, held)


def position_of(reply):
    """Where an event was taken up, or 0."""
    return parsed(reply[17]).get(1, 0) if reply and 17 in reply else 0


def refusal_of(reply):
    return parsed(reply[16])[1].decode() if reply and 16 in reply else "" if reply else "silence"

