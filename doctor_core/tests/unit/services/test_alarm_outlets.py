import dataclasses

import testtools

from doctor_core.alarms.base import Outlets
from doctor_core.services.alarm_outlets import AlarmOutlets


class AlarmOutletsTest(testtools.TestCase):

    def test_has_all_that_an_alarm_manager_may_use(self):
        self.assertEqual(
            {name for name in vars(Outlets) if not name.startswith('_')},
            {field.name for field in dataclasses.fields(AlarmOutlets)})
