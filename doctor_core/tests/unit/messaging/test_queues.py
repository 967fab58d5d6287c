import contextlib
from types import SimpleNamespace

import testtools

from doctor_core.messaging import queues


class ForgetTest(testtools.TestCase):

    def forget(self, **members):
        connection = SimpleNamespace(**members)
        queues.forget(SimpleNamespace(_driver=SimpleNamespace(
            _get_connection=lambda retry: contextlib.nullcontext(
                connection))), 0)
        return connection

    def test_all_are_declared_anew(self):
        self.assertEqual(set(), self.forget(
            _declared_queues={'q'})._declared_queues)

    def test_a_library_that_keeps_none_is_no_reason_to_publish_nothing(self):
        self.assertEqual(SimpleNamespace(), self.forget())
