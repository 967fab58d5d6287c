"""The compute hosts, as far as probes see them: each address echoes UDP
datagrams until the host is failed.

    hosts.py FOLDER-OF-FAILED PORT NAME=ADDRESS ...
"""

import contextlib
import os
import selectors
import socket
import sys


def main(failed: str, port: str, *hosts: str) -> None:
    # Real hosts do not share the processor with the cloud's services.
    with contextlib.suppress(PermissionError):
        os.setpriority(os.PRIO_PROCESS, 0, -15)
    selector = selectors.DefaultSelector()
    for host in hosts:
        name, _, address = host.partition('=')
        bound = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        bound.bind((address, int(port)))
        bound.setblocking(False)
        selector.register(bound, selectors.EVENT_READ,
                          os.path.join(failed, name))
    while True:
        for key, _ in selector.select():
            try:
                datagram, sender = key.fileobj.recvfrom(2048)
                if not os.path.exists(key.data):
                    key.fileobj.sendto(datagram, sender)
            except OSError:
                # Who asked is gone already.
                continue


if __name__ == '__main__':
    main(*sys.argv[1:])
