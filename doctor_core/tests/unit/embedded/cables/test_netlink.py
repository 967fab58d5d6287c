import errno
import socket
import struct

import testtools

from doctor_core.embedded.cables.netlink import Netlink, attribute

_HEADER = struct.Struct('=IHHII')
_REFUSED = struct.Struct('=IHHIIi')


class AttributeTest(testtools.TestCase):

    def test_the_length_leaves_out_what_fills_it_up(self):
        self.assertEqual(struct.pack('=HH', 7, 3) + b'lo\0' + b'\0',
                         attribute(3, b'lo\0'))
        self.assertEqual(struct.pack('=HH', 8, 10) + b'1234',
                         attribute(10, b'1234'))


class NetlinkTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        ours, self.kernel = socket.socketpair(
            socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.addCleanup(self.kernel.close)
        self.netlink = Netlink(ours)
        self.addCleanup(self.netlink.close)

    def answer(self, number, kind=2):
        self.kernel.send(_REFUSED.pack(_REFUSED.size, kind, 0, 0, 0, number))

    def sent(self):
        message = self.kernel.recv(4096)
        length, kind, flags, _sequence, _port = _HEADER.unpack_from(message)
        self.assertEqual(len(message), length)
        return kind, flags, message[_HEADER.size:]

    def test_only_the_flag_up_is_touched(self):
        for up in (False, True):
            self.answer(0)
            self.netlink.set_up(7, up=up)
            self.assertEqual((16, 0x5, struct.pack(
                '=BxHiII', 0, 0, 7, int(up), 1)), self.sent())

    def test_an_address_of_an_interface(self):
        self.answer(0)
        self.netlink.add_address(7, '10.77.0.3', 24)
        address = attribute(2, bytes([10, 77, 0, 3]))
        self.assertEqual((20, 0x605, struct.pack(
            '=BBBBI', socket.AF_INET, 24, 0, 0, 7) + address
            + address.replace(b'\x02', b'\x01')), self.sent())

    def test_a_cable_names_both_ends(self):
        self.answer(0)
        self.netlink.add_cable('host1', 4, 'eth0', 9)
        _kind, _flags, body = self.sent()
        for part in (attribute(3, b'host1\0'), attribute(3, b'eth0\0'),
                     attribute(10, struct.pack('=I', 4)),
                     attribute(28, struct.pack('=I', 9)),
                     attribute(1, b'veth')):
            self.assertIn(part, body)

    def test_a_refusal_is_an_error(self):
        self.answer(-errno.EPERM)
        self.assertRaises(PermissionError, self.netlink.add_bridge, 'switch')

    def test_an_answer_that_is_none_is_an_error(self):
        self.answer(0, kind=16)
        self.assertRaises(OSError, self.netlink.add_bridge, 'switch')
