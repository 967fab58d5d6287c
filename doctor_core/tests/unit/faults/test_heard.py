import testtools

from doctor_core.faults.heard import server_heard
from doctor_core.model import Server

KNOWN = Server('s0', 'vm0', 'p1', 'h0')


def heard(event_type='compute.instance.update', known=KNOWN, **payload):
    return server_heard(event_type, payload, known, 's0')


class ServerHeardTest(testtools.TestCase):

    def test_null_and_empty_are_none_and_absent_is_as_before(self):
        """A shelved-offloaded server stayed on the host that it had left."""
        self.assertEqual('', heard(host=None).host)
        self.assertEqual('', heard(host='').host)
        self.assertEqual('h0', heard(state='stopped').host)
        self.assertEqual('h1', heard(host='h1').host)

    def test_soft_deleted_is_not_gone(self):
        """Its owner can restore it; it came back as active instead."""
        self.assertEqual('soft-delete', heard(
            'compute.instance.delete.end', state='soft-delete').state)
        self.assertIsNone(heard('compute.instance.delete.end',
                                state='deleted'))
        self.assertIsNone(heard('compute.instance.delete.end'))

    def test_what_nova_does_with_it(self):
        self.assertEqual('deleting',
                         heard(new_task_state='deleting').task_state)
        self.assertEqual('', heard(known=Server(
            's0', '', 'p', 'h', task_state='x'),
            new_task_state=None).task_state)

    def test_one_of_whom_too_little_is_known(self):
        self.assertIsNone(heard(known=None, host='h0', state='active'))

    def test_nothing_new(self):
        self.assertIs(KNOWN, heard(state='active', host='h0'))
