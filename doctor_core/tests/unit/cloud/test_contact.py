"""Which services answer, as far as was seen."""

import testtools

from doctor_core.cloud.contact import Contact, Contacts
from doctor_core.fixtures import FakeClock


class ContactsTest(testtools.TestCase):
    """Nothing said that the cloud was away."""

    def setUp(self):
        super().setUp()
        self.clock = FakeClock()
        self.contacts = Contacts(self.clock.monotonic)

    def test_one_that_was_never_asked_is_not_named(self):
        self.assertEqual({}, self.contacts.seen())

    def test_the_silence_lasts_since_the_last_answer(self):
        self.contacts.note('compute', 200)
        self.clock.advance(7.0)
        self.contacts.note('compute')
        self.clock.advance(5.0)
        self.contacts.note('network', 404)
        self.assertEqual({'compute': Contact(False, 12.0),
                          'network': Contact(True, 0.0)},
                         self.contacts.seen())
        self.contacts.note('compute', 200)
        self.assertEqual(Contact(True, 0.0), self.contacts.seen()['compute'])

    def test_one_that_never_answered(self):
        self.contacts.note('compute')
        self.assertEqual({'compute': Contact(False, None)},
                         self.contacts.seen())

    def test_an_answer_that_it_cannot_work_is_none(self):
        for status in (500, 502, 503, 504):
            self.contacts.note('compute', status)
            self.assertFalse(self.contacts.seen()['compute'].answers)

    def test_a_service_by_another_name(self):
        self.contacts.note('alarming', 200)
        self.assertEqual(['alarm'], list(self.contacts.seen()))
