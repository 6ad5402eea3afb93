"""The relay that holds packets: what is routed into its TUN device comes out again later.

    delay.py DEVICE

prints `ready` once the device is there. A line `ADDRESS LOW HIGH` on standard input sets for how many milliseconds packets
to and from an address are held; it answers with how many it has held for that address before.
"""

import collections
import fcntl
import heapq
import os
import random
import select
import socket
import struct
import sys
import time

TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 0x1, 0x1000
QUEUED = 20_000  # packets; past it they are lost, as in any router


def main(device):
    try:
        tun = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
        fcntl.ioctl(tun, TUNSETIFF, struct.pack("16sH22x", device.encode(), IFF_TUN | IFF_NO_PI))
    except OSError as error:
        print(error, flush=True)
        return
    print("ready", flush=True)
    delays, held, queue, number = {}, collections.Counter(), [], 0
    commands = b""
    while True:
        wait = max(0.0, queue[0][0] - time.monotonic()) if queue else None
        ready = select.select([tun, sys.stdin], [], [], wait)[0]
        if sys.stdin in ready:
            data = os.read(0, 4096)
            if not data:
                return
            *lines, commands = (commands + data).split(b"\n")
            for line in lines:
                address, low, high = line.decode().split()
                print(held.pop(socket.inet_aton(address), 0), flush=True)
                delays[socket.inet_aton(address)] = (float(low) / 1000, float(high) / 1000)
        if tun in ready:
            packet = os.read(tun, 65536)
            if packet[0] >> 4 == 4 and len(queue) < QUEUED:
                ends = packet[12:16], packet[16:20]
                address = next((end for end in ends if delays.get(end, (0, 0))[1] > 0), ends[0])
                held[address] += 1
                number += 1
                heapq.heappush(queue, (time.monotonic() + random.uniform(*delays.get(address, (0, 0))), number, packet))
        now = time.monotonic()
        while queue and queue[0][0] <= now:
            try:
                os.write(tun, heapq.heappop(queue)[2])
            except BlockingIOError:
                pass


if __name__ == "__main__":
    main(sys.argv[1])
