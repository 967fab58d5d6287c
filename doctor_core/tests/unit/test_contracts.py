"""Every plugin that is installed holds what its kind promises.

A plugin is found by its entry point, so that a new one is tested before its
author has written a test.
"""

from typing import ClassVar

import testtools
from oslo_config import cfg

from doctor_core import fixtures, plugins
from doctor_core.fixtures import (
    AlarmContract,
    CorroboratorContract,
    InspectorContract,
    InspectorLifeContract,
    MonitorContract,
    NotifierContract,
)
from doctor_core.tests.unit.alarms.aodh.test_manager import FakeAodh

_URLS = {'http': ('http://host:80/a?b=c',), 'https': ('https://host/',),
         'log': ('log://',), 'memory': ('memory://box',)}


def contract_of(kind, name, contract):
    """A test case for one plugin."""
    def set_up(self):
        super(case, self).setUp()
        self.plugin = plugins.load(kind, name)
    case = type(f'{name.title()}Test', (contract, testtools.TestCase),
                {'setUp': set_up, '__module__': __name__})
    return case


for _name in plugins.names('monitors'):
    _case = contract_of('monitors', _name, MonitorContract)
    globals()[f'{_name.title()}MonitorTest'] = _case
for _name in plugins.names('corroborators'):
    _case = contract_of('corroborators', _name, CorroboratorContract)
    globals()[f'{_name.title()}CorroboratorTest'] = _case
del _case

for _name in plugins.names('notifiers'):
    globals()[f'{_name.title()}NotifierTest'] = type(
        f'{_name.title()}NotifierTest', (NotifierContract, testtools.TestCase),
        {'__module__': __name__, 'scheme': _name,
         'plugin': plugins.load('notifiers', _name),
         'urls': _URLS.get(_name, ()), 'has_ports': _name != 'memory'})


#: Those that correct by a service of their own, which is not here.
_HAND_OVER = {'congress', 'vitrage'}
#: Those that only say what they would correct.
_FOR_TRIALS = {'fake'}

for _name in plugins.names('inspectors'):
    globals()[f'{_name.title()}InspectorTest'] = type(
        f'{_name.title()}InspectorTest',
        (InspectorLifeContract if _name in _HAND_OVER else InspectorContract,
         testtools.TestCase),
        {'__module__': __name__, 'asks_cloud': _name not in _FOR_TRIALS,
         'plugin': plugins.load('inspectors', _name)})


class _InAodh:
    """An alarm manager that talks to Aodh finds one."""

    def manager(self):
        made = super().manager()
        made.cloud = FakeAodh()
        return made


for _name in plugins.names('alarms'):
    globals()[f'{_name.title()}AlarmTest'] = type(
        f'{_name.title()}AlarmTest',
        (*([_InAodh] if _name == 'aodh' else []), AlarmContract,
         testtools.TestCase),
        {'__module__': __name__,
         'plugin': plugins.load('alarms', _name)})


class InstalledTest(testtools.TestCase):

    def test_there_are_plugins(self):
        self.assertTrue({'sample', 'fake', 'collectd'}
                        <= set(plugins.names('monitors')))
        self.assertTrue({'kdump', 'nova'}
                        <= set(plugins.names('corroborators')))

    def test_a_plugin_and_its_options_are_named_in_one_way(self):
        """Each kind had a name of its own, and two had no options."""
        self.assertEqual({}, {
            name: missing for name in fixtures._CONTRACTS
            if (missing := {'plugin', 'values'} - _named(
                getattr(fixtures, name)))})

    def test_options_of_each_kind_can_be_set(self):
        class Mail(plugins.load('notifiers', 'log')):
            @classmethod
            def get_opts(cls):
                return [cfg.StrOpt('sender')]

        class Case(NotifierContract, testtools.TestCase):
            plugin = Mail
            scheme = 'mail'
            values: ClassVar = {'sender': 'doctor'}

        self.assertEqual('doctor', Case(
            'test_it_closes_unused').notifier().options.sender)


def _named(contract):
    """What a test case has to say, or may."""
    return {name for one in contract.__mro__
            for name in getattr(one, '__annotations__', ())}
