import socket
import struct
import sys

import fixtures
import testtools

from doctor_core.monitors.probing import routes


class TestRoutes(testtools.TestCase):

    def answer(self, kind, route_type):
        """What the kernel says of any address."""
        test = self

        class Kernel:
            def __init__(self, *_what):
                pass

            def __enter__(self):
                return self

            def __exit__(self, *_what):
                pass

            def settimeout(self, seconds):
                pass

            def send(self, data):
                test.asked = data

            def recv(self, size):
                return struct.pack('=IHHII8BI', 28, kind, 0, 1, 0, 2, 32, 0,
                                   0, 0, 0, 0, route_type, 0)
        self.useFixture(fixtures.MonkeyPatch('socket.socket', Kernel))

    def test_route_that_ends_here(self):
        self.answer(24, 2)
        self.assertTrue(routes.is_own(b'\xc0\x00\x02\x01'))
        self.assertTrue(self.asked.endswith(
            struct.pack('=HH', 8, 1) + b'\xc0\x00\x02\x01'))
        self.assertEqual(len(self.asked), int.from_bytes(
            self.asked[:4], sys.byteorder))

    def test_route_to_another_machine(self):
        self.answer(24, 1)
        self.assertFalse(routes.is_own(bytes(16)))

    def test_no_route(self):
        self.answer(2, 2)
        self.assertFalse(routes.is_own(bytes(4)))

    def test_kernel_that_cannot_be_asked(self):
        def refuse(*_what):
            raise OSError('no netlink')
        self.useFixture(fixtures.MonkeyPatch('socket.socket', refuse))
        self.assertFalse(routes.is_own(socket.inet_aton('127.0.0.1')))
