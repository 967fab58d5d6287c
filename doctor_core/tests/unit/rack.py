"""Management controllers in memory."""

import threading

from doctor_core.bmc import Bmc
from doctor_core.exceptions import ConfigError, NoAnswer

SILENT = NoAnswer('it does not answer within 5 s')


class Rack:
    """The controllers of some machines, by their address.

    :ivar power: True, False, what is raised, or what is called for one of
        these; by address. Who is not in it is silent.
    :ivar places: what addresses lead to, or what is called for that; by
        address.
    :ivar made: the words with which each way was made.
    :ivar asked: the addresses that were asked for power, in order.
    :ivar closed: those that were logged out of, in order.
    """

    def __init__(self, **power):
        self.power = power
        self.places = {}
        self.made = []
        self.asked = []
        self.closed = []
        self._lock = threading.Lock()

    def way(self, kind, address, user, password, **more):
        """What stands for :func:`doctor_core.bmc.connect`."""
        if '!' in address:
            raise ConfigError(f'{address} is none.')
        self.made.append((kind, address, user, password, more))
        return _Bmc(self, address)

    def note(self, what, address):
        with self._lock:
            what.append(address)


class _Bmc(Bmc):

    def __init__(self, rack, address):
        self._rack = rack
        self._address = address

    def is_on(self, timeout_s):
        self._rack.note(self._rack.asked, self._address)
        power = self._rack.power.get(self._address, SILENT)
        if callable(power):
            power = power()
        if isinstance(power, Exception):
            raise power
        return power

    def places(self):
        found = self._rack.places.get(self._address, ())
        return found() if callable(found) else found

    def switch(self, on, timeout_s):
        raise AssertionError('nobody is to switch anything')

    def close(self):
        self._rack.note(self._rack.closed, self._address)
