"""Answers pings late and out of order, where the kernel has no netem.

``python -m bench.responder JITTER_MS`` in a namespace whose kernel does not
answer by itself; ends when its input does.
"""

import heapq
import itertools
import random
import select
import socket
import struct
import sys
import time

_ECHO, _REPLY = 8, 0


def reply(packet: bytes) -> bytes | None:
    """The answer to an ICMP echo request.

    :param packet: with its IPv4 header, without options or with them.
    :returns: without IP header; None for what asks for no answer.
    """
    message = packet[(packet[0] & 15) * 4:]
    if len(message) < 8 or message[0] != _ECHO:
        return None
    body = struct.pack('!BBH', _REPLY, 0, 0) + message[4:]
    return struct.pack('!BBH', _REPLY, 0, _checksum(body)) + body[4:]


def _checksum(data: bytes) -> int:
    """Of RFC 1071."""
    words = struct.unpack(f'!{(len(data) + 1) // 2}H',
                          data + b'\0' * (len(data) % 2))
    total = sum(words)
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def main() -> None:
    """Answer until the input ends."""
    jitter_s = float(sys.argv[1]) / 1000
    icmp = socket.socket(socket.AF_INET, socket.SOCK_RAW,
                         socket.IPPROTO_ICMP)
    icmp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
    icmp.setblocking(False)
    senders: dict[str, socket.socket] = {}
    due: list[tuple[float, int, str, str, bytes]] = []
    dice, count = random.Random(0), itertools.count()
    sys.stdout.write('ready\n')
    sys.stdout.flush()
    while True:
        wait_s = max(0.0, due[0][0] - time.monotonic()) if due else 1.0
        ready, _, _ = select.select([icmp, sys.stdin], [], [], wait_s)
        if sys.stdin in ready:
            return
        if icmp in ready:
            packet, (asker, _port) = icmp.recvfrom(2048)
            answer = reply(packet)
            if answer is not None:
                heapq.heappush(due, (
                    time.monotonic() + dice.uniform(0, jitter_s),
                    next(count), socket.inet_ntoa(packet[16:20]), asker,
                    answer))
        while due and due[0][0] <= time.monotonic():
            _at, _nth, asked, asker, answer = heapq.heappop(due)
            if asked not in senders:
                senders[asked] = socket.socket(
                    socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
                senders[asked].bind((asked, 0))
            senders[asked].sendto(answer, (asker, 0))


if __name__ == '__main__':
    main()
