"""What one odd value in a body costs: itself."""

import math

import testtools

from doctor_core.wire import parse_faults
from doctor_core.wire.decoding import decoded

EVENT = '{"type": "compute.host.down", "hostname": "a", "time": %s}'


class DecodedTest(testtools.TestCase):
    def test_number_of_more_digits_than_python_reads(self):
        """The whole body was no JSON, and all other events were lost."""
        value = decoded('[{0}, -{0}, 7]'.format('9' * 5000))
        self.assertEqual([math.inf, -math.inf, 7], value)

    def test_such_a_number_as_a_time_costs_the_time_only(self):
        body = f"[{EVENT % ('9' * 5000)}, {EVENT % '1500000000'}]"
        parsed = parse_faults(decoded(body, as_sent=True), 1600000000.0)
        self.assertEqual([1600000000.0, 1500000000.0],
                         [fault.detected_at for fault in parsed.faults])
        self.assertEqual([], parsed.refused)

    def test_too_deep_is_said(self):
        for text in ('[' * 3000, '{"a":' * 3000, '[' * 200_000,
                     '[' * 3000 + ']' * 3000):
            error = self.assertRaises(ValueError, decoded, text)
            if ']' in text:
                self.assertIn('too deep', str(error))

    def test_half_a_character_is_an_escape(self):
        text = '{"a\\ud800": ["\\udfff", "\\ud83d\\ude00"], "b": 1}'
        self.assertEqual({'a\\ud800': ['\\udfff', '\U0001f600'], 'b': 1},
                         decoded(text))
        self.assertEqual('\ud800', decoded('"\\ud800"', as_sent=True))
