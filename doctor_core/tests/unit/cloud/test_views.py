"""Answers of Nova that are odd in parts."""

import testtools

from doctor_core.cloud.views import Views
from doctor_core.exceptions import CloudError

SERVICE = {'id': 'u1', 'host': 'h1', 'state': 'up', 'status': 'enabled'}


class Nova(Views):
    """Nova with one answer, to whatever it is asked."""

    def __init__(self, answer):
        self.answer = answer

    def get(self, service_type, path, **_):
        return self.answer


class ComputeServicesTest(testtools.TestCase):

    def services(self, *records):
        return Nova({'services': [*records]}).compute_services()

    def test_one_without_a_host_is_left_out(self):
        self.assertEqual(['h1'], [one.host for one in self.services(
            {**SERVICE, 'host': None}, SERVICE, {**SERVICE, 'host': ''})])

    def test_what_is_no_text_is_no_answer(self):
        """It was taken, and whoever looked was thrown off by it."""
        for name in ('id', 'host', 'state', 'status', 'updated_at',
                     'disabled_reason'):
            for value in (['x'], {}):
                error = self.assertRaises(CloudError, self.services, {
                    **SERVICE, name: value})
                self.assertIn('GET compute /os-services: not an answer of '
                              'this API', str(error))


class AggregatesTest(testtools.TestCase):

    def test_what_is_none_is_no_answer(self):
        for changes in ({'hosts': 'h1'}, {'hosts': [['h1']]},
                        {'metadata': ['x']}, {'name': {}},
                        {'metadata': {'doctor:rack': []}}):
            nova = Nova({'aggregates': [{'id': 1, 'name': 'a', **changes}]})
            self.assertRaises(CloudError, nova.aggregates)


class HypervisorsTest(testtools.TestCase):

    def test_what_is_no_text_is_no_answer(self):
        for changes in ({'id': {}}, {'service': {'host': ['h']}},
                        {'hypervisor_hostname': ['h']}, {'host_ip': ['a']},
                        {'hypervisor_type': ['QEMU']}):
            nova = Nova({'hypervisors': [{'id': 'y1', **changes}]})
            self.assertRaises(CloudError, nova.hypervisors)
