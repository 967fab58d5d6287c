import testtools

from doctor_core.exceptions import ConfigError
from doctor_core.mailbox import Mailbox
from doctor_core.model import Notice


class TestMailbox(testtools.TestCase):

    def _box(self, name='box'):
        box = Mailbox(name)
        self.addCleanup(box.close)
        return box

    def test_what_is_put_in_by_name_is_read(self):
        box = self._box()
        for number in range(3):
            self.assertTrue(Mailbox.find('box').put(
                Notice({'number': number})))
        self.assertEqual([0, 1, 2], [notice.body['number']
                                     for notice in box.notices()])

    def test_boxes_are_apart(self):
        box, other = self._box(), self._box('other')
        box.put(Notice({}))
        self.assertEqual([], other.notices())

    def test_a_name_is_somebodys_until_it_is_closed(self):
        box = self._box()
        self.assertRaises(ConfigError, Mailbox, 'box')
        box.close()
        self._box()

    def test_a_closed_box_takes_nothing_and_can_be_read(self):
        box = self._box()
        box.put(Notice({'a': 1}))
        box.close()
        box.close()
        self.assertIsNone(Mailbox.find('box'))
        self.assertFalse(box.put(Notice({})))
        self.assertEqual([Notice({'a': 1})], box.notices())

    def test_closing_an_old_box_leaves_the_new_one_of_that_name(self):
        old = self._box()
        old.close()
        new = self._box()
        old.close()
        self.assertIs(new, Mailbox.find('box'))
        self.assertFalse(old.put(Notice({})))

    def test_a_full_box_says_so(self):
        box = Mailbox('small', limit=2)
        self.addCleanup(box.close)
        self.assertEqual([True, True, False],
                         [box.put(Notice({})) for _ in range(3)])
