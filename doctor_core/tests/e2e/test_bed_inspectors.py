"""A genuine Vitrage and a genuine Congress correct Nova for Doctor."""

import testtools

from doctor_core.tests.e2e.handed_over import ByCongress, ByVitrage


class BedVitrageTest(ByVitrage, testtools.TestCase):

    def test_owner_is_told_at_once(self):
        self.check_run('local', 'shortcut', 1)

    def test_owner_is_told_when_nova_knows(self):
        self.check_run('aodh', 'conservative', 1)


class BedCongressTest(ByCongress, testtools.TestCase):

    def test_owner_is_told_at_once(self):
        self.check_run('local', 'shortcut', 1)

    def test_owner_is_told_when_nova_knows(self):
        self.check_run('aodh', 'conservative', 1)
