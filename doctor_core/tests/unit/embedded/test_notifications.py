import fixtures
import testtools

from doctor_core.embedded.notifications import Notifications


class NotificationsTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.notifications = Notifications()

    def test_each_listener_hears_each(self):
        heard = []
        self.notifications.listen(lambda each: heard.append(each.payload))
        self.notifications.listen(lambda each: heard.append(each.topic))
        self.notifications.send('nova', 'x.end', {'a': 1}, 'topic')
        self.assertEqual([{'a': 1}, 'topic'], heard)

    def test_a_listener_that_fails_harms_no_other(self):
        log = self.useFixture(fixtures.FakeLogger())
        heard = []
        self.notifications.listen(lambda each: 1 / 0)
        self.notifications.listen(heard.append)
        self.notifications.send('nova', 'x.end', {})
        self.assertEqual(['x.end'], [each.event_type for each in heard])
        self.assertIn('A listener failed on x.end', log.output)

    def test_the_log_tells_what_came_after(self):
        for number in range(3):
            self.notifications.send('nova', f'x{number}', {})
        log = self.notifications.since(0)
        self.assertEqual(['x0', 'x1', 'x2'],
                         [each.event_type for each in log])
        self.assertEqual([], self.notifications.since(log[-1].at))

    def test_the_log_is_bounded(self):
        for number in range(10001):
            self.notifications.send('nova', f'x{number}', {})
        log = self.notifications.since(0)
        self.assertEqual((10000, 'x1'), (len(log), log[0].event_type))
