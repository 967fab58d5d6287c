"""Addresses that a server may be bound to."""

import re


def is_loopback(host: str) -> bool:
    """Whether an address to bind is reached from this machine only."""
    return host == 'localhost' or host == '::1' \
        or re.fullmatch(r'127(\.\d{1,3}){3}', host) is not None
