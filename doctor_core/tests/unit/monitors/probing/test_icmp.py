import struct

import hypothesis
import testtools
from hypothesis import strategies as st

from doctor_core.monitors.probing import icmp


class TestChecksum(testtools.TestCase):

    def test_of_a_known_packet(self):
        """An echo request of id and sequence 0 has f7ff."""
        self.assertEqual(0xf7ff, icmp.checksum(b'\x08' + b'\0' * 7))

    @hypothesis.given(st.binary(max_size=64))
    def test_packet_with_its_checksum_sums_up_to_nothing(self, data):
        data += b'\0' * (len(data) % 2)
        whole = data + struct.pack('!H', icmp.checksum(data))
        self.assertEqual(0, icmp.checksum(whole))
